import type { Database } from "../../src/database/database.js";
import type { Queries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import type { ClaimedJob } from "../../src/worker/claimed-job.js";
import { Claimer } from "../../src/worker/claimer.js";
import { Limits, type TaskLimit } from "../../src/worker/limits.js";
import { LockWatch } from "../../src/worker/lock-watch.js";
import type { Outcome } from "../../src/worker/outcome.js";
import { Settler } from "../../src/worker/settler.js";
import { Strays } from "../../src/worker/strays.js";
import { TaskIds } from "../../src/worker/task-ids.js";
import { fleetLimit, forbiddenFlag, tasks } from "./steps.js";

/** A worker's services, of which a test takes one step at a time; none of them is started. */
export class SteppedWorker {
  readonly id: string;
  readonly held = new Map<string, ClaimedJob>();
  readonly #limits = new Map<string, TaskLimit>([["fleet", { fleet: fleetLimit }]]);
  readonly #claimer: Claimer;
  readonly #settler: Settler;
  readonly #lockWatch: LockWatch;
  #delivered: readonly ClaimedJob[] = [];
  #lost: string[] = [];
  #removed: string[] = [];

  constructor(id: string, queries: Queries, db: Database) {
    this.id = id;
    const events = new WorkerEvents(id, () => {});
    events.on("job:lost", ({ job }) => this.#lost.push(job.id));
    const taskIds = new TaskIds(queries, db, tasks);
    const shared = { queries, db, workerId: id, events };
    this.#claimer = new Claimer({
      ...shared,
      taskIds,
      forbiddenFlags: [forbiddenFlag],
      limits: new Limits({
        limits: this.#limits,
        taskIds,
        concurrency: 100,
        waitMs: 0,
        ahead: () => 0,
        running: () => this.held.values(),
        waiting: () => [],
        onRoom: () => {},
      }),
      pollIntervalMs: undefined,
      demand: () => 0,
      deliver: (jobs) => {
        this.#delivered = jobs;
      },
      strays: new Strays({ ...shared, held: this.held }),
    });
    this.#settler = new Settler({ ...shared, onSettled: () => {} });
    this.#lockWatch = new LockWatch({
      ...shared,
      intervalMs: 0,
      running: () => [...this.held.values()],
      onLost: (jobs) => this.#lost.push(...jobs.map(({ id }) => id)),
      onRemoved: (jobs) => this.#removed.push(...jobs.map(({ id }) => id)),
    });
  }

  limit(perWorker: number | undefined): void {
    if (perWorker === undefined) this.#limits.delete("limited");
    else this.#limits.set("limited", { perWorker });
  }

  async claim(maxJobs: number): Promise<readonly ClaimedJob[]> {
    await this.#claimer.claimOnce(maxJobs);
    for (const job of this.#delivered) this.held.set(job.id, job);
    return this.#delivered;
  }

  /** Returns the ids of jobs that the worker didn't hold any more. */
  async settle(results: readonly { job: ClaimedJob; outcome: Outcome }[]): Promise<string[]> {
    this.#lost = [];
    for (const { job, outcome } of results) {
      this.held.delete(job.id);
      this.#settler.settle({ job, outcome });
    }
    await this.#settler.settleOnce();
    return this.#lost;
  }

  async look(): Promise<{ lost: string[]; removed: string[] }> {
    this.#lost = [];
    this.#removed = [];
    await this.#lockWatch.checkOnce(0);
    for (const id of this.#lost) this.held.delete(id);
    return { lost: this.#lost, removed: this.#removed };
  }

  /** Leaves no timer behind. */
  async end(): Promise<void> {
    await this.#claimer.stop();
  }
}
