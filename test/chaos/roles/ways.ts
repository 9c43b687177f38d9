import type { Pool, PoolClient } from "pg";
import {
  BulkError,
  enqueue,
  enqueueBatch,
  enqueueBulk,
  enqueueMany,
  removeJob,
  TaskwrightError,
  type BaseClient,
  type Executor,
} from "taskwright";
import type { Random } from "../random.js";
import { linger, type Request, type Requests } from "./requests.js";
import { tasks, type Item, type Payload, type PlainTask } from "./tasks.js";

/** What a producer adds jobs with. */
export interface Tools {
  readonly pool: Pool;
  /** Shares statements between calls that come at the same time. */
  readonly client: BaseClient<typeof tasks>;
  readonly requests: Requests;
  readonly random: Random;
}

/** Adds jobs in one of the ways; what becomes of them is noted, so nothing is thrown. */
type Way = (tools: Tools) => Promise<void>;

const byHelper: Way = async ({ pool, requests }) => {
  const request = requests.any("helper");
  await note(requests, request, () => addWith(pool, request));
};

/** Jobs that kill their worker, or keep it from everything else. */
const dangerous: Way = async ({ pool, requests, random }) => {
  const request = requests.of(random.pick(["poison", "blocker"]), "helper");
  await note(requests, request, () => addWith(pool, request));
};

const coalesced: Way = async ({ client, requests, random }) => {
  const count = random.integer(2, 12);
  const all = Array.from({ length: count }, () => requests.any("coalesced"));
  await Promise.all(
    all.map((request) =>
      note(requests, request, async () => {
        if (request.task === "batch") {
          const jobs = await client.add("batch", request.payload as readonly Item[], request.spec);
          return jobs[0]?.id;
        }
        const job = await client.add(request.task, request.payload as Payload, request.spec);
        return job?.id;
      }),
    ),
  );
};

const many: Way = async ({ pool, requests, random }) => {
  const task = random.pick(["fast", "queued", "keyed", "flaky", "effect"] as const);
  const all = Array.from({ length: random.integer(2, 8) }, () => requests.of(task, "many"));
  try {
    const jobs = await enqueueMany(pool, tasks[task], all.map(toItem));
    for (const [index, request] of all.entries()) requests.accept(request, jobs[index]?.id);
  } catch (error) {
    requests.doubt(all, error);
  }
};

const bulk: Way = async ({ pool, requests, random }) => {
  const all = Array.from({ length: random.integer(20, 100) }, () => requests.of("fast", "bulk"));
  try {
    await enqueueBulk(pool, tasks.fast, all.map(toItem), { chunkSize: 25 });
    for (const request of all) requests.accept(request);
  } catch (error) {
    if (!(error instanceof BulkError)) return requests.doubt(all, error);
    const { added, inDoubt } = error;
    for (const request of all.slice(0, added)) requests.accept(request);
    requests.doubt(all.slice(added, added + inDoubt), error);
    requests.refuse(all.slice(added + inDoubt), error);
  }
};

/** Several requests that commit together or are rolled back, over a transaction that takes its time. */
const inTransaction: Way = async ({ pool, requests, random }) => {
  const all: Request[] = [];
  const jobs: (string | undefined)[] = [];
  let client: PoolClient | undefined;
  try {
    client = await pool.connect();
    await client.query("begin");
    await client.query("select 1");
    await linger(random);
    for (let count = random.integer(1, 4); count > 0; count--) {
      const request = requests.any("transaction");
      all.push(request);
      jobs.push(await addWith(client, request));
    }
    await linger(random);
    if (random.chance(0.25)) throw new Error("rolled back as planned");
  } catch (error) {
    await client?.query("rollback").catch(() => {});
    client?.release(true);
    // Without a commit nothing of it can be in the database.
    return requests.refuse(all, error);
  }
  try {
    await client.query("commit");
    for (const [index, request] of all.entries()) requests.accept(request, jobs[index]);
  } catch (error) {
    requests.doubt(all, error);
  } finally {
    client.release(true);
  }
};

const bySql: Way = async ({ pool, requests }) => {
  const request = requests.any("sql");
  await note(requests, request, async () => {
    const { task, payload, spec } = request;
    const { rows } = await pool.query<{ id: string | null }>(
      `select id from graphile_worker.add_job(
        $1, $2::json, $3, $4::timestamptz, $5::int, $6, $7::int, null, coalesce($8, 'replace')
      )`,
      [
        task,
        JSON.stringify(payload),
        spec.queueName,
        spec.runAt,
        spec.maxAttempts,
        spec.jobKey,
        spec.priority,
        spec.jobKeyMode,
      ],
    );
    const id = rows[0]?.id ?? undefined;
    if (id === undefined) throw new Error("add_job returned null");
    return id;
  });
};

const byRemoval: Way = async ({ pool, requests, random }) => {
  const key = `k${random.integer(0, 5)}`;
  const removal = { requests: [requests.removal(key)] };
  await note(requests, removal, async () => {
    await removeJob(pool, key);
    return undefined;
  });
};

const wheel: readonly Way[] = [
  ...Array<Way>(39).fill(byHelper),
  dangerous,
  ...Array<Way>(12).fill(coalesced),
  ...Array<Way>(10).fill(many),
  ...Array<Way>(2).fill(bulk),
  ...Array<Way>(15).fill(inTransaction),
  ...Array<Way>(15).fill(bySql),
  ...Array<Way>(6).fill(byRemoval),
];

/** Adds some jobs in some way. */
export function addSome(tools: Tools): Promise<void> {
  return tools.random.pick(wheel)(tools);
}

async function note(
  requests: Requests,
  request: Pick<Request, "requests">,
  add: () => Promise<string | undefined>,
): Promise<void> {
  try {
    requests.accept(request, await add());
  } catch (error) {
    if (isCertain(error)) requests.refuse([request], error);
    else requests.doubt([request], error);
  }
}

/** These say of themselves that nothing was added. */
function isCertain(error: unknown): boolean {
  return error instanceof TaskwrightError && error.code === "DATABASE_READ_ONLY";
}

async function addWith(db: Executor, request: Request): Promise<string | undefined> {
  const { task, payload, spec } = request;
  if (task === "batch") {
    const jobs = await enqueueBatch(db, tasks.batch, payload as readonly Item[], spec);
    return jobs[0]?.id;
  }
  const plain: PlainTask = tasks[task];
  const job = await enqueue(db, plain, payload as Payload, spec);
  return job.id;
}

function toItem({ payload, spec }: Request) {
  return { payload: payload as Payload, spec };
}
