import { Database } from "../database/database.js";
import type { Executor } from "../database/executor.js";
import { defaultSchema } from "../database/identifier.js";
import type { BulkOptions, BulkProgress } from "../jobs/bulk-options.js";
import type { ItemSource } from "../jobs/item-reader.js";
import type { AddArguments, Added, AddedJob, InputOf } from "../tasks/added.js";
import type { JobItem } from "../tasks/enqueue.js";
import type { TaskRegistry } from "../tasks/handlers.js";
import type { AnyTask, BatchOptions } from "../tasks/task.js";
import { Calls, countCalls } from "./calls.js";
import { Coalescing } from "./coalescing.js";
import { Enqueuer } from "./enqueuer.js";
import { findTask } from "./find-task.js";
import { bindManagement, type ManagementMethods } from "./management.js";
import { resolveClientOptions, type ClientOptions, type ResolvedClientOptions } from "./options.js";

/** The tasks of a registry whose jobs hold one payload each. */
type SingleTask<Registry> = {
  [Id in keyof Registry]: Registry[Id] extends { readonly batch: BatchOptions } ? never : Id;
}[keyof Registry];

/** Adds jobs of the tasks of a registry. `await using` ends it. */
export interface BaseClient<Registry> extends AsyncDisposable {
  /**
   * Adds a job, or the items of a batch task. Undefined stands for a job that a plugin left out.
   * @throws TaskwrightError `TASK_UNKNOWN`, `PAYLOAD_INVALID`, `SPEC_INVALID`, `SCHEMA_MISSING`,
   * `PLUGIN_INVALID`, and what a plugin throws.
   */
  readonly add: <Id extends keyof Registry>(
    task: Id,
    ...args: AddArguments<Registry[Id]>
  ) => Promise<Added<Registry[Id]>>;
  /** Adds jobs of one task in one round trip: all of them or none. Throws as `add`. */
  readonly addMany: <Id extends SingleTask<Registry>>(
    task: Id,
    items: readonly JobItem<InputOf<Registry[Id]>>[],
  ) => Promise<AddedJob<Registry[Id]>[]>;
  /**
   * Adds any number of jobs of one task from an array, a generator or a stream, in chunks, as
   * `enqueueBulk` does.
   * @throws BulkError `BULK_FAILED`; TaskwrightError `TASK_UNKNOWN`, `OPTION_UNKNOWN`, `OPTION_INVALID`
   */
  readonly addBulk: <Id extends SingleTask<Registry>>(
    task: Id,
    items: ItemSource<JobItem<InputOf<Registry[Id]>>>,
    options?: BulkOptions,
  ) => Promise<BulkProgress>;
  /**
   * Ends the client: waits for the calls that are under way, also those of `within`, and closes the
   * client's own connections, if it has any; a given pool is left to its owner. Later calls are refused
   * with `CLIENT_ENDED`. A second call resolves with the first.
   */
  readonly end: () => Promise<void>;
}

/** Which task each of a client's own methods adds to: `{ addSendEmail: "send_email" }`. */
export type MethodNames<Registry> = Readonly<Record<string, keyof Registry & string>>;

/** `client.addSendEmail(payload, spec?)`, and `client.addSendEmailJobs(items)`. */
export type ClientMethods<Registry, Names extends MethodNames<Registry>> = {
  readonly [Name in keyof Names]: (
    ...args: AddArguments<Registry[Names[Name]]>
  ) => Promise<Added<Registry[Names[Name]]>>;
} & {
  readonly [
    Name in keyof Names & string as Names[Name] extends SingleTask<Registry> ? `${Name}Jobs` : never
  ]: (
    items: readonly JobItem<InputOf<Registry[Names[Name]]>>[],
  ) => Promise<AddedJob<Registry[Names[Name]]>[]>;
};

/** A client with a method for each task, as the generated `createClient` gives it. */
export type Client<Registry, Names extends MethodNames<Registry>> = BaseClient<Registry> &
  ManagementMethods<Registry> &
  ClientMethods<Registry, Names> & {
    /** The same client on another executor, such as a transaction; its owner ends that. */
    within(db: Executor): Client<Registry, Names>;
  };

/**
 * Makes a client for a registry's tasks. Called by the generated `createClient`.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function bindClient<
  const Registry extends TaskRegistry,
  const Names extends MethodNames<Registry>,
>(registry: Registry, names: Names, given: ClientOptions): Client<Registry, Names> {
  const options = resolveClientOptions(given);
  const { db, end: close } = openExecutor(options);
  const coalescing = options.coalesce ? new Coalescing(db) : undefined;
  const enqueuer = new Enqueuer({ ...options, schema: options.schema, coalescing });
  const calls = new Calls();
  let ended: Promise<void> | undefined;
  const end = () => (ended ??= calls.end().then(close));
  // The tasks of a registry were generated together, for one schema.
  const schema = options.schema ?? Object.values(registry)[0]?.schema ?? defaultSchema;
  return makeClient({ registry, names, enqueuer, schema, calls }, db, end) as Client<
    Registry,
    Names
  >;
}

function openExecutor(options: ResolvedClientOptions): {
  readonly db: Executor;
  readonly end: () => Promise<void>;
} {
  const { db, connectionString, pool, maxPoolSize, preparedStatements } = options;
  if (db !== undefined) return { db, end: async () => {} };
  const database = new Database({
    maxPoolSize,
    preparedStatements,
    ...(connectionString === undefined ? {} : { connectionString }),
    ...(pool === undefined ? {} : { pool }),
  });
  return { db: database, end: () => database.end() };
}

interface ClientTasks {
  readonly registry: TaskRegistry;
  readonly names: Readonly<Record<string, string>>;
  readonly enqueuer: Enqueuer;
  readonly schema: string;
  readonly calls: Calls;
}

function makeClient(tasks: ClientTasks, db: Executor, end: () => Promise<void>): object {
  const { registry, names, enqueuer, schema, calls } = tasks;
  const methods: Record<string, unknown> = {};
  for (const [name, identifier] of Object.entries(names)) {
    const task = findTask(registry, identifier);
    methods[name] = (...args: AddArguments<AnyTask>) => enqueuer.add(db, task, ...args);
    if (task.batch !== undefined) continue;
    methods[`${name}Jobs`] = (items: readonly JobItem<unknown>[]) =>
      enqueuer.addMany(db, task, items);
  }
  const counted = countCalls(calls, {
    ...methods,
    ...bindManagement(db, schema, registry),
    add: async (identifier: string, ...args: AddArguments<AnyTask>) =>
      enqueuer.add(db, findTask(registry, identifier), ...args),
    addMany: async (identifier: string, items: readonly JobItem<unknown>[]) =>
      enqueuer.addMany(db, findTask(registry, identifier), items),
    addBulk: async (
      identifier: string,
      items: ItemSource<JobItem<unknown>>,
      options: BulkOptions = {},
    ) => enqueuer.addBulk(db, findTask(registry, identifier), items, options),
  });
  return Object.freeze({
    ...counted,
    within: (other: Executor) => makeClient(tasks, other, async () => {}),
    end,
    [Symbol.asyncDispose]: end,
  });
}
