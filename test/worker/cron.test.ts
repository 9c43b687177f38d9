import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cron, definePartialHandlers } from "../../generated/tasks/index.js";
import {
  runOnce,
  startWorker,
  type CronInfo,
  type JobContext,
  type WorkerListeners,
} from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { withOutage } from "../support/outage.js";
import { addJob, createQueue, Gate, handlersFor, listJobs, until } from "./support.js";

let database: TestDatabase;
beforeEach(async () => {
  database = await createQueue();
});
afterEach(() => database.drop());

interface Seen {
  readonly payload: unknown;
  readonly cron: CronInfo | undefined;
}

/** A handler that notes what it is given. */
function noteIn(seen: Seen[]) {
  return (payload: unknown, ctx: Pick<JobContext, "cron">) =>
    void seen.push({ payload, cron: ctx.cron });
}

function secondsOf(seen: readonly Seen[]): number[] {
  return seen.map(({ cron: info }) => Date.parse(info?.ts ?? "") / 1000).toSorted((a, b) => a - b);
}

/** Every second from the first to the last, each once. */
function expectNoGap(seen: readonly Seen[]): void {
  const [first = 0, ...rest] = secondsOf(seen);
  expect(rest).toEqual(rest.map((_, index) => first + index + 1));
}

async function knownEntries(): Promise<string[]> {
  const { rows } = await database.pool.query<{ identifier: string }>(
    "select identifier from graphile_worker._private_known_crontabs order by identifier",
  );
  return rows.map(({ identifier }) => identifier);
}

const everySecond = "* * * * * *";

describe("a worker schedules", () => {
  test("its tasks' x-task.cron, a crontab and entries", async () => {
    const bySource = { schema: [] as Seen[], crontab: [] as Seen[], entry: [] as Seen[] };
    const { connectionString } = database;
    const worker = await startWorker({
      connectionString,
      handlers: {
        tasks: new Map([
          ...handlersFor(
            { schema: noteIn(bySource.schema) },
            { cron: [`${everySecond} ?id=own {from: "schema"}`] },
          ).tasks,
          ...handlersFor({ crontab: noteIn(bySource.crontab), entry: noteIn(bySource.entry) })
            .tasks,
        ]),
      },
      crontab: `# a comment\n${everySecond} crontab {from: "crontab"}`,
      cronEntries: [{ task: "entry", schedule: everySecond, payload: { from: "entry" } }],
    });
    await until(() => Object.values(bySource).every((seen) => seen.length >= 3));
    await worker.stop();
    for (const [from, seen] of Object.entries(bySource)) {
      expectNoGap(seen);
      expect(seen[0]).toEqual({
        payload: { from },
        cron: { ts: expect.any(String) as string, backfilled: false },
      });
    }
    expect(await knownEntries()).toEqual(["crontab", "entry", "own"]);
  });

  test("generated tasks, whose closed schemas know nothing of _cron", async () => {
    const seen: Seen[] = [];
    const { connectionString } = database;
    const worker = await startWorker({
      connectionString,
      handlers: definePartialHandlers({ send_daily_report: noteIn(seen) }),
      cronEntries: [
        cron.expression("send_daily_report", everySecond, { payload: { date: "2025-01-01" } }),
      ],
    });
    await until(() => seen.length > 0);
    await worker.stop();
    expect(seen[0]).toEqual({
      payload: { date: "2025-01-01", recipients: [] },
      cron: { ts: expect.stringMatching(/T.*\.000Z$/u) as string, backfilled: false },
    });
  });

  test("and claims what it added at once, without hearing of it or polling", async () => {
    const seen: Seen[] = [];
    const { connectionString } = database;
    const worker = await startWorker({
      connectionString,
      handlers: handlersFor({ task: noteIn(seen) }, { cron: [everySecond] }),
      listen: false,
      pollIntervalMs: 3_600_000,
    });
    await until(() => seen.length >= 2);
    await worker.stop();
    expectNoGap(seen);
  });

  test("and tells of it, in events and in its log", async () => {
    const told: string[] = [];
    const messages: string[] = [];
    const note = (message: string) => void messages.push(message);
    const { connectionString } = database;
    const names = ["cron:starting", "cron:started", "cron:schedule", "cron:scheduled"] as const;
    const on: WorkerListeners = Object.fromEntries(
      names.map((name) => [
        name,
        ({ workerId }: { readonly workerId: string }) => void told.push(`${workerId} ${name}`),
      ]),
    );
    const worker = await startWorker({
      connectionString,
      workerId: "me",
      handlers: handlersFor({ task: () => {} }, { cron: [everySecond] }),
      on,
      logger: { debug: note, info: note, warn: note, error: note },
    });
    await until(() => told.length >= names.length);
    await worker.stop();
    expect(told.slice(0, names.length)).toEqual(names.map((name) => `me ${name}`));
    expect(messages).toEqual(
      expect.arrayContaining(["Schedules recurring jobs.", "Recurring job was added."]),
    );
  });

  test("what other workers run, if it may", async () => {
    const { connectionString, pool } = database;
    const worker = await startWorker({
      connectionString,
      handlers: handlersFor({ own: () => {} }),
      crontab: `${everySecond} elsewhere ?queue=q {any: "thing"}`,
      cronUnknownTasks: "allow",
    });
    await until(async () => (await listJobs(pool)).length >= 2);
    await worker.stop();
  });
});

