import type { Pool, PoolClient } from "pg";
import { expect } from "vitest";
import type { Database } from "../../src/database/database.js";
import { sqlState } from "../../src/database/failure.js";
import type { Queries } from "../../src/database/queries.js";
import { insertJobs } from "../../src/jobs/insert.js";
import * as manage from "../../src/manage/index.js";
import type { ClaimedJob } from "../../src/worker/claimed-job.js";
import type { Outcome } from "../../src/worker/outcome.js";
import { isAvailable, type ModelJob, type ModelOutcome, type ModelSpec } from "./job.js";
import { Model } from "./model.js";
import { changeByHand, distinct } from "./operator.js";
import { readJobs, readQueueHolders, toRow } from "./state.js";
import { fleetLimit, forbiddenFlag, tasks, times, type Step } from "./steps.js";
import { SteppedWorker } from "./worker.js";

/** Enough to take all there is. */
const plenty = 1_000;

/** A worker of the database, and what the model says of it. */
interface Actor {
  readonly worker: SteppedWorker;
  /** The claims of the jobs that it holds, or thinks it does, by id. */
  readonly claims: Map<number, ModelJob>;
  perWorker: number | undefined;
  /** Whether its heart has stood still for longer than a sweep waits. */
  isStale: boolean;
}

/** Plays steps in the database and in the model, and compares the two after each. */
export class Play {
  readonly #pool: Pool;
  readonly #db: Database;
  readonly #queries: Queries;
  readonly #model = new Model();
  readonly #actors: Actor[] = [];
  /** Workers whose processes have ended. */
  #dead: string[] = [];
  #made = 0;
  #tx: PoolClient | undefined;

  constructor(pool: Pool, db: Database, queries: Queries) {
    this.#pool = pool;
    this.#db = db;
    this.#queries = queries;
  }

  async start(): Promise<void> {
    for (const place of [0, 1]) this.#actors[place] = await this.#hire();
  }

