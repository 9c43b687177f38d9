import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { migrate, removeJob, startWorker } from "../../src/index.js";
import { insertJobs } from "../../src/jobs/insert.js";
import { migrateAsRust } from "../migrate/rust.js";
import { readCatalogue } from "../support/catalogue.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { addJob, Gate, handlersFor, listJobs, until } from "../worker/support.js";
import { RustPeer } from "./rust-peer.js";

// Beside the real crate, graphile_worker 0.14.1, at its revision 22.

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: false });

/** Adds a keyed job as our helpers and clients do. */
const addKeyed = (n: number) =>
  insertJobs(queries, database.pool, [
    { identifier: "work", payload: JSON.stringify({ n }), spec: { jobKey: "k" } },
  ]);

async function readFunctions({ pool }: TestDatabase): Promise<string[]> {
  const { rows } = await pool.query<{ definition: string }>(
    `select pg_get_functiondef(oid) as definition from pg_proc
     where pronamespace = 'graphile_worker'::regnamespace order by 1`,
  );
  return rows.map(({ definition }) => definition);
}

test("what the other tests take for the crate's revision 22 has its catalogue", async () => {
  await using _peer = await RustPeer.start(database.connectionString);
  const other = await createDatabase();
  await migrateAsRust(22, other.pool, other.connectionString);
  const [crates, ours] = await Promise.all([
    readCatalogue(database.pool),
    readCatalogue(other.pool),
  ]);
  await other.drop();
  expect(ours).toEqual(crates);
});

test("migrate gives the same functions before the crate's migration and after it", async () => {
  const other = await createDatabase();
  await migrate({ pool: other.pool });
  await using _later = await RustPeer.start(other.connectionString);
  await migrate({ pool: other.pool });
  await using _first = await RustPeer.start(database.connectionString);
  await migrate({ pool: database.pool });
  expect(await readFunctions(database)).toEqual(await readFunctions(other));
  await other.drop();
});

describe("a job that the crate's worker runs", () => {
  const changes = [
    ["replaced", () => addKeyed(2)],
    ["removed", () => removeJob(database.pool, "k")],
  ] as const;
  const ends = [
    ["stops", (peer: RustPeer) => peer.stop()],
    ["is killed", (peer: RustPeer) => peer.kill()],
  ] as const;
  const cases = changes.flatMap(([how, change]) =>
    ends.map(([what, end]) => ({ how, change, what, end })),
  );

  test.each(cases)(
    "and that we $how isn't run again after it $what",
    async ({ how, change, end }) => {
      const { pool, connectionString } = database;
      await using peer = await RustPeer.start(connectionString);
      await migrate({ pool });
      await addKeyed(1);
      await peer.tell("work");
      await peer.hear("start 1");
      await change();
      await end(peer);
      await using next = await RustPeer.start(connectionString);
      await next.tell("work");
      await next.tell("finish");
      if (how === "replaced") await next.hear("end 2");
      await until(async () =>
        (await listJobs(pool)).every(
          ({ attempts, locked_by: holder }) => attempts === 25 && !holder,
        ),
      );
      expect(next.said).not.toContain("start 1");
    },
  );
});

test("a job of ours that the crate replaces while it runs goes on, one that it removes is aborted", async () => {
  const { pool, connectionString } = database;
  await using peer = await RustPeer.start(connectionString);
  const begun = new Map([1, 2].map((n) => [n, new Gate()]));
  const end = new Gate();
  const aborted: unknown[] = [];
  const handlers = handlersFor({
    work: async ({ n }, { signal }) => {
      begun.get(n as number)?.open();
      const abort = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          aborted.push(n);
          resolve();
        });
      });
      await Promise.race([abort, end.opened]);
    },
  });
  await addJob(pool, "work", { key: "k", payload: { n: 1 } });
  const worker = await startWorker({ pool, handlers, pollIntervalMs: 20 });
  await begun.get(1)?.opened;
  await peer.tell("add k 2");
  await begun.get(2)?.opened;
  // Each claim comes at least a poll after the one before it, and so do the looks.
  let claims = 0;
  worker.events.on("worker:getJob:empty", () => void (claims += 1));
  await until(() => claims >= 3);
  await peer.tell("remove k");
  await until(() => aborted.length > 0);
  end.open();
  await until(async () => (await listJobs(pool)).every(({ locked_by: holder }) => !holder));
  await worker.stop();
  expect(aborted).toEqual([2]);
});
