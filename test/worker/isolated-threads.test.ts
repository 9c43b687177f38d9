import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runOnce, startWorker, type Plugin, type StartOptions } from "../../src/index.js";
import type { TestDatabase } from "../support/database.js";
import { TestProcess } from "../support/process.js";
import { Project } from "../support/project.js";
import {
  drain,
  isolation,
  listEffects,
  startIsolated,
  TestLog,
  withIsolation,
} from "./isolated/support.js";
import { addJob, createQueue, listJobs, until } from "./support.js";

let database: TestDatabase;
let project: Project;

beforeAll(async () => {
  database = await createQueue();
  await database.pool.query(
    "create table effects (id serial primary key, job_id text, report json)",
  );
});

afterAll(() => database.drop());

beforeEach(async () => {
  project = await Project.create();
  await database.pool.query("delete from effects; delete from graphile_worker._private_jobs");
});

afterEach(() => project[Symbol.asyncDispose]());

const add = (task: string, payload: unknown = {}, spec: object = {}) =>
  addJob(database.pool, task, { ...spec, payload });

/** A module for the threads: `base` is what the tests' handlers export. */
async function writeModule(text: string): Promise<URL> {
  const handlers = JSON.stringify(new URL("./isolated/handlers.ts", import.meta.url).href);
  await project.write({
    "module.mjs": `import * as base from ${handlers};\n${text}`,
  });
  return pathToFileURL(path.join(project.folder, "module.mjs"));
}

