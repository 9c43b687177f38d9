import { refusesData, sqlState } from "../database/failure.js";
import { toError } from "../errors.js";
import { maxChunkLength } from "../jobs/bulk.js";
import type { JobInsert } from "../jobs/insert.js";
import type { Job } from "../jobs/job.js";

/** Adds jobs in one statement: all or none. The result is in their order. */
export type InsertJobs = (inserts: readonly JobInsert[]) => Promise<Job[]>;

interface Arrival {
  readonly insert: JobInsert;
  readonly resolve: (job: Job) => void;
  readonly reject: (error: Error) => void;
}

interface Group {
  readonly arrivals: readonly Arrival[];
  readonly keys: ReadonlySet<string>;
  /** Whether it takes so long that others may overtake it. */
  isSlow: boolean;
}

/** More at once gains little, and one that is refused costs its neighbours more statements. */
const maxGroup = 500;
/** A statement that takes this long waits for a lock, or its database is in trouble. */
const slowAfterMs = 100;
/** How many statements may be under way, all but one of them slow. */
const maxGroups = 4;

/** What PostgreSQL may have against a single job besides its data: a lock, its time. */
const waitsForOne = /^(40|55|57014)/u;

/**
 * Adds the jobs of callers that come at the same time in one statement: one is under way, and what
 * comes meanwhile goes out together in the next. No timer holds a job back, so a single caller's is
 * added at once and those of many in groups as large as the database is slow.
 *
 * Each caller has an answer of its own. So a statement holds no key twice, and a later job of a key
 * waits until the earlier one is added. A group that is refused is added by halves, and only the job
 * that is to blame is refused in the end. And one that takes long, since a key or a new queue's name is
 * in another's transaction, is overtaken by the next.
 */
export class Coalescer {
  readonly #insertJobs: InsertJobs;
  readonly #running = new Set<Group>();
  #waiting: Arrival[] = [];
  #isScheduled = false;

  constructor(insertJobs: InsertJobs) {
    this.#insertJobs = insertJobs;
  }

  /** Adds a job. Resolves when it is in the database. */
  add(insert: JobInsert): Promise<Job> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ insert, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // Whoever calls in the same turn of the event loop is in the first group.
      setImmediate(() => {
        this.#isScheduled = false;
        this.#start();
      });
    });
  }

  #start(): void {
    if (this.#running.size >= maxGroups) return;
    if ([...this.#running].some(({ isSlow }) => !isSlow)) return;
    const group = this.#take();
    if (group.arrivals.length > 0) void this.#run(group);
  }

  /**
   * The next group: no key twice, none that is under way, and no more text than a statement carries
   * well, since what is too long for all of them together would fail for each.
   */
  #take(): Group {
    const busy = new Set([...this.#running].flatMap(({ keys }) => [...keys]));
    const keys = new Set<string>();
    const arrivals: Arrival[] = [];
    const left: Arrival[] = [];
    let length = 0;
    for (const arrival of this.#waiting) {
      const { jobKey } = arrival.insert.spec;
      const isKeyed = typeof jobKey === "string";
      const isFull = arrivals.length >= maxGroup || length >= maxChunkLength;
      if (isFull || (isKeyed && (busy.has(jobKey) || keys.has(jobKey)))) {
        left.push(arrival);
        continue;
      }
      if (isKeyed) keys.add(jobKey);
      length += arrival.insert.payload.length;
      arrivals.push(arrival);
    }
    this.#waiting = left;
    return { arrivals, keys, isSlow: false };
  }

  async #run(group: Group): Promise<void> {
    this.#running.add(group);
    const timer = setTimeout(() => {
      group.isSlow = true;
      this.#start();
    }, slowAfterMs);
    await this.#insert(group.arrivals);
    clearTimeout(timer);
    this.#running.delete(group);
    this.#start();
  }

  /** Never rejects. */
  async #insert(arrivals: readonly Arrival[]): Promise<void> {
    try {
      const jobs = await this.#insertJobs(arrivals.map(({ insert }) => insert));
      for (const [index, { resolve }] of arrivals.entries()) resolve(jobs[index] as Job);
    } catch (thrown) {
      const error = toError(thrown);
      if (arrivals.length === 1 || !isRefusalOfOne(error)) {
        for (const { reject } of arrivals) reject(error);
        return;
      }
      const half = Math.ceil(arrivals.length / 2);
      await this.#insert(arrivals.slice(0, half));
      await this.#insert(arrivals.slice(half));
    }
  }
}

/** The statement was undone, and there is hope for those without the one job. */
function isRefusalOfOne(error: Error): boolean {
  const state = sqlState(error) ?? "";
  return waitsForOne.test(state) || (state !== "" && refusesData(error));
}
