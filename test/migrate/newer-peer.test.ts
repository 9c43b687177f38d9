import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { migrate, removeJob, retryJobs, runJobsNow, startWorker } from "../../src/index.js";
import { insertJobs } from "../../src/jobs/insert.js";
import { catalogue } from "../../src/migrate/catalogue.js";
import { claim, registerDead, settle, sweepOnce } from "../recovery/support.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { addJob, Gate, handlersFor, listJobs, until } from "../worker/support.js";
import { continueAsRust, migrateAsRust } from "./rust.js";

const broughtBy21 = [
  "add_job",
  "add_jobs",
  "delete_stale_workers",
  "list_orphan_locked_workers",
  "list_stale_workers",
  "recover_dead_worker_jobs",
  "worker_deregister",
  "worker_heartbeat",
];
const broughtBy22 = [
  ...broughtBy21,
  "_private_return_jobs",
  "permanently_fail_jobs",
  "remove_job",
  "reschedule_jobs",
].sort();

/** The functions of the schema: their signatures, settings and bodies. */
async function readFunctions(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ definition: string }>(
    `select pg_get_functiondef(oid) as definition from pg_proc
     where pronamespace = 'graphile_worker'::regnamespace order by 1`,
  );
  return rows.map(({ definition }) => definition);
}

/** The names of the functions that aren't ours. */
async function readForeign(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select proname::text as name from pg_proc
     where pronamespace = 'graphile_worker'::regnamespace and prosrc not like '%-- taskwright: %'
     order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function withDatabase<T>(use: (database: TestDatabase) => Promise<T>): Promise<T> {
  const database = await createDatabase();
  try {
    return await use(database);
  } finally {
    await database.drop();
  }
}

test("each function of ours can be made without the others of its file", () => {
  for (const { functions, statements } of catalogue) {
    const named = statements.flatMap(({ functionName }) => functionName ?? []);
    expect(named).toEqual([...functions.keys()]);
  }
});

describe.each([
  [21, broughtBy21],
  [22, broughtBy22],
] as const)("on the Rust crate's revision %i", (revision, brought) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
    await migrateAsRust(revision, database.pool, database.connectionString);
  });
  afterAll(() => database.drop());

  test("migrate gives the same functions before the crate's migration and after it", async () => {
    const { pool } = database;
    expect(await migrate({ pool })).toMatchObject({
      migrated: true,
      state: { status: "newer", revision, missing: [] },
    });
    expect(await readForeign(pool)).toEqual(brought);
    await withDatabase(async (other) => {
      await migrate({ pool: other.pool });
      await continueAsRust(revision, other.pool);
      await migrate({ pool: other.pool });
      expect(await readFunctions(other.pool)).toEqual(await readFunctions(pool));
    });
    expect(await migrate({ pool })).toMatchObject({ migrated: false });
  });

  test("the warning names the functions that were left, and a worker that starts logs it", async () => {
    const { pool } = database;
    const { warnings } = await migrate({ pool });
    expect(warnings).toEqual([expect.stringContaining("of the Rust crate graphile_worker")]);
    const [warning = ""] = warnings;
    for (const name of brought.filter((name) => name !== "_private_return_jobs")) {
      expect(warning).toMatch(new RegExp(`\\b${name}\\b`, "u"));
    }
    expect(warning).not.toMatch(/complete_jobs|force_unlock_workers/u);
    const told: string[] = [];
    const logged: string[] = [];
    const log = (message: string) => void logged.push(message);
    const worker = await startWorker({
      pool,
      handlers: handlersFor({ work: () => {} }),
      logger: { debug: () => {}, info: () => {}, warn: log, error: () => {} },
      on: { "migrate:warning": ({ message }) => void told.push(message) },
    });
    await worker.stop();
    expect(told).toEqual(warnings);
    expect(logged).toEqual(warnings);
  });

  test("an older version of ours that replaced the crate's is brought up to date", async () => {
    const { pool } = database;
    await pool.query(
      `create or replace function graphile_worker.delete_stale_workers(worker_ids text[]) returns void
       language sql as $$
         -- taskwright: delete_stale_workers 0
         select
       $$`,
    );
    expect(await migrate({ pool })).toMatchObject({ migrated: false });
    await pool.query(
      `create or replace function graphile_worker.recover_dead_worker_jobs(
         worker_ids text[], recovery_delay interval default interval '0 seconds'
       ) returns int language sql as $$
         -- taskwright: recover_dead_worker_jobs 2
         select 0
       $$`,
    );
    expect(await migrate({ pool })).toMatchObject({ migrated: true });
    expect((await readFunctions(pool)).join("\n")).not.toContain("recover_dead_worker_jobs 2");
  });

  describe("a job that", () => {
    const queries = bindQueries({ schema: "graphile_worker", preparedStatements: false });
    beforeAll(async () => {
      await database.drop();
      database = await createDatabase();
      await migrateAsRust(revision, database.pool, database.connectionString);
      await migrate({ pool: database.pool });
    });
    beforeEach(() =>
      database.pool.query(
        `delete from graphile_worker._private_jobs; delete from graphile_worker._private_job_queues;
         delete from graphile_worker._private_workers`,
      ),
    );

    const retirements: Readonly<Record<string, () => Promise<unknown>>> = {
      "was replaced by the crate's function": () =>
        addJob(database.pool, "work", { key: "k", runAt: new Date(Date.now() + 3_600_000) }),
      "was replaced by our client": () =>
        insertJobs(queries, database.pool, [
          { identifier: "work", payload: "{}", spec: { jobKey: "k" } },
        ]),
      "was removed": () => removeJob(database.pool, "k"),
    };
    const cases = Object.entries(retirements).map(([how, retire]) => ({ how, retire }));

    async function claimOne() {
      await registerDead(database.pool, "dead");
      const [job] = await claim(database.pool, "dead");
      return job ?? expect.fail("Nothing was claimed.");
    }
    const isAvailable = async (id: string) => {
      const { rows } = await database.pool.query(
        "select is_available from graphile_worker._private_jobs where id = $1 and locked_at is null",
        [id],
      );
      return (rows as { is_available: boolean }[])[0]?.is_available;
    };

    test.each(cases)(
      "$how while it ran isn't run again after a sweep of ours",
      async ({ retire }) => {
        await addJob(database.pool, "work", { key: "k" });
        const job = await claimOne();
        await retire();
        await sweepOnce(database.pool);
        expect(await isAvailable(job.id)).toBe(false);
      },
    );

    test.each(cases)(
      "$how while it ran isn't run again when it is given back",
      async ({ retire }) => {
        await addJob(database.pool, "work", { key: "k" });
        const job = await claimOne();
        await retire();
        await settle(database.pool, "dead", job, "returned");
        expect(await isAvailable(job.id)).toBe(false);
      },
    );

    // The crate itself has markers, and so a way not to run them again, from 22 on.
    test.each(revision === 22 ? cases : [])(
      "$how while it ran isn't run again by the crate",
      async ({ retire }) => {
        await addJob(database.pool, "work", { key: "k" });
        const job = await claimOne();
        await retire();
        await database.pool.query("select graphile_worker.recover_dead_worker_jobs('{dead}')");
        expect(await isAvailable(job.id)).toBe(false);
      },
    );

    test("is on its last attempt is given back", async () => {
      await addJob(database.pool, "work", { maxAttempts: 1 });
      const job = await claimOne();
      await settle(database.pool, "dead", job, "returned");
      expect(await isAvailable(job.id)).toBe(true);
    });

    test.each([
      ["was replaced by the crate's function", "goes on", undefined],
      ["was removed", "is aborted", "removed"],
    ] as const)("%s while one of our workers runs it %s", async (how, _what, expected) => {
      const { pool } = database;
      const begun = new Gate();
      const end = new Gate();
      let cause: unknown;
      const handlers = handlersFor({
        work: async (_, { signal }) => {
          begun.open();
          const aborted = new Promise<void>((resolve) => {
            signal.addEventListener("abort", () => {
              cause = (signal.reason as { details?: { cause?: string } }).details?.cause;
              resolve();
            });
          });
          await Promise.race([aborted, end.opened]);
        },
      });
      await addJob(pool, "work", { key: "k" });
      await using worker = await startWorker({ pool, handlers, pollIntervalMs: 20 });
      await begun.opened;
      await retirements[how]?.();
      // Each claim comes at least a poll after the one before it, and so do the looks.
      let claims = 0;
      worker.events.on("worker:getJob:empty", () => void (claims += 1));
      await until(() => (expected === undefined ? claims >= 4 : cause !== undefined));
      // The job that took its place may end before it does.
      await pool.query("delete from graphile_worker._private_jobs where key = 'k'");
      claims = 0;
      await until(() => expected !== undefined || claims >= 4);
      expect(cause).toBe(expected);
      end.open();
      await until(async () => (await listJobs(pool)).every(({ locked_by }) => locked_by === null));
    });
  });
});

