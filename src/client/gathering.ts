import { toError } from "../errors.js";
import type { JobInsert } from "../jobs/insert.js";
import type { Job } from "../jobs/job.js";

interface Arrival {
  readonly insert: JobInsert;
  readonly resolve: (job: Job) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Adds together what has been through its interceptors: it waits until each job of a call has either
 * arrived or been left out, and then adds those that arrived in one round trip, or none if one of the
 * others was refused.
 */
export class Gathering {
  readonly #insertJobs: (inserts: readonly JobInsert[]) => Promise<Job[]>;
  readonly #arrivals = new Map<number, Arrival>();
  #awaited: number;
  #refusal: { readonly error: Error } | undefined;

  /** @param count How many jobs there are. */
  constructor(count: number, insertJobs: (inserts: readonly JobInsert[]) => Promise<Job[]>) {
    this.#awaited = count;
    this.#insertJobs = insertJobs;
  }

  /** What refused the call, if anything did. */
  get refusal(): Error | undefined {
    return this.#refusal?.error;
  }

  /** A job is to be added. Resolves when it is. */
  arrive(index: number, insert: JobInsert): Promise<Job> {
    return new Promise((resolve, reject) => {
      this.#arrivals.set(index, { insert, resolve, reject });
      this.#count();
    });
  }

  /** A job's interceptors have ended, with an error perhaps. */
  leave(index: number, thrown?: { readonly value: unknown }): void {
    if (thrown !== undefined) this.#refusal ??= { error: toError(thrown.value) };
    if (!this.#arrivals.has(index)) this.#count();
  }

  #count(): void {
    this.#awaited -= 1;
    if (this.#awaited === 0) void this.#insert();
  }

  async #insert(): Promise<void> {
    // In the order of the call: of jobs with one key the later wins, whoever came through first.
    const arrivals = [...this.#arrivals].sort(([a], [b]) => a - b).map(([, arrival]) => arrival);
    try {
      if (this.#refusal !== undefined) throw this.#refusal.error;
      const jobs = await this.#insertJobs(arrivals.map(({ insert }) => insert));
      for (const [index, { resolve }] of arrivals.entries()) resolve(jobs[index] as Job);
    } catch (error) {
      this.#refusal ??= { error: toError(error) };
      for (const { reject } of arrivals) reject(this.#refusal.error);
    }
  }
}