  async end(): Promise<void> {
    await this.#endTransaction("rollback");
    for (const { worker } of this.#actors) await worker.end();
  }
  async run(step: Step): Promise<void> {
    await this.#take(step);
    expect(await readJobs(this.#pool)).toEqual(this.#model.jobs.map(toRow));
    expect(await readQueueHolders(this.#pool)).toEqual(this.#model.queueHolders);
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case "add":
        return this.#add(step.specs, this.#isInside(step.inside));
      case "remove":
        return this.#remove(step.key, this.#isInside(step.inside));
      case "begin":
        return this.#begin();
      case "commit":
      case "rollback":
        return this.#endTransaction(step.kind);
      case "claim":
        return this.#claim(this.#actor(step.worker), step.maxJobs);
      case "settle":
        return this.#settle(this.#holder(step.worker), step.results);
      case "completeInside":
        return this.#completeInside(this.#holder(step.worker), step.nth);
      case "look":
        return this.#look(this.#holder(step.worker));
      case "kill":
        return this.#kill(this.#holder(step.worker));
      case "stall":
        return this.#stall(this.#holder(step.worker));
      case "sweep":
        return this.#sweep();
      case "unlock":
        return this.#unlock(this.#holder(step.worker));
      case "pause":
        return this.#pause(step.what, step.name, step.isPaused);
      case "limit":
        this.#actor(step.worker).perWorker = step.perWorker;
        return this.#actor(step.worker).worker.limit(step.perWorker);
      case "complete":
      case "fail":
      case "reschedule":
      case "retry":
      case "runNow":
        return changeByHand(this.#pool, this.#model, step);
    }
  }

  async #add(specs: readonly ModelSpec[], inside: boolean): Promise<void> {
    if (!inside && specs.some(({ key }) => key !== undefined && this.#model.isKeyTouched(key)))
      return;
    const added = await insertJobs(
      this.#queries,
      inside && this.#tx !== undefined ? this.#tx : this.#db,
      specs.map(({ task, payload, queue, runAt, key, mode, priority, maxAttempts, flags }) => ({
        identifier: task,
        payload: JSON.stringify(payload),
        spec: {
          ...(queue === undefined ? {} : { queueName: queue }),
          ...(runAt === undefined ? {} : { runAt: times[runAt] }),
          ...(key === undefined ? {} : { jobKey: key }),
          ...(mode === undefined ? {} : { jobKeyMode: mode }),
          ...(priority === undefined ? {} : { priority }),
          ...(maxAttempts === undefined ? {} : { maxAttempts }),
          ...(flags === undefined ? {} : { flags }),
        },
      })),
    );
    const ids = added.map(({ id }) => Number(id));
    this.#model.add(specs, ids, inside);
  }

  async #remove(key: string, inside: boolean): Promise<void> {
    if (!inside && this.#model.isKeyTouched(key)) return;
    const db = inside && this.#tx !== undefined ? this.#tx : this.#db;
    const removed = await manage.removeJob(db, key);
    expect(removed?.id).toBe(this.#model.withKey(key, inside)?.id.toString());
    this.#model.remove(key, inside);
  }

  async #begin(): Promise<void> {
    if (this.#tx !== undefined) return;
    this.#tx = await this.#pool.connect();
    await this.#tx.query("begin");
    // The transaction's time is that of its first statement.
    await this.#tx.query("select now()");
    this.#model.begin();
  }

  async #endTransaction(how: "commit" | "rollback"): Promise<void> {
    if (this.#tx === undefined) return;
    await this.#tx.query(how);
    this.#tx.release();
    this.#tx = undefined;
    this.#model[how]();
  }

  async #claim(actor: Actor, asked: number): Promise<void> {
    const { worker, claims, perWorker } = actor;
    await this.#beat(worker.id, "now()");
    actor.isStale = false;
    const maxJobs = this.#isExact(actor) ? asked : plenty;
    const held = [...claims.values()].filter(({ task }) => task === "limited").length;
    const expected = this.#model.claim({
      worker: worker.id,
      tasks,
      forbiddenFlags: [forbiddenFlag],
      rooms: perWorker === undefined ? new Map() : new Map([["limited", perWorker - held]]),
      fleet: new Map([["fleet", fleetLimit]]),
      maxJobs,
    });
    const claimed = await worker.claim(maxJobs);
    expect(claimed.map(describeClaim)).toEqual(expected.map(describeClaim));
    for (const job of expected) claims.set(job.id, job);
  }

  async #settle(
    { worker, claims }: Actor,
    results: readonly { readonly nth: number; readonly outcome: ModelOutcome }[],
  ): Promise<void> {
    const held = [...claims.values()];
    const chosen = distinct(results, held.length).flatMap(({ nth, outcome }) => {
      const claimed = held[nth];
      // What the open transaction has locked can't be settled before its end.
      if (claimed === undefined || this.#model.isTouched(claimed.id)) return [];
      return [{ claimed, outcome, job: worker.held.get(`${claimed.id}`) }];
    });
    if (chosen.length === 0) return;
    const lost = await worker.settle(
      chosen.map(({ job, outcome }) => ({ job: job as ClaimedJob, outcome: toOutcome(outcome) })),
    );
    expect(lost.map(Number)).toEqual(this.#model.settle(chosen));
    for (const { claimed } of chosen) claims.delete(claimed.id);
    // A usual back-off may end while this runs; what is left of it is tested elsewhere.
    const waiting = chosen.filter(
      ({ claimed, outcome }) =>
        outcome.kind === "failed" && outcome.retry === undefined && !lost.includes(`${claimed.id}`),
    );
    await this.#pool.query(
      "update graphile_worker._private_jobs set run_at = $2 where id = any ($1) and run_at > now()",
      [waiting.map(({ claimed }) => claimed.id), times.future],
    );
  }

  async #completeInside({ worker, claims }: Actor, nth: number): Promise<void> {
    const claimed = [...claims.values()][nth % claims.size];
    if (this.#tx === undefined || claimed === undefined) return;
    if (this.#model.isTouched(claimed.id)) return;
    const { lockedAt } = worker.held.get(`${claimed.id}`) as ClaimedJob;
    await this.#tx.query("savepoint before");
    const isDone = await this.#queries
      .completeJob(this.#tx, { workerId: worker.id, jobId: `${claimed.id}`, lockedAt })
      .then(
        () => true,
        (error: unknown) => {
          expect(sqlState(error)).toBe("TWLST");
          return false;
        },
      );
    if (!isDone) await this.#tx.query("rollback to savepoint before");
    expect(isDone).toBe(this.#model.completeInside(claimed));
  }

  async #look({ worker, claims }: Actor): Promise<void> {
    const seen = await worker.look();
    const expected = this.#model.look([...claims.values()]);
    expect({ lost: seen.lost.map(Number), removed: seen.removed.map(Number) }).toEqual(expected);
    for (const id of expected.lost) claims.delete(id);
  }

  async #kill(actor: Actor): Promise<void> {
    const { worker } = actor;
    await worker.end();
    await this.#beat(worker.id, "now() - interval '1 hour'");
    this.#dead.push(worker.id);
    this.#actors[this.#actors.indexOf(actor)] = await this.#hire();
  }

  async #stall(actor: Actor): Promise<void> {
    await this.#beat(actor.worker.id, "now() - interval '1 hour'");
    actor.isStale = true;
  }

  async #sweep(): Promise<void> {
    const stale = this.#actors.filter(({ isStale }) => isStale).map(({ worker }) => worker.id);
    const workers = [...this.#dead, ...stale];
    if (this.#isAnyTouched(workers)) return;
    const { deadWorkerIds } = await manage.sweep(this.#pool);
    expect(deadWorkerIds.toSorted()).toEqual(workers.toSorted());
    this.#model.sweep(workers);
    // It has forgotten them.
    this.#dead = [];
    for (const actor of this.#actors) actor.isStale = false;
  }

  async #unlock({ worker }: Actor): Promise<void> {
    if (this.#isAnyTouched([worker.id])) return;
    await manage.forceUnlockWorkers(this.#pool, [worker.id]);
    this.#model.unlock([worker.id]);
  }

  async #pause(what: "task" | "queue", name: string, isPaused: boolean): Promise<void> {
    const { pauseTask, resumeTask, pauseQueue, resumeQueue } = manage;
    if (what === "task") await (isPaused ? pauseTask : resumeTask)(this.#pool, name);
    else await (isPaused ? pauseQueue : resumeQueue)(this.#pool, name);
    this.#model.pause(`${what} ${name}`, isPaused);
  }

  async #hire(): Promise<Actor> {
    this.#made += 1;
    const worker = new SteppedWorker(`w${this.#made}`, this.#queries, this.#db);
    await this.#beat(worker.id, "now()");
    return { worker, claims: new Map(), perWorker: undefined, isStale: false };
  }

  async #beat(workerId: string, at: string): Promise<void> {
    await this.#pool.query("select graphile_worker.worker_heartbeat($1)", [workerId]);
    await this.#pool.query(
      `update graphile_worker._private_workers set last_heartbeat_at = ${at} where id = $1`,
      [workerId],
    );
  }

  #actor(place: number): Actor {
    return this.#actors[place] as Actor;
  }

  /** That worker, if it holds anything, else the other one. */
  #holder(place: number): Actor {
    const actor = this.#actor(place);
    return actor.claims.size > 0 ? actor : this.#actor(1 - place);
  }

  /** Which of several jobs a short claim brings is promised only where nothing stands in its way. */
  #isExact({ perWorker }: Actor): boolean {
    const limited = perWorker === undefined ? ["fleet"] : ["fleet", "limited"];
    const isLimited = this.#model.jobs.some(
      (job) => isAvailable(job) && limited.includes(job.task),
    );
    return !isLimited && !this.#model.isInTransaction;
  }

  #isInside(asked: boolean): boolean {
    return asked && this.#tx !== undefined;
  }

  #isAnyTouched(workers: readonly string[]): boolean {
    return this.#model.jobs.some(
      ({ id, lock }) => workers.includes(lock?.worker ?? "") && this.#model.isTouched(id),
    );
  }
}

function toOutcome(outcome: ModelOutcome): Outcome {
  if (outcome.kind !== "failed") return { kind: outcome.kind };
  const { message, retry } = outcome;
  return { kind: "failed", error: new Error(message), retry: retry === "now" ? 0 : retry };
}

/** What a claim tells of a job. */
function describeClaim({ id, task, attempts, maxAttempts, key }: ClaimedJob | ModelJob) {
  return { id: Number(id), task, attempts, maxAttempts, key };
}
