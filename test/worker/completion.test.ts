import { Client, Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Database } from "../../src/database/database.js";
import { runOnce, type Executor, type Handler, type WorkerEventName } from "../../src/index.js";
import { libraries } from "../drivers/libraries.js";
import type { TestDatabase } from "../support/database.js";
import { addJob, countLocks, createQueue, handlersFor, listJobs } from "./support.js";
import { plainTypes } from "../support/plain-types.js";

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createQueue();
  db = new Database({ pool: database.pool });
  await database.pool.query("create table effects (job_id text)");
});
afterAll(() => database.drop());
beforeEach(() =>
  database.pool.query("delete from graphile_worker._private_jobs; delete from effects"),
);

const addEffect = "insert into effects values ($1)";
const watched = ["job:success", "job:error", "job:complete", "job:lost"] as const;

async function countEffects(): Promise<number> {
  return (await database.pool.query("select from effects")).rowCount ?? -1;
}

/** Runs one job with the handler and tells the events that concerned it. */
async function runWith(handler: Handler<Record<string, unknown>>): Promise<WorkerEventName[]> {
  const events: WorkerEventName[] = [];
  const on = Object.fromEntries(watched.map((name) => [name, () => void events.push(name)]));
  await addJob(database.pool, "work");
  const { connectionString } = database;
  await runOnce({ connectionString, handlers: handlersFor({ work: handler }), on });
  expect(await countLocks(database.pool)).toBe(0);
  return events;
}

/** Runs `fn` with a connection of its own. */
async function withClient<T>(fn: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: database.connectionString, types: plainTypes });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

async function undo(tx: Executor, fn: () => Promise<unknown>): Promise<void> {
  await tx.query("savepoint mine", []);
  await fn();
  await tx.query("rollback to savepoint mine", []);
}

describe("a completion in a savepoint that is rolled back", () => {
  test("is undone, though the transaction around it commits", async () => {
    const events = await runWith((_, { job, withTransaction, completeIn }) =>
      withTransaction(async (tx) => {
        await tx.query(addEffect, [job.id]);
        await undo(tx, () => completeIn(tx));
      }),
    );
    expect(events).toEqual(["job:error", "job:complete"]);
    expect(await countEffects()).toBe(1);
    const [job] = await listJobs(database.pool);
    expect(job).toMatchObject({ attempts: 1, locked_by: null });
    expect(job?.last_error).toContain("was rolled back");
  });

  test("can be made again in the same transaction", async () => {
    const events = await runWith((_, { job, withTransaction, completeIn }) =>
      withTransaction(async (tx) => {
        await tx.query(addEffect, [job.id]);
        await undo(tx, () => completeIn(tx));
        await completeIn(tx);
      }),
    );
    expect(events).toEqual(["job:success", "job:complete"]);
    expect(await countEffects()).toBe(1);
    expect(await listJobs(database.pool)).toEqual([]);
  });
});

describe("a second completion in the same transaction, refused in a savepoint", () => {
  const completeTwice = async (tx: Executor, completeIn: (tx: Executor) => Promise<void>) => {
    await completeIn(tx);
    await undo(tx, () => expect(completeIn(tx)).rejects.toMatchObject({ code: "JOB_LOST" }));
  };

  test("leaves the first to the transaction's commit", async () => {
    const events = await runWith((_, { job, withTransaction, completeIn }) =>
      withTransaction(async (tx) => {
        await tx.query(addEffect, [job.id]);
        await completeTwice(tx, completeIn);
      }),
    );
    expect(events).toEqual(["job:success", "job:complete"]);
    expect(await countEffects()).toBe(1);
    expect(await listJobs(database.pool)).toEqual([]);
  });

  test.each(["the context's", "the handler's"])(
    "leaves it to the rollback of %s transaction",
    async (whose) => {
      const fail = Promise.reject<void>(new Error("after all"));
      fail.catch(() => {});
      const events = await runWith(async (_, ctx) => {
        const work = async (tx: Executor) => {
          await tx.query(addEffect, [ctx.job.id]);
          await completeTwice(tx, ctx.completeIn);
        };
        if (whose === "the context's") {
          await ctx.withTransaction((tx) => work(tx).then(() => fail)).catch(() => {});
        } else {
          await withClient(async (client) => {
            await client.query("begin");
            await work(client);
            await client.query("rollback");
          });
        }
      });
      expect(events).toEqual(["job:error", "job:complete"]);
      expect(await countEffects()).toBe(0);
      expect(await listJobs(database.pool)).toMatchObject([{ attempts: 1, locked_by: null }]);
    },
  );
});

