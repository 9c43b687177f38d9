import { TaskwrightError } from "../../errors.js";
import { pack } from "../../isolation/copy.js";
import type { JobRequest } from "../../isolation/messages.js";
import { checkBatchResult } from "../../tasks/batch.js";
import type { BoundTask, HandlerSet } from "../../tasks/handlers.js";
import { Context, type SharedContext } from "../context.js";
import { Link } from "./link.js";
import type { ThreadResources } from "./resources.js";

/** Runs the handler of a job in this thread, and sends the result to the worker. */
export async function runJob(request: JobRequest, resources: ThreadResources): Promise<void> {
  const link = new Link(request.port);
  let isLoaded = false;
  try {
    const { handlers, share } = await resources.acquire();
    isLoaded = true;
    const bound = findTask(handlers, request.job.task);
    await call(bound, request, link, share(link.logger));
    link.end({ kind: "done" });
  } catch (thrown) {
    const error = isReason(thrown, link) ? undefined : pack(thrown);
    link.end({ kind: "failed", error, isUsable: isLoaded });
  }
  resources.release();
}

async function call(
  { task, handler }: BoundTask<unknown>,
  { job, payload, cron, trace }: JobRequest,
  link: Link,
  shared: SharedContext<unknown>,
): Promise<void> {
  // A copy between threads is not frozen any more.
  const claimed = { id: job.id, task: job.task, job: Object.freeze(job) };
  const context = new Context(shared, claimed, link, { cron, trace });
  link.signal.throwIfAborted();
  // Counted before the handler may change its array.
  const count = task.batch === undefined ? undefined : (payload as unknown[]).length;
  link.tell({ kind: "started" });
  const result: unknown = await handler(payload, context);
  if (count !== undefined) await checkBatchResult(task.identifier, count, result);
}

function findTask(handlers: HandlerSet<unknown>, task: string): BoundTask<unknown> {
  const bound = handlers.tasks.get(task);
  if (bound !== undefined) return bound;
  throw new TaskwrightError(
    "TASK_UNKNOWN",
    `The handlers that the module of the option isolation.module exports have none for task ${task}.`,
    { task, known: [...handlers.tasks.keys()] },
  );
}

/** The worker knows its own reason, and finds it again by identity. */
function isReason(thrown: unknown, { signal }: Link): boolean {
  return signal.aborted && thrown === signal.reason;
}
