import { Pool, type PoolClient } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startWorker, type Worker, type WorkerEventName } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { Proxy } from "../support/proxy.js";
import { addJob, countLocks, createQueue, Gate, handlersFor, listJobs, until } from "./support.js";

const hourMs = 3_600_000;
let database: TestDatabase;
let proxy: Proxy;
beforeAll(async () => {
  database = await createQueue();
});
afterAll(() => database.drop());
beforeEach(async () => {
  proxy = await Proxy.before(database.connectionString);
});
afterEach(async () => {
  await proxy.close();
  await database.pool.query("delete from graphile_worker._private_jobs");
});

/** How a connection is lost: it falls silent and nobody is told, or it is cut. */
const losses = [
  { loss: "falls silent", lose: () => proxy.goDeaf() },
  { loss: "is cut", lose: () => proxy.cut() },
];

/**
 * Whose connections the worker uses: its own or a given pool's. Where the default isolation is strict, each
 * statement of the worker's has a transaction.
 */
const names = {
  own: "connection",
  given: "connection of a given pool",
  strict: "connection of a given pool whose default is serializable",
};
type Source = keyof typeof names;
const sources = Object.keys(names) as Source[];

const pools: Pool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});

function connect(source: Source): { connectionString: string } | { pool: Pool } {
  const connectionString = proxy.through(database.connectionString);
  if (source === "own") return { connectionString };
  const options = source === "strict" ? "-c default_transaction_isolation=serializable" : "";
  const pool = new Pool({ connectionString, connectionTimeoutMillis: 300, options });
  pool.on("error", () => {});
  pools.push(pool);
  return { pool };
}

interface Watched {
  readonly worker: Worker;
  /** Ids of jobs in the order in which they started, with their attempts. */
  readonly started: [string, number][];
  readonly heard: Map<WorkerEventName, number>;
}

interface WatchOptions {
  readonly source: Source;
  readonly work?: () => Promise<void>;
  readonly pollIntervalMs?: number;
}

async function startWatched({
  source,
  work = async () => {},
  pollIntervalMs = 50,
}: WatchOptions): Promise<Watched> {
  const started: [string, number][] = [];
  const heard = new Map<WorkerEventName, number>();
  const count = (name: WorkerEventName) => () => void heard.set(name, (heard.get(name) ?? 0) + 1);
  const worker = await startWorker({
    ...connect(source),
    handlers: handlersFor({
      work: async (_payload, { job }) => {
        started.push([job.id, job.attempts]);
        await work();
      },
    }),
    pollIntervalMs,
    connectTimeoutMs: 300,
    statementTimeoutMs: 400,
    listenCheckMs: 150,
    on: {
      "pool:listen:success": count("pool:listen:success"),
      "pool:listen:error": count("pool:listen:error"),
      "worker:getJob:error": count("worker:getJob:error"),
      "settle:error": count("settle:error"),
      "job:lost": count("job:lost"),
      "job:complete": count("job:complete"),
    },
  });
  return { worker, started, heard };
}

/** Holds the table of jobs, so that a statement of the worker's stops on the server. */
async function holdJobs(): Promise<PoolClient> {
  const client = await database.pool.connect();
  await client.query("begin; lock table graphile_worker._private_jobs in exclusive mode");
  return client;
}

/** Waits until the server is at work on a statement that the held table stops. */
async function untilHeld(statement: string): Promise<void> {
  await until(async () => {
    const { rows } = await database.pool.query(
      `select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query ~ $1`,
      [statement],
    );
    return rows.length > 0;
  });
}

/** Whether the server is at work on a claim. */
async function isClaiming(): Promise<boolean> {
  const { rows } = await database.pool.query(
    `select from pg_stat_activity
    where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
    and query ~ 'taskwright_claim_jobs'`,
  );
  return rows.length > 0;
}

async function letGo(holder: PoolClient): Promise<void> {
  await holder.query("commit");
  holder.release();
}

/**
 * Adds a job and loses the answer of its claim. Now and then the claim is too early to see the job,
 * or the server notices a cut and undoes it: what must be true afterwards is the same.
 */