test("a worker with an isolated task must name the module with its handlers", async () => {
  const options = { ...withIsolation(database), isolation: {} } as StartOptions<unknown>;
  await expect(startWorker(options)).rejects.toMatchObject({
    code: "OPTION_INVALID",
    message: expect.stringMatching(
      /Task report is isolated.*isolation: \{ module: new URL/u,
    ) as string,
  });
});

describe("a module that isn't what it must be fails the job, and says why", () => {
  test.each([
    ["it can't be read", "export const handlers = {;", "OPTION_INVALID", /can't be loaded: /u],
    ["it throws", "throw new Error('no licence');", "OPTION_INVALID", /no licence/u],
    ["it has no handlers", "export const handler = 1;", "OPTION_INVALID", /must export handlers/u],
    [
      "it lacks the task",
      "export const handlers = { tasks: new Map() };",
      "TASK_UNKNOWN",
      /report/u,
    ],
    [
      "its app can't be made",
      "export const { handlers } = base; export const app = () => { throw new Error('no app'); };",
      undefined,
      /^no app$/u,
    ],
    [
      "it starts a worker",
      `import { startWorker } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)};
       await startWorker({ connectionString: "postgres://", handlers: base.handlers, isolation: { module: import.meta.url } });`,
      "OPTION_INVALID",
      /A worker was started in a thread/u,
    ],
  ])("%s", async (_what, text, code, message) => {
    const module = await writeModule(text);
    const id = await add("report", {}, { maxAttempts: 1 });
    const { errors } = await drain(database, { isolation: { module } });
    const error = errors.get(id);
    expect(error?.message).toMatch(message);
    expect((error as { readonly code?: string }).code).toBe(code);
  });

  test("its import never ends", async () => {
    const module = await writeModule("await new Promise(() => setInterval(() => {}, 1000));");
    const id = await add("report", {}, { maxAttempts: 1 });
    const { errors } = await drain(database, { isolation: { module, loadTimeoutMs: 500 } });
    expect(errors.get(id)).toMatchObject({ code: "JOB_CRASHED", details: { cause: "load" } });
    expect(errors.get(id)?.message).toContain("within 500 ms");
  });

  test("threads that can't even start, at once", async () => {
    for (const execArgv of [["--import", "./no-such-file.js"], ["--no-such-option"]]) {
      const id = await add("report", {}, { maxAttempts: 1 });
      const { errors } = await drain(database, { isolation: { execArgv } });
      expect(errors.get(id)).toMatchObject({ code: "JOB_CRASHED", details: { cause: "load" } });
    }
  });

  test("until it is put right: the next job has a new thread", async () => {
    const flag = path.join(project.folder, "flag");
    const module = await writeModule(`
      import { existsSync } from "node:fs";
      if (!existsSync(${JSON.stringify(flag)})) throw new Error("not yet");
      export const { handlers, app } = base;`);
    await using worker = await startIsolated(database, { isolation: { module, maxThreads: 1 } });
    const failed = new Promise((resolve) => worker.events.once("job:error", resolve));
    await add("report", {}, { maxAttempts: 1 });
    await failed;
    await project.write({ flag: "" });
    const done = new Promise((resolve) => worker.events.once("job:success", resolve));
    await add("report");
    await done;
  });
});

describe("apps", () => {
  let file: string;

  beforeEach(() => {
    file = path.join(project.folder, "told");
    process.env["TASKWRIGHT_TEST_FILE"] = file;
  });

  afterEach(() => {
    delete process.env["TASKWRIGHT_TEST_FILE"];
  });

  const told = async () => (await readFile(file, "utf8").catch(() => "")).trim().split("\n");

  test("are made once a thread, and disposed of at a stop", async () => {
    for (let n = 0; n < 4; n += 1) await add("report");
    await drain(database, { isolation: { maxThreads: 1 } });
    const [made = "", ...rest] = await told();
    expect(made).toMatch(/^made /u);
    expect(rest).toEqual([made.replace("made", "disposed")]);
  });

  // A thread that is still loading at the stop isn't waited for.
  test("are made at most once in each of several threads", async () => {
    for (let n = 0; n < 4; n += 1) await add("report");
    await drain(database, { isolation: { maxThreads: 2 } });
    const made = (await told()).filter((line) => line.startsWith("made"));
    expect(made.length).toBeGreaterThan(0);
    expect(made).toHaveLength(new Set(made).size);
    expect(made.length).toBeLessThanOrEqual(2);
  });

  test("are disposed of in a thread that is idle, and the next job has a new one", async () => {
    await using worker = await startIsolated(database, { isolation: { idleTimeoutMs: 2000 } });
    for (const count of [1, 2]) {
      const done = new Promise((resolve) => worker.events.once("job:complete", resolve));
      await add("report");
      expect(await done).toMatchObject({ error: undefined });
      await until(async () => (await told()).length === 2 * count, "the app to be disposed of");
    }
    const kinds = (await told()).map((line) => line.split(" ")[0]);
    expect(kinds).toEqual(["made", "disposed", "made", "disposed"]);
  });
});

describe("plugins", () => {
  const seen: string[] = [];
  const around: Plugin = {
    name: "around",
    run: async ({ task, payload }, next) => {
      seen.push(`${task.identifier} ${JSON.stringify(payload)}`);
      const result = await next();
      seen.push(result);
      return result;
    },
  };
  const marking: Plugin = {
    name: "marking",
    enqueue: (_request, next) => next({ payload: { marked: "here" } }),
  };

  test("stand around isolated handlers in the worker's own thread", async () => {
    await add("report", { a: 1 });
    await drain(database, { plugins: [around] });
    expect(seen).toEqual(['report {"a":1}', "completed"]);
  });

  test("that change added jobs must be exported for the threads", async () => {
    const id = await add("write", { ends: "added outside" }, { maxAttempts: 1 });
    const { errors } = await drain(database, { plugins: [marking] });
    expect(errors.get(id)).toMatchObject({ code: "OPTION_INVALID" });
    expect(errors.get(id)?.message).toContain("with the plugin marking");
  });

  test("that the module exports change the jobs that isolated handlers add", async () => {
    const module = await writeModule(`
      export const { handlers, app } = base;
      const enqueue = (request, next) => next({ payload: { marked: "there" } });
      export const options = { plugins: [{ name: "marking", enqueue }, { name: "other", enqueue }] };`);
    await add("write", { ends: "added" });
    const payloads: unknown[] = [];
    await drain(database, {
      plugins: [marking],
      isolation: { module },
      on: { "job:success": ({ job }) => payloads.push(job.payload) },
    });
    expect(payloads).toEqual([{ ends: "added" }, { marked: "there" }]);
  });
});

describe("threads connect as the worker does", () => {
  const run = (options: object) =>
    runOnce<unknown>({
      ...withIsolation(database),
      connectionString: undefined,
      ...options,
    } as unknown as StartOptions<unknown>);

  test("with a given pool's options, its password too", async () => {
    const { hostname, port, username, password, pathname, searchParams } = new URL(
      database.connectionString,
    );
    await using pool = closing(
      new Pool({
        host: searchParams.get("host") ?? hostname,
        port: Number(port),
        user: username,
        password,
        database: pathname.slice(1),
      }),
    );
    await add("report");
    expect(await run({ pool: pool.it })).toMatchObject({ completed: 1 });
    expect(await listEffects(database.pool)).toHaveLength(1);
  });

  test("with a connection string, when the pool's options can't be sent", async () => {
    const { connectionString } = database;
    await using pool = closing(new Pool({ connectionString, password: () => "secret" }));
    await add("report");
    await expect(run({ pool: pool.it })).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("isolation.connectionString") as string,
    });
    const named = { ...isolation, connectionString };
    expect(await run({ pool: pool.it, isolation: named })).toMatchObject({ completed: 1 });
  });
});

function closing(pool: Pool) {
  return { it: pool, [Symbol.asyncDispose]: () => pool.end() };
}

test("an error in an idle thread is told, and the next job has a new thread", async () => {
  const logger = new TestLog();
  await using worker = await startIsolated(database, { logger, isolation: { maxThreads: 1 } });
  const told = new Promise((resolve) => worker.events.once("thread:error", resolve));
  await add("throw_afterwards");
  expect(await told).toMatchObject({ error: { message: "nobody catches it" } });
  expect(logger.find("A thread of isolated tasks ended")).toHaveLength(1);
  const done = new Promise((resolve) => worker.events.once("job:complete", resolve));
  await add("report");
  expect(await done).toMatchObject({ error: undefined });
  expect(await listJobs(database.pool)).toEqual([]);
});

test("a process with threads ends by itself after the stop", async () => {
  await add("report");
  const child = TestProcess.startScript(
    "test/worker/processes/isolated.ts",
    database.connectionString,
  );
  expect(await child.exit).toEqual({ code: 0, signal: null });
  expect(child.lines).toEqual(["completed"]);
});
