import { TaskwrightError } from "../errors.js";
import type { HandlerSet } from "../tasks/handlers.js";
import { threadConnection, type ConnectionSource } from "./thread-connection.js";

interface Isolating extends ConnectionSource {
  readonly isolation: ConnectionSource["isolation"] & { readonly module: string | undefined };
}

/**
 * Checks what isolated tasks need, where there are any.
 * @param owner The function whose options they are, for messages.
 * @throws TaskwrightError `OPTION_INVALID`
 */
export function checkIsolation<App>(
  owner: string,
  handlers: HandlerSet<App>,
  options: Isolating,
): void {
  const isolated = [...handlers.tasks.values()].find((bound) => bound?.task?.isolate);
  if (isolated === undefined) return;
  threadConnection(options);
  if (options.isolation.module !== undefined) return;
  const { identifier } = isolated.task;
  throw new TaskwrightError(
    "OPTION_INVALID",
    `Task ${identifier} is isolated (x-task.isolate): its handler runs in a thread, which has to import it. Give ${owner} the module that exports the handlers, and that starts no worker itself: isolation: { module: new URL("./handlers.js", import.meta.url) }.`,
    { owner, option: "isolation.module", task: identifier },
  );
}
