import { rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { generate } from "../../codegen/index.js";
import { migrate, runOnce } from "taskwright";
import {
  addImportContacts,
  addProcessUser,
  addSendEmail,
  defineHandlers,
} from "../../generated/tasks/index.js";
import { findScheduleFaults } from "../../src/cron/task-schedules.js";
import { runCommand } from "../support/command.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { peerFolder, runPeer } from "../support/peer.js";

const root = path.resolve(import.meta.dirname, "../..");
const output = path.join(peerFolder, "generated");
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  await migrate({ connectionString: database.connectionString });
  await rm(output, { recursive: true, force: true });
  const schemas = path.join(root, "schemas");
  const tasks = {
    root,
    schemas,
    output,
    schema: "graphile_worker",
    graphileWorker: true,
    checkSchedule: findScheduleFaults,
  };
  expect((await generate({ tasks })).problems).toEqual([]);
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

function runProject(mode: "enqueue" | "run"): Promise<string> {
  const flags = ["--import=tsx", "--conditions=taskwright-source"] as const;
  return runPeer(...flags, "shared-schemas.ts", mode, database.connectionString);
}

async function leftJobs(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    "select task_identifier, last_error from graphile_worker.jobs order by id",
  );
  return rows;
}

describe("a project of Node's graphile-worker that shares the schemas", () => {
  test("type-checks, and is kept from wrong payloads by the compiler", async () => {
    const tsc = path.join(root, "node_modules/.bin/tsc");
    const { code, stdout } = await runCommand(tsc, ["-p", "."], { cwd: peerFolder });
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  test("enqueues, and we run", async () => {
    await runProject("enqueue");
    const ran: unknown[] = [];
    await runOnce({
      connectionString: database.connectionString,
      handlers: defineHandlers({
        send_email: ({ subject }) => ran.push(subject),
        process_user: ({ plan }) => ran.push(plan),
        send_daily_report: () => ran.push("report"),
        import_contacts: (contacts) => void ran.push(contacts.length),
      }),
    });
    expect(new Set(ran)).toEqual(new Set(["From the peer", "free", 1]));
    expect(await leftJobs()).toEqual([]);
  });

  test("runs what we enqueue, in its own run()", async () => {
    const { pool } = database;
    await addSendEmail(pool, { to: "us@example.com", subject: "From us", body: "…" });
    await addProcessUser(pool, { userId: "u1", action: { kind: "signup", source: "web" } });
    await addImportContacts(pool, [{ accountId: 1, email: "a@example.com" }]);
    const lines = (await runProject("run")).trim().split("\n");
    const ran = lines.map((line) => JSON.parse(line) as { task: string; payload: unknown });
    expect(ran).toEqual(
      expect.arrayContaining([
        {
          task: "send_email",
          payload: { to: "us@example.com", subject: "From us", body: "…" },
        },
        { task: "process_user", payload: { plan: "FREE" } },
        { task: "import_contacts", payload: ["a@example.com"] },
      ]),
    );
    expect(ran).toHaveLength(3);
    expect(await leftJobs()).toEqual([]);
  });

  test("fails a payload that breaks its schema, before the handler sees it", async () => {
    await database.pool.query(
      `select graphile_worker.add_job('send_email', '{"to":"nobody","_cron":{"ts":"x"}}')`,
    );
    expect(await runProject("run")).toBe("");
    expect(await leftJobs()).toEqual([
      {
        task_identifier: "send_email",
        last_error: expect.stringMatching(/\/subject is required[\s\S]*\/body is required/u),
      },
    ]);
  });

  test("gets defaults and loses the scheduler's additions", async () => {
    await database.pool.query(
      `select graphile_worker.add_job('send_daily_report', '{"_cron":{"ts":"x"},"_trace":{}}')`,
    );
    expect(JSON.parse(await runProject("run"))).toEqual({ task: "send_daily_report", payload: [] });
  });
});
