import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "../support/command-line.js";
import { startCommand } from "../support/command-process.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { Project } from "../support/project.js";
import { Proxy } from "../support/proxy.js";
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
async function startAtWork(
  handler: string,
  {
    options = "export const options = { shutdownTimeoutMs: 600_000 };",
    connectionString = database.connectionString,
  } = {},
) {
  await project.write({
    "worker.ts": handlersModule(`ctx.log.info("at work"); ${handler}`, options),
  });
  const command = startCommand(project.folder, ["run", "worker.ts"], {
    DATABASE_URL: connectionString,
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

describe("a container runtime that sends SIGTERM, and SIGKILL 10 s later, kills no worker with default options", () => {
  /** Resolves to the exit code and the signal that ended the process. */
  async function stopAsContainer({ child, closed }: Awaited<ReturnType<typeof startAtWork>>) {
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    const end = await closed;
    clearTimeout(killer);
    return end;
  }
  const busy = "await new Promise(() => {});";

  test("whose handler ignores its signal; the job goes back", async () => {
    const command = await startAtWork(busy, { options: "" });
    expect(await stopAsContainer(command)).toEqual([0, null]);
    expect(await listJobs()).toEqual([{ attempts: 0, locked_by: null }]);
  });

  test("whose database doesn't answer any more; a sweep will free the job", async () => {
    const proxy = await Proxy.before(database.connectionString);
    const connectionString = proxy.through(database.connectionString);
    const command = await startAtWork(busy, { options: "", connectionString });
    proxy.goDeaf();
    expect(await stopAsContainer(command)).toEqual([1, null]);
    expect(await listJobs()).toEqual([{ attempts: 1, locked_by: expect.any(String) as string }]);
    await proxy.close();
  });
});
