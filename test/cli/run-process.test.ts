import { afterEach, beforeEach, expect, test } from "vitest";
import { runCommand } from "../support/command-line.js";
import { startCommand } from "../support/command-process.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { Project } from "../support/project.js";
import { handlersModule } from "./support.js";

let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  database = await createDatabase();
  project = await Project.create({ "package.json": { type: "module" } });
  await runCommand(project.folder, ["migrate", "--connection", database.connectionString]);
  await database.pool.query(
    `select graphile_worker.add_job('send_email', '{"to":"a@b.example","subject":"s","body":"b"}')`,
  );
});

afterEach(async () => {
  await database.drop();
  await project[Symbol.asyncDispose]();
});

/** Starts a worker and waits until it is at work on its job. */
async function startAtWork(handler: string) {
  await project.write({
    "worker.ts": handlersModule(
      `ctx.log.info("at work"); ${handler}`,
      "export const options = { shutdownTimeoutMs: 600_000 };",
    ),
  });
  const command = startCommand(project.folder, ["run", "worker.ts"], {
    DATABASE_URL: database.connectionString,
  });
  await command.says("at work");
  return command;
}

async function listJobs(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    "select attempts, locked_by from graphile_worker._private_jobs",
  );
  return rows;
}

test.each(["SIGTERM", "SIGINT"] as const)("%s lets the running job end", async (signal) => {
  const command = await startAtWork(`
    const until = (name) => new Promise((resolve) => process.once(name, resolve));
    await until("${signal}");
    await new Promise((resolve) => setImmediate(resolve));`);
  command.child.kill(signal);
  expect(await command.closed).toEqual([0, null]);
  expect(command.text()).toContain(`${signal} was received`);
  expect(await listJobs()).toEqual([]);
});

test("a second signal gives the running job back, and the exit code tells", async () => {
  const command = await startAtWork("await new Promise(() => {});");
  command.child.kill("SIGTERM");
  await command.says("Worker stops");
  command.child.kill("SIGTERM");
  expect(await command.closed).toEqual([1, null]);
  expect(await listJobs()).toEqual([{ attempts: 0, locked_by: null }]);
});
