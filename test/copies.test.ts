import { cp, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as taskwright from "../src/index.js";
import { isAbortSignal, isError, isValidDate } from "../src/kinds.js";
import type { TestDatabase } from "./support/database.js";
import { addJob, createQueue, handlersFor, listJobs } from "./worker/support.js";

const repository = path.resolve(import.meta.dirname, "..");
let folder: string;
let copy: typeof taskwright;
let database: TestDatabase;

/** A second copy of the package: the same files at another place are other modules. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(repository, "node_modules", ".taskwright-copy-"));
  for (const name of ["src", "generated", "package.json"]) {
    await cp(path.join(repository, name), path.join(folder, name), { recursive: true });
  }
  copy = (await import(path.join(folder, "src/index.ts"))) as typeof taskwright;
  database = await createQueue();
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function runFailing(thrown: unknown) {
  await database.pool.query("delete from graphile_worker._private_jobs");
  await addJob(database.pool, "fail");
  const handlers = handlersFor({ fail: () => Promise.reject(thrown) });
  await taskwright.runOnce({ pool: database.pool, handlers });
  return (await listJobs(database.pool))[0];
}

describe("a second copy of the package", () => {
  test("is another one, whose classes instanceof doesn't know", () => {
    expect(copy.NonRetriableError).not.toBe(taskwright.NonRetriableError);
    expect(new copy.NonRetriableError("no")).not.toBeInstanceOf(taskwright.TaskwrightError);
  });

  test("has errors that say when, or whether, a job is tried again", async () => {
    expect(await runFailing(new copy.NonRetriableError("no"))).toMatchObject({ attempts: 25 });
    const after = new Date("2120-01-01T00:00:00Z");
    expect(await runFailing(new copy.RetryAfterError("later", { after }))).toMatchObject({
      attempts: 1,
      run_at: after,
    });
  });

  test("has errors that are recognised by their class and their code", () => {
    const failures = new Map([[1, new Error("x")]]);
    for (const [error, own] of [
      [new copy.NonRetriableError("no"), taskwright.NonRetriableError],
      [new copy.RetryAfterError("later", { after: 1 }), taskwright.RetryAfterError],
      [new copy.BatchError("task", 2, failures), taskwright.BatchError],
      [
        new copy.BulkError("task", { added: 1, skipped: 0, inDoubt: 0, index: 0 }, "x"),
        taskwright.BulkError,
      ],
    ] as const) {
      expect(own.is(error)).toBe(true);
      expect(taskwright.TaskwrightError.is(error)).toBe(true);
      expect(own.is(new Error("x"))).toBe(false);
    }
    expect(taskwright.NonRetriableError.is(new copy.RetryAfterError("x", { after: 1 }))).toBe(
      false,
    );
    expect(taskwright.TaskwrightError.is(Object.assign(new Error("x"), { code: "JOB_LOST" }))).toBe(
      false,
    );
    for (const value of [undefined, null, 1, "x", {}, () => {}]) {
      expect(taskwright.TaskwrightError.is(value)).toBe(false);
    }
  });

  test("has batch errors that leave the failed items to the retry", async () => {
    const { pool } = database;
    await pool.query("delete from graphile_worker._private_jobs");
    await addJob(pool, "batch", { payload: [1, 2, 3] });
    const failures = new Map([[1, new Error("no")]]);
    const handlers = handlersFor(
      { batch: () => Promise.reject(new copy.BatchError("batch", 3, failures)) },
      { batch: {} },
    );
    await taskwright.runOnce({ pool, handlers });
    expect(await listJobs(pool)).toMatchObject([{ payload: [2], attempts: 1 }]);
  });

  test("has handlers that this one's worker runs", async () => {
    const { pool } = database;
    await pool.query("delete from graphile_worker._private_jobs");
    await addJob(pool, "work");
    let runs = 0;
    const task = copy.defineTask({
      identifier: "work",
      schema: "graphile_worker",
      validator: () => true,
    });
    const handlers = copy.bindHandlers({ work: task }, { work: () => void (runs += 1) });
    await taskwright.runOnce({ pool, handlers });
    expect(runs).toBe(1);
  });
});

describe("another realm", () => {
  const make = (code: string): unknown => runInNewContext(code);

  test("has kinds that are recognised", () => {
    expect(isError(make("new TypeError('x')"))).toBe(true);
    expect(isError(make("({ message: 'x' })"))).toBe(false);
    expect(isValidDate(make("new Date(0)"))).toBe(true);
    expect(isValidDate(make("new Date(NaN)"))).toBe(false);
    expect(
      isAbortSignal(make("({ aborted: false, addEventListener() {}, removeEventListener() {} })")),
    ).toBe(true);
    expect(isAbortSignal({ aborted: false })).toBe(false);
  });

  test("has Errors that fail an item of a batch, returned or settled", async () => {
    const { pool } = database;
    await pool.query("delete from graphile_worker._private_jobs");
    await addJob(pool, "batch", { payload: [1, 2, 3, 4] });
    const handlers = handlersFor(
      {
        batch: () => [
          make("new Error('returned')"),
          null,
          make("({ status: 'rejected', reason: new Error('settled') })"),
          make("Promise.reject(new Error('rejected'))"),
        ],
      },
      { batch: {} },
    );
    await taskwright.runOnce({ pool, handlers });
    const [job] = await listJobs(pool);
    expect(job).toMatchObject({ payload: [1, 3, 4] });
    expect(job?.last_error).toContain("item 0: returned\nitem 2: settled\nitem 3: rejected");
  });

  test("has Errors that are thrown as they are", async () => {
    expect(await runFailing(make("new TypeError('foreign')"))).toMatchObject({
      last_error: "foreign",
    });
  });

  test("has Dates that are times", async () => {
    const after = make("new Date('2120-01-01T00:00:00Z')") as Date;
    expect(await runFailing(new taskwright.RetryAfterError("later", { after }))).toMatchObject({
      run_at: new Date("2120-01-01T00:00:00Z"),
    });
    const job = await runFailing(new Error("x"));
    const { jobs } = await taskwright.rescheduleJobs(database.pool, [job?.id ?? ""], {
      runAt: after,
    });
    expect(jobs).toHaveLength(1);
    expect(taskwright.comingTicks([], { after })).toEqual([]);
  });

  test("has Maps and Sets that are refused as payloads, of which JSON keeps nothing", async () => {
    for (const code of ["new Map([[1, 2]])", "new Set([1])", "/x/", "new Error('x')"]) {
      const task = taskwright.defineTask({
        identifier: "work",
        schema: "graphile_worker",
        validator: () => true,
      });
      const adding = taskwright.enqueue(database.pool, task, { value: make(code) });
      await expect(adding).rejects.toMatchObject({ code: "PAYLOAD_INVALID" });
    }
  });
});
