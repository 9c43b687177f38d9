import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  addImportContacts,
  addProcessUser,
  addSendDailyReport,
  addSendEmail,
  addSendEmailJobs,
} from "../../generated/tasks/index.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ connectionString: database.connectionString });
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("delete from graphile_worker._private_jobs"));

const email = { to: "ada@example.com", subject: "Hello", body: "…" };

async function countJobs(): Promise<number> {
  const { rows } = await database.pool.query("select from graphile_worker.jobs");
  return rows.length;
}

describe("an enqueue helper", () => {
  test("adds a job with the schema's defaults and answers with it", async () => {
    const job = await addSendEmail(database.pool, email);
    expect(job).toMatchObject({
      task: "send_email",
      payload: email,
      queueName: "mail:ada@example.com",
      maxAttempts: 5,
      priority: 0,
      attempts: 0,
      key: null,
      lockedAt: null,
      flags: [],
    });
    expect(job.id).toMatch(/^\d+$/u);
    expect(job.runAt).toBeInstanceOf(Date);
  });

  test("lets the caller's options win", async () => {
    const runAt = new Date("2040-02-03T04:05:06.789Z");
    const job = await addSendEmail(database.pool, email, {
      runAt,
      priority: -5,
      queueName: null,
      maxAttempts: 1,
      jobKey: "once",
      flags: ["bulk", "eu"],
    });
    expect(job).toMatchObject({
      runAt,
      priority: -5,
      queueName: null,
      maxAttempts: 1,
      key: "once",
    });
    expect(new Set(job.flags)).toEqual(new Set(["bulk", "eu"]));
  });

  test("stores what the handler will get, defaults included", async () => {
    const job = await addProcessUser(database.pool, {
      userId: "u1",
      action: { kind: "signup", source: "web" },
    });
    expect(job.payload.plan).toBe("free");
    const { rows } = await database.pool.query(
      "select payload from graphile_worker._private_jobs where id = $1",
      [job.id],
    );
    expect(rows).toEqual([{ payload: job.payload }]);
  });

  test("needs no payload when the schema asks for none", async () => {
    expect(await addSendDailyReport(database.pool)).toMatchObject({ payload: { recipients: [] } });
  });

  test("refuses a bad payload before it touches the database", async () => {
    const untouched = { query: () => Promise.reject(new Error("It was touched.")) };
    await expect(addSendEmail(untouched, { ...email, to: "nobody" })).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      details: { task: "send_email", issues: [{ pointer: "/to", rule: "format" }] },
    });
    await expect(addSendEmail(untouched, email, { priority: 1e9 })).rejects.toMatchObject({
      code: "SPEC_INVALID",
    });
  });

  test("commits and rolls back with the caller's transaction", async () => {
    const client = await database.pool.connect();
    await client.query("begin");
    await addSendEmail(client, email);
    expect(await countJobs()).toBe(0);
    await client.query("rollback");
    expect(await countJobs()).toBe(0);
    await client.query("begin");
    await addSendEmail(client, email);
    await client.query("commit");
    client.release();
    expect(await countJobs()).toBe(1);
  });

  test("takes any driver with query(text, values)", async () => {
    const texts: string[] = [];
    const driver = {
      query: (text: string, values: unknown[]) => {
        texts.push(text);
        return database.pool.query(text, values);
      },
    };
    await addSendEmail(driver, email);
    expect(texts).toHaveLength(1);
    expect(await countJobs()).toBe(1);
  });
});

describe("an enqueue helper for several jobs", () => {
  test("answers in the order of the items, in one round trip, keyed and unkeyed", async () => {
    const items = Array.from({ length: 50 }, (_, index) => ({
      payload: { ...email, subject: `#${index}` },
      ...(index % 3 === 0 ? { spec: { jobKey: `key-${index % 12}` } } : {}),
    }));
    let roundTrips = 0;
    const counting = {
      query: (text: string, values: unknown[]) => {
        roundTrips++;
        return database.pool.query(text, values);
      },
    };
    const jobs = await addSendEmailJobs(counting, items);
    expect(roundTrips).toBe(1);
    const unkeyed = jobs.filter(({ key }) => key === null);
    expect(unkeyed.map(({ payload }) => payload.subject)).toEqual(
      items.filter(({ spec }) => spec === undefined).map(({ payload }) => payload.subject),
    );
    // Of the items with one key, each is answered with the job that the last one made.
    expect(jobs.map(({ key }) => key)).toEqual(items.map(({ spec }) => spec?.jobKey ?? null));
    expect(await countJobs()).toBe(unkeyed.length + 4);
    expect(jobs[0]?.payload.subject).toBe("#48");
  });

  test("adds none when one is bad, and says which", async () => {
    const items = [{ payload: email }, { payload: { ...email, subject: "" } }];
    await expect(addSendEmailJobs(database.pool, items)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      details: { index: 1, issues: [{ pointer: "/subject", rule: "minLength" }] },
    });
    expect(await countJobs()).toBe(0);
  });

  test("does nothing for no item", async () => {
    expect(await addSendEmailJobs(database.pool, [])).toEqual([]);
  });
});

describe("an enqueue helper of a batch task", () => {
  const contacts = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ accountId: 1, email: `c${n}@example.com` }));

  test("puts the items into one job, and into several past the schema's maxItems", async () => {
    const jobs = await addImportContacts(database.pool, contacts(1_201));
    expect(jobs.map(({ payload }) => payload.length)).toEqual([500, 500, 201]);
    expect(jobs[2]?.payload[200]).toEqual({ accountId: 1, email: "c1200@example.com" });
  });

  test("merges into the waiting job through a key", async () => {
    const [first] = await addImportContacts(database.pool, contacts(2), { jobKey: "all" });
    const [second] = await addImportContacts(database.pool, contacts(3), { jobKey: "all" });
    expect(second?.id).toBe(first?.id);
    expect(second?.payload).toHaveLength(5);
  });

  test("points at the bad item", async () => {
    const bad = [...contacts(1), { accountId: 0, email: "x" }];
    await expect(addImportContacts(database.pool, bad)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      details: {
        issues: expect.arrayContaining([expect.objectContaining({ pointer: "/1/accountId" })]),
      },
    });
  });

  test("adds no job for no item", async () => {
    expect(await addImportContacts(database.pool, [])).toEqual([]);
  });
});
