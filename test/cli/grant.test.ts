import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Client } from "pg";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { createRole, type TestRole } from "../support/roles.js";
import { DatabaseCommands } from "./support.js";

let commands: DatabaseCommands;
let database: TestDatabase;
let role: TestRole;
beforeAll(async () => {
  commands = await DatabaseCommands.create();
  database = await createDatabase();
  role = await createRole(database);
});
afterAll(async () => {
  await role.drop();
  await database.drop();
  await commands[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await run("migrate");
  await run("grant", "--role", role.name, "--as=reader", "--revoke");
});

const run = (...args: string[]) =>
  commands.run(args, { env: { DATABASE_URL: database.connectionString } });
const runAs = (...args: string[]) =>
  commands.run(args, { env: { DATABASE_URL: role.connectionString } });

test("grant makes a command work that row level security kept from answering, and --revoke ends it", async () => {
  await database.pool.query("select graphile_worker.add_job('a')");
  const refused = await runAs("stats");
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toContain(`taskwright grant --role=${role.name} --as=reader`);
  expect(refused.err).toContain("[PRIVILEGE_MISSING]");

  expect(await run("grant", `--role=${role.name}`, "--as=reader")).toMatchObject({
    code: 0,
    out: `role ${role.name} may now act as reader on schema graphile_worker`,
  });
  expect(await runAs("stats")).toMatchObject({ code: 0, out: expect.stringContaining("a") });

  await run("grant", `--role=${role.name}`, "--as=reader", "--revoke");
  expect(await runAs("jobs", "list", "--json")).toMatchObject({ code: 1 });
});

test("every command that meets a missing right says which grant is missing", async () => {
  await database.pool.query(`
    grant usage on schema graphile_worker to ${role.name};
    grant all on all tables in schema graphile_worker to ${role.name};`);
  const lines = [
    ["stats"],
    ["jobs", "list"],
    ["jobs", "show", "1"],
    ["jobs", "retry", "1"],
    ["queues"],
    ["workers"],
    ["pause"],
    ["pause", "task", "a"],
    ["resume", "task", "a"],
    ["cleanup", "--yes"],
    ["sweep"],
    ["unlock", "w", "--yes"],
    ["cron", "list"],
  ];
  for (const line of lines) {
    const { code, err } = await runAs(...line);
    expect([line, code, err]).toEqual([
      line,
      1,
      expect.stringMatching(/taskwright grant --role=\w+ --as=(reader|operator)/u),
    ]);
  }
});

test("--sql prints statements and changes nothing", async () => {
  const { code, out } = await run("grant", `--role=${role.name}`, "--as=reader", "--sql");
  expect(code).toBe(0);
  expect(out.split("\n")[0]).toBe(`grant usage on schema graphile_worker to ${role.name};`);
  expect(await runAs("stats")).toMatchObject({ code: 1 });
  await database.pool.query(out);
  expect(await runAs("stats")).toMatchObject({ code: 0 });
});

test("a kind that doesn't exist and a missing role are wrong usage", async () => {
  expect(await run("grant", "--role=x", "--as=owner")).toMatchObject({ code: 2 });
  expect(await run("grant", "--as=reader")).toMatchObject({ code: 2 });
});

test("migrate stops waiting for locks after --wait-for-locks, and names who holds them", async () => {
  await database.pool.query("drop index graphile_worker.taskwright_queue_heads_index");
  const holder = new Client({ connectionString: database.connectionString });
  await holder.connect();
  try {
    await holder.query("begin; select graphile_worker.add_job('a')");
    const { code, err } = await run("migrate", "--lock-timeout=1s", "--wait-for-locks=1s");
    expect([code, err]).toEqual([1, expect.stringContaining("RowExclusiveLock on _private_jobs")]);
    expect(err).toContain("[SCHEMA_LOCKED]");
  } finally {
    await holder.end();
  }
});
