import { TaskwrightError } from "../errors.js";
import { record } from "../option-rules.js";
import { checkOption, suggestion } from "../options.js";
import type { BatchHandler } from "./batch.js";
import type { JobContext } from "./context.js";
import type { BatchOptions, TaskDefinition } from "./task.js";

/** Runs one job. Its rejection fails the attempt; what it resolves to is ignored. */
export type Handler<Payload, App = undefined> = (
  payload: Payload,
  ctx: JobContext<App, Payload>,
) => unknown;

/** The tasks of a project by identifier, as codegen gathers them. */
export type TaskRegistry = Readonly<Record<string, TaskDefinition<unknown, unknown>>>;

/** The payload that a task's handler gets. */
export type PayloadOf<Task> =
  Task extends TaskDefinition<infer _Input, infer Payload> ? Payload : never;

/** The handler of a task: of all its items, for a batch task. */
export type HandlerOf<Task, App = undefined> = Task extends { readonly batch: BatchOptions }
  ? BatchHandler<PayloadOf<Task>, App>
  : Handler<PayloadOf<Task>, App>;

/** One handler for each task of a registry. */
export type Handlers<Registry, App = undefined> = {
  readonly [Identifier in keyof Registry]: HandlerOf<Registry[Identifier], App>;
};

/** A task with the handler that runs it. */
export interface BoundTask<App> {
  readonly task: TaskDefinition<unknown, unknown>;
  readonly handler: Handler<unknown, App>;
}

/** What a worker runs: made by the generated `defineHandlers`. */
export interface HandlerSet<App> {
  readonly tasks: ReadonlyMap<string, BoundTask<App>>;
}

const handlersRule = record("an object with a handler for each task");

/**
 * Joins handlers with their tasks. Called by the generated `defineHandlers`, whose types rule out
 * what is refused here.
 * @throws TaskwrightError `TASK_UNKNOWN` for a handler without a task, `OPTION_INVALID` for a
 * handler that isn't a function.
 */
export function bindHandlers<Registry extends TaskRegistry, App>(
  registry: Registry,
  handlers: Partial<Handlers<Registry, App>>,
): HandlerSet<App> {
  checkOption("defineHandlers", "handlers", handlers, handlersRule);
  const identifiers = Object.keys(registry);
  const bound = Object.entries(handlers).map(([identifier, handler]): [string, BoundTask<App>] => {
    const task = Object.hasOwn(registry, identifier) ? registry[identifier] : undefined;
    if (task === undefined) {
      throw new TaskwrightError(
        "TASK_UNKNOWN",
        `There is no task "${identifier}".${suggestion(identifier, identifiers)}`,
        { task: identifier, known: identifiers },
      );
    }
    if (typeof handler !== "function") {
      throw new TaskwrightError(
        "OPTION_INVALID",
        `The handler of task ${identifier} must be a function.`,
        {
          task: identifier,
        },
      );
    }
    return [task.identifier, { task, handler }];
  });
  return Object.freeze({ tasks: new Map(bound) });
}
