import { Pool, type QueryResult } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorker } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import {
  addJob,
  addJobs,
  createQueue,
  Gate,
  handlersFor,
  listJobs,
  until,
} from "../worker/support.js";
import { claim } from "./support.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());

/** Nothing happens by itself. */
const never = 2 ** 31 - 1;

/** A pool that keeps the answers of claims that bring jobs, once `isSlow`, until the gate opens. */
class SlowClaims {
  readonly pool: Pool;
  readonly mayArrive = new Gate();
  isSlow = false;

  constructor(connectionString: string) {
    this.pool = new Pool({ connectionString });
    this.pool.on("error", () => {});
    const query = this.pool.query.bind(this.pool) as (...args: unknown[]) => Promise<QueryResult>;
    const delayed = async (...args: unknown[]) => {
      const result = await query(...args);
      const isClaim = JSON.stringify(args[0]).includes("taskwright_claim_jobs");
      if (isClaim && this.isSlow && result.rows.length > 0) await this.mayArrive.opened;
      return result;
    };
    Object.assign(this.pool, { query: delayed });
  }
}

test("a claim whose answer comes after its worker was taken for dead starts nothing", async () => {
  const { pool, connectionString } = database;
  const slow = new SlowClaims(connectionString);
  const ran: string[] = [];
  const lost: string[] = [];
  const wasDeclaredDead = new Gate();
  await using worker = await startWorker({
    pool: slow.pool,
    handlers: handlersFor({ work: (_payload, { job }) => void ran.push(job.id) }),
    workerId: "me",
    concurrency: 1,
    pollIntervalMs: 20,
    bufferTimeoutMs: never,
    recovery: { heartbeatIntervalMs: 20, sweepIntervalMs: never },
    on: {
      "heartbeat:lost": () => wasDeclaredDead.open(),
      "job:lost": ({ job }) => void lost.push(job.id),
    },
  });
  // A task that is known to be fast: its jobs start without a mark, which would find the lock gone.
  await addJobs(pool, "work", 30);
  await until(async () => (await listJobs(pool)).length === 0);

  slow.isSlow = true;
  const id = await addJob(pool, "work");
  await until(async () => (await listJobs(pool))[0]?.locked_by === "me");
  await pool.query(`
    select graphile_worker.recover_dead_worker_jobs(array['me']);
    select graphile_worker.delete_stale_workers(array['me']);
  `);
  expect(await claim(pool, "other")).toMatchObject([{ id }]);
  await wasDeclaredDead.opened;
  slow.mayArrive.open();
  await until(() => lost.length > 0);
  expect(ran).not.toContain(id);
  expect(lost).toEqual([id]);
  await worker.stop();
  await slow.pool.end();
  expect(await listJobs(pool)).toMatchObject([{ id, locked_by: "other", attempts: 1 }]);
});
