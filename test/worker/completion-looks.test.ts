import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Database } from "../../src/database/database.js";
import type { Executor, StatementExecutor } from "../../src/database/executor.js";
import { bindQueries } from "../../src/database/queries.js";
import type { ClaimedJob } from "../../src/worker/claimed-job.js";
import { CompletionLooks } from "../../src/worker/completion-looks.js";
import { Completion } from "../../src/worker/completion.js";
import type { TestDatabase } from "../support/database.js";
import { claimJobs } from "./claims.js";
import { addJobs, createQueue } from "./support.js";
import { plainTypes } from "../support/plain-types.js";

const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createQueue();
  db = new Database({ pool: database.pool });
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

describe("a look at jobs", () => {
  async function claim(count: number): Promise<ClaimedJob[]> {
    await addJobs(database.pool, "task", count);
    return claimJobs(queries, db, { maxJobs: count });
  }

  function looksAround(around: (run: () => Promise<unknown>) => Promise<unknown> = (run) => run()) {
    const executor: StatementExecutor = {
      query: (text, values) =>
        around(() => db.query(text, values)) as ReturnType<Executor["query"]>,
      execute: (statement) => around(() => db.execute(statement)) as ReturnType<Executor["query"]>,
    };
    return new CompletionLooks({ queries, db: executor, workerId: "me" });
  }

  test("looks at all in one statement that are asked about together", async () => {
    const jobs = await claim(30);
    let statements = 0;
    const looks = looksAround((run) => {
      statements += 1;
      return run();
    });
    const seen = await Promise.all(jobs.map((job) => looks.look(job, [])));
    const free = { isThere: true, isHeld: true, isFree: true, isCommitted: false };
    expect(seen).toEqual(jobs.map(({ id }) => ({ id, ...free })));
    expect(statements).toBe(1);
  });

  test("looks again when the database doesn't answer", async () => {
    const [job] = await claim(1);
    if (job === undefined) throw new Error("A job was added.");
    let statements = 0;
    const looks = looksAround(async (run) => {
      statements += 1;
      if (statements < 3) throw Object.assign(new Error("cut off"), { code: "ECONNRESET" });
      return run();
    });
    const completion = new Completion(job, { queries, looks, workerId: "me" });
    await db.withTransaction((tx) => completion.completeIn(tx, true));
    expect(await completion.result()).toBe("committed");
    expect(statements).toBe(3);
  });

  /** Commits a completion whose call gets its answer when `answer` is called. */
  async function commitWithLateAnswer(completion: Completion) {
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let call = Promise.resolve();
    await db.withTransaction(
      (tx) =>
        new Promise<void>((executed) => {
          const query: Executor["query"] = async (text, values) => {
            const result = await tx.query(text, values);
            executed();
            await answered;
            return result;
          };
          call = completion.completeIn({ query }, true);
        }),
    );
    return { call, answer };
  }

  test("waits for a call whose answer is under way, though the row is gone", async () => {
    const [job] = await claim(1);
    if (job === undefined) throw new Error("A job was added.");
    let looks = 0;
    let onSecondLook = (): void => {};
    const lookedTwice = new Promise<string>((resolve) => {
      onSecondLook = () => resolve("looked twice");
    });
    const around = looksAround((run) => {
      looks += 1;
      if (looks === 2) onSecondLook();
      return run();
    });
    const completion = new Completion(job, { queries, looks: around, workerId: "me" });
    const { call, answer } = await commitWithLateAnswer(completion);
    const result = completion.result();
    expect(await Promise.race([result, lookedTwice])).toBe("looked twice");
    answer();
    await call;
    expect(await result).toBe("committed");
  });

  test("looks again when a call has its answer during the look", async () => {
    const [job] = await claim(1);
    if (job === undefined) throw new Error("A job was added.");
    let looks = 0;
    let end = async (): Promise<void> => {};
    const around = looksAround(async (run) => {
      looks += 1;
      const rows = await run();
      if (looks === 1) await end();
      return rows;
    });
    const completion = new Completion(job, { queries, looks: around, workerId: "me" });
    const { call, answer } = await commitWithLateAnswer(completion);
    end = async () => {
      answer();
      await call;
    };
    expect(await completion.result()).toBe("committed");
    expect(looks).toBe(2);
  });

  test("waits for a transaction that is open, and for no other one", async () => {
    const [job] = await claim(1);
    if (job === undefined) throw new Error("A job was added.");
    const completion = new Completion(job, { queries, looks: looksAround(), workerId: "me" });
    const client = new Client({ connectionString: database.connectionString, types: plainTypes });
    await client.connect();
    try {
      await client.query("begin");
      await completion.completeIn(client, false);
      const result = completion.result();
      const early = await Promise.race([
        result,
        looksAround()
          .look(job, [])
          .then(() => "open"),
      ]);
      expect(early).toBe("open");
      await client.query("commit");
      expect(await result).toBe("committed");
    } finally {
      await client.end();
    }
  });

  test("takes a transaction that the server has not reached yet for one that a fail-over lost", async () => {
    const [job] = await claim(1);
    if (job === undefined) throw new Error("A job was added.");
    await database.pool.query("delete from graphile_worker._private_jobs");
    const look = await looksAround().look(job, [`${10n ** 15n}`]);
    expect(look).toMatchObject({ isThere: false, isHeld: false, isCommitted: false });
  });

  test("knows a transaction whose completion lost its answer", async () => {
    const [job] = await claim(1);
    if (job === undefined) throw new Error("A job was added.");
    const completion = new Completion(job, { queries, looks: looksAround(), workerId: "me" });
    await db.withTransaction(async (tx) => {
      let statements = 0;
      const losing: Executor = {
        query: async (text, values) => {
          const result = await tx.query(text, values);
          statements += 1;
          if (statements === 1) throw new Error("Query read timeout");
          return result;
        },
      };
      await expect(completion.completeIn(losing, true)).rejects.toThrow("timeout");
    });
    expect(completion.isWritten).toBe(true);
    expect(await completion.result()).toBe("committed");
  });
});
