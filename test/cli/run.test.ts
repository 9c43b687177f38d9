import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Project } from "../support/project.js";
import { runCommand, type CommandOptions } from "../support/command-line.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { handlersModule as handlers } from "./support.js";

const mail = `'{"to":"ada@example.com","subject":"Hello","body":"…"}'`;

let database: TestDatabase;
let project: Project;

beforeAll(async () => {
  database = await createDatabase();
  project = await Project.create({ "package.json": { type: "module" } });
  expect(await run(["migrate"])).toMatchObject({ code: 0 });
});

beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
});

afterAll(async () => {
  await database.drop();
  await project[Symbol.asyncDispose]();
});

function run(args: readonly string[], options: CommandOptions = {}) {
  const env = { DATABASE_URL: database.connectionString, ...options.env };
  return runCommand(project.folder, args, { ...options, env });
}

async function addMail(): Promise<void> {
  await database.pool.query(`select graphile_worker.add_job('send_email', ${mail})`);
}

test("run --once runs a TypeScript module's handlers with its app, and tells what it did", async () => {
  await project.write({
    "sent.ts": "export const sent: string[] = [];",
    "worker.ts": handlers(
      "ctx.app.send(payload.to); if (ctx.app.count > 1) throw new Error('No more.');",
      `
      import { sent } from "./sent.js";
      export const app = async () => ({
        count: 0,
        send(to: string) { sent.push(to); this.count += 1; },
        async [Symbol.asyncDispose]() { process.emit("taskwright-test" as never, sent.join() as never); },
      });
      export const options = { concurrency: 1 };`,
    ),
  });
  const disposed = new Promise((resolve) => {
    process.once("taskwright-test" as never, resolve as never);
  });
  await addMail();
  await addMail();
  const result = await run(["run", "worker.ts", "--once", "--json"]);
  expect(result).toMatchObject({ code: 0 });
  expect(JSON.parse(result.out)).toMatchObject({ ok: true, completed: 1, failed: 1 });
  expect(await disposed).toBe("ada@example.com,ada@example.com");
  const lines = result.err.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find(({ message }) => message === "Job failed.")).toMatchObject({
    level: "warn",
    error: { message: "No more." },
  });
  expect(result.err).not.toContain("ada@example.com");
});

test("run takes the module from the config, and a default export", async () => {
  await using it = await Project.create({
    "package.json": { type: "module" },
    "taskwright.config.json": { handlers: "src/jobs.ts" },
    "src/jobs.ts": handlers("").replace("export const handlers =", "export default"),
  });
  await addMail();
  const env = { DATABASE_URL: database.connectionString };
  const result = await runCommand(it.folder, ["run", "--once"], { env });
  expect(result).toMatchObject({
    code: 0,
    out: "1 completed, 0 failed: nothing is due any more",
  });
});

test("run works until it is told to end, and then ends well", async () => {
  await project.write({ "worker.ts": handlers("") });
  const end = new AbortController();
  const ending = run(["run", "worker.ts", "--log-level", "debug"], {
    signal: end.signal,
    onLine: (line) => {
      if (line.includes("Listens")) void addMail();
      if (line.includes("Job succeeded")) end.abort();
    },
  });
  expect(await ending).toMatchObject({ code: 0, out: "" });
  const { rows } = await database.pool.query("select from graphile_worker._private_jobs");
  expect(rows).toEqual([]);
});

test("run that is told to end before it has begun does nothing", async () => {
  await project.write({ "worker.ts": handlers("") });
  const signal = AbortSignal.abort();
  expect(await run(["run", "worker.ts"], { signal })).toMatchObject({ code: 0 });
});

test.each([
  ["no module", {}, ["run"], /No file with handlers was named/u],
  ["a module that isn't there", {}, ["run", "none.ts"], /There is no file .*none\.ts/u],
  [
    "a module without handlers",
    { "a.ts": "export const x = 1;" },
    ["run", "a.ts"],
    /a\.ts exports no handlers\..*defineHandlers/u,
  ],
  [
    "handlers that aren't bound",
    { "a.ts": "export const handlers = { send_email() {} };" },
    ["run", "a.ts"],
    /wasn't made by defineHandlers/u,
  ],
  [
    "a syntax error",
    { "a.ts": "export const handlers = {;" },
    ["run", "a.ts"],
    /a\.ts can't be loaded/u,
  ],
  [
    "an import of nothing",
    { "a.ts": 'import { x } from "./nowhere.js"; export const handlers = x;' },
    ["run", "a.ts"],
    /a\.ts can't be loaded.*nowhere/su,
  ],
  [
    "an option that the command line gives",
    { "a.ts": handlers("", 'export const options = { schema: "x" };') },
    ["run", "a.ts"],
    /can't hold schema/u,
  ],
  [
    "an option that doesn't exist",
    { "a.ts": handlers("", "export const options = { concurency: 1 };") },
    ["run", "a.ts"],
    /Did you mean "concurrency"/u,
  ],
  [
    "a broken crontab",
    { "a.ts": handlers(""), crontab: "61 * * * * send_email\n" },
    ["run", "a.ts", "--crontab", "crontab"],
    /CRONTAB_INVALID/u,
  ],
])("run refuses %s", async (_case, files, args, message) => {
  await using it = await Project.create({ "package.json": { type: "module" }, ...files });
  const env = { DATABASE_URL: database.connectionString };
  const { code, err } = await runCommand(it.folder, args, { env });
  expect(code).toBe(1);
  expect(err).toMatch(message);
  expect(err).not.toMatch(/\n\s+at /u);
});

test("run refuses flags that make no sense", async () => {
  for (const args of [
    ["--deadline", "5s"],
    ["--once", "--deadline", "soon"],
    ["--concurrency", "0"],
    ["--log-level", "loud"],
  ]) {
    expect(await run(["run", "worker.ts", ...args])).toMatchObject({ code: 2 });
  }
});

test("run needs no URL where libpq's variables name the database", async () => {
  await project.write({ "worker.ts": handlers("") });
  const url = new URL(database.connectionString);
  const variables = {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: url.username,
    PGPASSWORD: url.password,
    PGDATABASE: url.pathname.slice(1),
  };
  // pg reads them from the process.
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  try {
    await addMail();
    const env = { DATABASE_URL: "", PGHOST: url.hostname };
    const result = await run(["run", "worker.ts", "--once"], { env });
    expect(result).toMatchObject({ code: 0, out: expect.stringContaining("1 completed") });
  } finally {
    vi.unstubAllEnvs();
  }
});

test("a module's path may be a URL's worth of odd characters", async () => {
  await project.write({ "wörker #1 %20.ts": handlers("") });
  const result = await run(["run", "wörker #1 %20.ts", "--once"]);
  expect(result).toMatchObject({ code: 0 });
});