test.each([
  ["retryJobs", retryJobs],
  ["runJobsNow", runJobsNow],
] as const)("%s takes the crate's marker from a job that is to run again", (_name, revive) =>
  withDatabase(async ({ pool, connectionString }) => {
    await migrateAsRust(22, pool, connectionString);
    await migrate({ pool });
    const countMarkers = async () => {
      const { rows } = await pool.query("select from graphile_worker._private_job_retirements");
      return rows.length;
    };
    const runAt = new Date(Date.now() + 3_600_000);
    const id = await addJob(pool, "work", { maxAttempts: 1, runAt });
    await pool.query("select graphile_worker.permanently_fail_jobs(array[$1::bigint])", [id]);
    expect(await countMarkers()).toBe(1);
    // runJobsNow leaves alone what has failed for good.
    if (revive === runJobsNow) {
      await pool.query("update graphile_worker._private_jobs set attempts = 0");
    }
    expect(await revive(pool, [id])).toMatchObject({ jobs: [{ id }] });
    expect(await countMarkers()).toBe(0);
    await registerDead(pool, "dead");
    expect(await claim(pool, "dead")).toMatchObject([{ id }]);
    await sweepOnce(pool);
    expect(await listJobs(pool)).toMatchObject([{ id, attempts: 0, locked_by: null }]);
  }),
);
