import type { Executor } from "../database/executor.js";
import { bindQueries, type Queries } from "../database/queries.js";
import { addInBulk } from "../jobs/bulk.js";
import { resolveBulkOptions, type BulkOptions, type BulkProgress } from "../jobs/bulk-options.js";
import { insertJobs, type JobInsert } from "../jobs/insert.js";
import type { ItemSource } from "../jobs/item-reader.js";
import type { Job } from "../jobs/job.js";
import { composeEnqueue, type EnqueueChain, type EnqueueRequest } from "../plugins/enqueue.js";
import type { Plugin } from "../plugins/plugin.js";
import type { AddArguments, Added, AddedJob, InputOf } from "../tasks/added.js";
import {
  atIndex,
  checkItem,
  checkItems,
  splitBatch,
  toInsert,
  type JobItem,
} from "../tasks/enqueue.js";
import type { TaskSpec } from "../tasks/spec.js";
import type { AnyTask, TaskDefinition } from "../tasks/task.js";
import type { Coalescing } from "./coalescing.js";
import { Gathering } from "./gathering.js";

export interface EnqueuerOptions {
  /** Unquoted name of the schema. Undefined: each task's own. */
  readonly schema: string | undefined;
  readonly preparedStatements: boolean;
  readonly plugins: readonly Plugin[];
  /** Adds the single jobs of its executor, together with those of others. Default: each by itself. */
  readonly coalescing?: Coalescing | undefined;
}

/** Adds jobs through the enqueue interceptors of plugins. */
export class Enqueuer {
  readonly #schema: string | undefined;
  readonly #preparedStatements: boolean;
  readonly #chain: EnqueueChain | undefined;
  readonly #coalescing: Coalescing | undefined;

  constructor({ schema, preparedStatements, plugins, coalescing }: EnqueuerOptions) {
    this.#schema = schema;
    this.#preparedStatements = preparedStatements;
    this.#chain = composeEnqueue(plugins);
    this.#coalescing = coalescing;
  }

  /**
   * Adds a job, or the items of a batch task.
   * @throws TaskwrightError as the plain helpers, `PLUGIN_INVALID`, and what a plugin throws.
   */
  async add<Task extends AnyTask>(
    db: Executor,
    task: Task,
    ...[given, spec]: AddArguments<Task>
  ): Promise<Added<Task>> {
    const payload = given === undefined ? {} : given;
    if (task.batch === undefined) {
      const [job] = await this.#addAll(db, task, [toRequest(task, payload, spec)]);
      return job as Added<Task>;
    }
    const batch = task as TaskDefinition<readonly unknown[], unknown>;
    const payloads = splitBatch(batch, payload as readonly unknown[], spec);
    const requests = payloads.map((part) => toRequest(task, part, spec));
    return (await this.#addAll(db, task, requests)) as Added<Task>;
  }

  /** Adds jobs of one task in one round trip: all of them or none. The result is in their order. */
  async addMany<Task extends AnyTask>(
    db: Executor,
    task: Task,
    items: readonly JobItem<InputOf<Task>>[],
  ): Promise<AddedJob<Task>[]> {
    const requests = checkItems(task, items).map(({ payload, spec }) =>
      toRequest(task, payload, spec),
    );
    return (await this.#addAll(db, task, requests)) as AddedJob<Task>[];
  }

  /**
   * Adds any number of jobs of one task, in chunks. Each chunk goes through the interceptors together.
   * @throws BulkError `BULK_FAILED`; TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
   */
  async addBulk<Task extends AnyTask>(
    db: Executor,
    task: Task,
    items: ItemSource<JobItem<InputOf<Task>>>,
    options: BulkOptions,
  ): Promise<BulkProgress> {
    const owner = "addBulk";
    const bulk = {
      owner,
      task: task.identifier,
      items,
      options: resolveBulkOptions(owner, options),
    };
    if (this.#chain === undefined) {
      const queries = this.#bindQueries(task);
      return addInBulk(db, {
        ...bulk,
        prepare: (item) => prepareJob(readItem(task, item)),
        lengthOf: ({ payload }) => payload.length,
        insert: async (tx, chunk) => chunk.length - (await insertJobs(queries, tx, chunk)).length,
      });
    }
    return addInBulk(db, {
      ...bulk,
      prepare: (item) => readItem(task, item),
      // What interceptors make of it isn't known yet.
      lengthOf: () => 0,
      insert: async (tx, chunk) => {
        const jobs = await this.#addAll(tx, task, chunk);
        return jobs.filter((job) => job === undefined).length;
      },
    });
  }

  async #addAll(
    db: Executor,
    task: AnyTask,
    requests: readonly EnqueueRequest[],
  ): Promise<(Job | undefined)[]> {
    if (requests.length === 0) return [];
    const queries = this.#bindQueries(task);
    const insert = (inserts: readonly JobInsert[]) => this.#insert(queries, db, inserts);
    const prepare = (request: EnqueueRequest, index: number) =>
      requests.length === 1 ? prepareJob(request) : atIndex(index, () => prepareJob(request));
    return this.#chain === undefined
      ? insert(requests.map(prepare))
      : addThrough(this.#chain, requests, prepare, insert);
  }

  #insert(queries: Queries, db: Executor, inserts: readonly JobInsert[]): Promise<Job[]> {
    const coalescing = this.#coalescing;
    const [single, ...others] = inserts;
    if (coalescing === undefined || coalescing.db !== db) return insertJobs(queries, db, inserts);
    if (single === undefined || others.length > 0) return insertJobs(queries, db, inserts);
    return coalescing.add(queries, single).then((job) => [job]);
  }

  #bindQueries(task: AnyTask): Queries {
    const schema = this.#schema ?? task.schema;
    return bindQueries({ schema, preparedStatements: this.#preparedStatements });
  }
}

function toRequest(task: AnyTask, payload: unknown, spec: TaskSpec | undefined): EnqueueRequest {
  return { task, payload, spec: spec === undefined ? {} : spec };
}

function readItem(task: AnyTask, item: JobItem<unknown>): EnqueueRequest {
  const { payload, spec } = checkItem(task, item);
  return toRequest(task, payload, spec);
}

function prepareJob({ task, payload, spec }: EnqueueRequest): JobInsert {
  return toInsert(task, payload, spec);
}

async function addThrough(
  chain: EnqueueChain,
  requests: readonly EnqueueRequest[],
  prepare: (request: EnqueueRequest, index: number) => JobInsert,
  insert: (inserts: readonly JobInsert[]) => Promise<Job[]>,
): Promise<(Job | undefined)[]> {
  const gathering = new Gathering(requests.length, insert);
  const results = await Promise.allSettled(
    requests.map((request, index) =>
      chain(request, async (changed) => gathering.arrive(index, prepare(changed, index))).then(
        (result) => {
          gathering.leave(index);
          return result === "skipped" ? undefined : result;
        },
        (error: unknown) => {
          gathering.leave(index, { value: error });
          throw error;
        },
      ),
    ),
  );
  return results.map((result) => {
    if (result.status === "fulfilled") return result.value;
    // The others only heard of what went wrong with the first.
    throw gathering.refusal ?? result.reason;
  });
}