test("a job that others took after a rollback, and completed, is lost", async () => {
  const { pool } = database;
  const events = await runWith(async (_, ctx) => {
    await ctx
      .withTransaction(async (tx) => {
        await ctx.completeIn(tx);
        throw new Error("undo");
      })
      .catch(() => {});
    await pool.query("delete from graphile_worker._private_jobs");
  });
  expect(events).toEqual(["job:error", "job:lost"]);
});

test("a job that others took after a rollback to a savepoint, and hold, is lost and stays theirs", async () => {
  const { pool } = database;
  await addJob(pool, "work");
  const events: string[] = [];
  const handlers = handlersFor({
    work: async (_, ctx) => {
      await ctx.withTransaction((tx) => undo(tx, () => ctx.completeIn(tx)));
      await pool.query("update graphile_worker._private_jobs set locked_by = 'other'");
    },
  });
  await runOnce({ pool, handlers, on: { "job:lost": () => events.push("lost") } });
  expect(events).toEqual(["lost"]);
  expect(await listJobs(pool)).toMatchObject([{ locked_by: "other" }]);
});

describe("what is no transaction is refused, and nothing is changed", () => {
  /** The handler catches the error and returns: the job completes as any other. */
  async function refuse(open: () => Promise<readonly [Executor, () => Promise<unknown>]>) {
    let code: unknown;
    let stillThere: unknown;
    const events = await runWith(async (_, ctx) => {
      const [executor, end] = await open();
      await ctx.completeIn(executor).catch((error: { code: unknown }) => {
        code = error.code;
      });
      stillThere = (await listJobs(database.pool))[0]?.id === ctx.job.id;
      await end();
    });
    expect([code, stillThere]).toEqual(["OPTION_INVALID", true]);
    expect(events).toEqual(["job:success", "job:complete"]);
    expect(await listJobs(database.pool)).toEqual([]);
  }

  test.each([1, 5])("a pool of %i", async (max) => {
    await refuse(async () => {
      const pool = new Pool({ connectionString: database.connectionString, max });
      return [pool, () => pool.end()];
    });
  });

  test("a client without BEGIN", async () => {
    await refuse(async () => {
      const client = new Client({ connectionString: database.connectionString, types: plainTypes });
      await client.connect();
      return [client, () => client.end()];
    });
  });

  test("our own connections", async () => {
    await refuse(async () => [db, async () => {}]);
  });

  test("the context's db", async () => {
    let code: unknown;
    await runWith(async (_, ctx) => {
      await ctx.completeIn(ctx.db).catch((error: { code: unknown }) => {
        code = error.code;
      });
    });
    expect(code).toBe("OPTION_INVALID");
  });

  test.each(Object.entries(libraries))("the connections of %s", async (_, open) => {
    await refuse(async () => {
      const library = open(database.connectionString);
      return [library.db, library.end];
    });
  });

  test.each([undefined, null, 1, {}, "pool"])("%j", async (tx) => {
    let code: unknown;
    await runWith(async (_, ctx) => {
      await ctx.completeIn(tx as never).catch((error: { code: unknown }) => {
        code = error.code;
      });
    });
    expect(code).toBe("EXECUTOR_INVALID");
  });
});
