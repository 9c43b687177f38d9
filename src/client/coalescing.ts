import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { insertJobs, type JobInsert } from "../jobs/insert.js";
import type { Job } from "../jobs/job.js";
import { Coalescer } from "./coalescer.js";

interface Lanes {
  readonly keyed: Coalescer;
  readonly unkeyed: Coalescer;
}

/**
 * The coalescers of a client. Jobs with a key go by themselves: another's transaction may hold the
 * key, and whoever shares the statement waits for that, too.
 */
export class Coalescing {
  /** The executor that it adds through; jobs for another one, such as a transaction, are not its. */
  readonly db: Executor;
  readonly #lanes = new Map<Queries, Lanes>();

  constructor(db: Executor) {
    this.db = db;
  }

  add(queries: Queries, insert: JobInsert): Promise<Job> {
    const { keyed, unkeyed } = this.#lanesOf(queries);
    return (typeof insert.spec.jobKey === "string" ? keyed : unkeyed).add(insert);
  }

  #lanesOf(queries: Queries): Lanes {
    let lanes = this.#lanes.get(queries);
    if (lanes === undefined) {
      const insert = (inserts: readonly JobInsert[]) => insertJobs(queries, this.db, inserts);
      lanes = { keyed: new Coalescer(insert), unkeyed: new Coalescer(insert) };
      this.#lanes.set(queries, lanes);
    }
    return lanes;
  }
}