describe("nothing is scheduled", () => {
  const crontab = `${everySecond} task`;

  test("by a worker that is told not to, though it runs what others schedule", async () => {
    const seen: Seen[] = [];
    const { connectionString, pool } = database;
    const worker = await startWorker({
      connectionString,
      handlers: handlersFor({ task: noteIn(seen) }, { cron: [`${everySecond} ?id=own`] }),
      crontab,
      cron: false,
    });
    const _cron = { ts: "2025-01-01T00:00:00Z" };
    await addJob(pool, "task", { payload: { _cron } });
    await until(() => seen.length > 0);
    await worker.stop();
    expect(seen).toEqual([{ payload: {}, cron: { ..._cron, backfilled: false } }]);
    expect(await knownEntries()).toEqual([]);
  });

  test("by a single run", async () => {
    const { connectionString, pool } = database;
    await addJob(pool, "task");
    await runOnce({ connectionString, handlers: handlersFor({ task: () => {} }), crontab });
    expect(await listJobs(pool)).toEqual([]);
    expect(await knownEntries()).toEqual([]);
  });

  test("once a stop has begun, however long running jobs take", async () => {
    const gate = new Gate();
    const stopping = new Gate();
    const events: string[] = [];
    const { connectionString, pool } = database;
    const worker = await startWorker({
      connectionString,
      concurrency: 1,
      handlers: handlersFor({ task: () => gate.opened }),
      crontab,
      on: {
        "cron:schedule": () => void events.push("tick"),
        "pool:gracefulShutdown": () => stopping.open(),
      },
    });
    await until(() => events.length >= 1);
    const stopped = worker.stop();
    await stopping.opened;
    const before = events.length;
    const { rows } = await pool.query<{ now: string }>(
      "select ceil(extract(epoch from now()))::bigint::text as now",
    );
    await until(() => Date.now() / 1000 > Number(rows[0]?.now) + 2);
    gate.open();
    await stopped;
    expect(events.length).toBe(before);
  });
});

test("a database that is away delays ticks and loses none", async () => {
  const seen: Seen[] = [];
  const failed: number[] = [];
  const { connectionString } = database;
  const worker = await startWorker({
    connectionString,
    handlers: handlersFor({ task: noteIn(seen) }, { cron: [everySecond] }),
    on: { "cron:error": ({ attempts }) => void failed.push(attempts) },
  });
  await until(() => seen.length >= 1);
  await withOutage(database, () => until(() => Math.max(0, ...failed) >= 4));
  const back = Math.floor(Date.now() / 1000);
  await until(() => secondsOf(seen).some((second) => second > back + 1));
  await worker.stop();
  expectNoGap(seen);
});