async function loseClaim(lose: () => void): Promise<string> {
  const holder = await holdJobs();
  // Without a queue: the claim's look for queues is what is held, and won't see this job's.
  const added = await holder.query("select id from graphile_worker.add_job('work', '{}')");
  await untilHeld("taskwright_claim_jobs");
  lose();
  await letGo(holder);
  await until(async () => !(await isClaiming()));
  return (added.rows[0] as { id: string }).id;
}

async function isRegistered({ id }: Worker): Promise<boolean> {
  const { rows } = await database.pool.query(
    "select from graphile_worker._private_workers where id = $1",
    [id],
  );
  return rows.length > 0;
}

async function endsSound({ worker }: Watched): Promise<void> {
  await until(async () => (await listJobs(database.pool)).length === 0);
  await worker.stop();
  expect(await countLocks(database.pool)).toBe(0);
}

const cases = losses.flatMap((loss) => sources.map((source) => ({ ...loss, source })));

for (const { loss, lose, source } of cases) {
  const connection = names[source];

  test(`a ${connection} that listens and ${loss} is replaced, and new jobs are heard of again`, async () => {
    const watched = await startWatched({ source, pollIntervalMs: hourMs });
    const { heard, started } = watched;
    const times = (name: WorkerEventName) => heard.get(name) ?? 0;
    // On a busy machine the first attempt may take too long.
    await until(() => times("pool:listen:success") > 0);
    const [errors, successes] = [times("pool:listen:error"), times("pool:listen:success")];
    lose();
    await until(() => times("pool:listen:error") > errors);
    proxy.recover();
    await until(() => times("pool:listen:success") > successes);
    await addJob(database.pool, "work");
    await until(() => started.length === 1);
    await endsSound(watched);
  });

  test(`a claim whose ${connection} ${loss} before its answer leaves no job behind`, async () => {
    const watched = await startWatched({ source });
    const { heard, started } = watched;
    const id = await loseClaim(lose);
    await until(() => (heard.get("worker:getJob:error") ?? 0) > 0);
    proxy.recover();
    await until(() => started.length > 0);
    await endsSound(watched);
    // The lost claim's attempt wasn't one.
    expect(started).toEqual([[id, 1]]);
    // Something might still come late: the worker stays registered, so that a sweep would find it.
    expect(await isRegistered(watched.worker)).toBe(true);
  });

  test(`a result whose ${connection} ${loss} is written once it can be`, async () => {
    const gate = new Gate();
    const watched = await startWatched({ source, work: () => gate.opened });
    const { heard, started } = watched;
    await addJob(database.pool, "work", { queue: "q" });
    await until(() => started.length === 1);
    const holder = await holdJobs();
    gate.open();
    await untilHeld("taskwright_settle_jobs");
    lose();
    await letGo(holder);
    await until(() => (heard.get("settle:error") ?? 0) > 0);
    proxy.recover();
    await until(() => (heard.get("job:complete") ?? 0) > 0);
    await endsSound(watched);
    expect(started).toHaveLength(1);
    expect(heard.get("job:lost")).toBeUndefined();
  });
}

test("a stop right after a claim was lost gives back what it locked", async () => {
  const { worker, started } = await startWatched({ source: "own" });
  await loseClaim(() => proxy.goDeaf());
  const stopping = worker.stop();
  proxy.recover();
  await stopping;
  expect(started).toEqual([]);
  expect((await listJobs(database.pool)).map(({ attempts }) => attempts)).toEqual([0]);
  expect(await countLocks(database.pool)).toBe(0);
});

test("a start that gets no answer says so in time", async () => {
  proxy.goDeaf();
  await expect(startWatched({ source: "own" })).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
  });
});

test("a worker that lost nothing is forgotten when it stops", async () => {
  const { worker } = await startWatched({ source: "own" });
  expect(await isRegistered(worker)).toBe(true);
  await worker.stop();
  expect(await isRegistered(worker)).toBe(false);
});
