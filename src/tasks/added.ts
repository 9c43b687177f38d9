import type { Job } from "../jobs/job.js";
import type { PayloadOf } from "./handlers.js";
import type { TaskSpec } from "./spec.js";
import type { AnyTask, BatchOptions, TaskDefinition } from "./task.js";

/** What the producer of a task gives. */
export type InputOf<Task> =
  Task extends TaskDefinition<infer Input, infer _Payload> ? Input : never;

/** The job that was added; undefined when a plugin left it out. */
export type AddedJob<Task> = Job<PayloadOf<Task>> | undefined;

/** What adding to a task gives: several jobs for a batch task, whose items may not fit into one. */
export type Added<Task> = Task extends { readonly batch: BatchOptions }
  ? AddedJob<Task>[]
  : AddedJob<Task>;

/** What may be given where nothing is required: also of a task that has no properties at all. */
export type NoProperties = Readonly<Record<string, never>>;

/** The arguments that add to a task; the payload may be left out where nothing in it is required. */
export type AddArguments<Task> =
  NoProperties extends InputOf<Task>
    ? [payload?: InputOf<Task>, spec?: TaskSpec]
    : [payload: InputOf<Task>, spec?: TaskSpec];

/** Adds a job of a task, or the items of a batch task. */
export type AddJob = <Task extends AnyTask>(
  task: Task,
  ...args: AddArguments<Task>
) => Promise<Added<Task>>;
