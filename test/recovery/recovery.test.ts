import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bindHandlers, migrate, startWorker, type Job, type Worker } from "taskwright";
import { addSendEmail, sendEmail } from "../../generated/tasks/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";
import { dieWith } from "./support.js";

const email = { to: "ada@example.com", subject: "Hello", body: "…" };
let database: TestDatabase;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await createDatabase();
  await migrate({ connectionString: database.connectionString });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => database.drop());

/** A worker process, and what it has said so far. */
async function startProcess() {
  const said: string[] = [];
  const child = fork(
    fileURLToPath(new URL("worker-process.ts", import.meta.url)),
    [database.connectionString],
    { execArgv: ["--import=tsx", "--conditions=taskwright-source"] },
  );
  children.push(child);
  child.on("message", (message) => said.push(message as string));
  await eventually(() => said.includes("started"), "the worker process");
  return { child, said };
}

/** A worker that sweeps often and runs what it recovers. */
function startRescuer(ran: Job[]): Promise<Worker> {
  return startWorker({
    connectionString: database.connectionString,
    handlers: bindHandlers(
      { send_email: sendEmail },
      { send_email: (_payload, ctx) => void ran.push(ctx.job) },
    ),
    recovery: { heartbeatIntervalMs: 100, sweepIntervalMs: 50 },
  });
}

async function registeredWorkers(): Promise<number> {
  const { rows } = await database.pool.query("select from graphile_worker._private_workers");
  return rows.length;
}

test("the job that a killed worker ran is run by another, as its next attempt", async () => {
  const { child, said } = await startProcess();
  const { id } = await addSendEmail(database.pool, email);
  await eventually(() => said.includes("job:start"), "the job's start");
  child.kill("SIGKILL");
  const ran: Job[] = [];
  await using rescuer = await startRescuer(ran);
  await eventually(() => ran.length > 0, "the rescue");
  expect(ran).toMatchObject([{ id, attempts: 2, lockedBy: rescuer.id }]);
  expect(ran[0]?.lastError).toMatch(/^Worker .+ died while it ran this job \(crash 1 of 3\)\.$/u);
});

test("a job that fails for good because its worker died is logged as an error", async () => {
  const { id } = await addSendEmail(database.pool, email, { maxAttempts: 1 });
  await dieWith(database.pool, [id]);
  const errors: unknown[] = [];
  await using worker = await startWorker({
    connectionString: database.connectionString,
    handlers: bindHandlers({ send_email: sendEmail }, { send_email: () => {} }),
    recovery: { heartbeatIntervalMs: 100, sweepIntervalMs: 50 },
    logger: {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (message, details) => errors.push([message, details]),
    },
  });
  await eventually(() => errors.length > 0, "the error");
  expect(errors).toEqual([
    [
      "Jobs failed for the last time: their workers died while they ran them.",
      { workerId: worker.id, jobIds: [id] },
    ],
  ]);
});

test("a worker that was only paused notices, and its result changes nothing", async () => {
  const { child, said } = await startProcess();
  await addSendEmail(database.pool, email);
  await eventually(() => said.includes("job:start"), "the job's start");
  child.kill("SIGSTOP");
  const ran: Job[] = [];
  const rescuer = await startRescuer(ran);
  await eventually(() => ran.length > 0, "the rescue");
  // Stopped, so that what the paused worker does from now on meets nobody else's sweep.
  await rescuer.stop();
  child.kill("SIGCONT");
  await eventually(() => said.includes("heartbeat:lost"), "the notice");
  child.send("finish");
  await eventually(() => said.includes("job:lost"), "the lost lock");
  expect(said).not.toContain("job:complete");
  expect(ran).toHaveLength(1);
});

test("a worker that stops leaves no trace", async () => {
  await eventually(async () => {
    await database.pool.query("delete from graphile_worker._private_workers");
    return (await registeredWorkers()) === 0;
  });
  const worker = await startRescuer([]);
  expect(await registeredWorkers()).toBe(1);
  await worker.stop();
  expect(await registeredWorkers()).toBe(0);
});

test("a worker without recovery doesn't register", async () => {
  const before = await registeredWorkers();
  await using _worker = await startWorker({
    connectionString: database.connectionString,
    handlers: bindHandlers({ send_email: sendEmail }, { send_email: () => {} }),
    recovery: false,
  });
  expect(await registeredWorkers()).toBe(before);
});
