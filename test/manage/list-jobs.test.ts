import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { sendEmail, type SendEmailPayload } from "../../generated/tasks/index.js";
import {
  completeJobs,
  getJob,
  listJobs,
  pauseQueue,
  pauseTask,
  type Job,
  type JobPage,
  type JobState,
  type ListJobsOptions,
  type StoredJob,
} from "../../src/index.js";
import { createQueues, later, schemas, type TestQueue, type TestQueues } from "./support.js";

let queues: TestQueues;
beforeAll(async () => {
  queues = await createQueues();
});
afterAll(() => queues.database.drop());

describe.each(schemas)("in schema %s", (schema) => {
  let queue: TestQueue;
  beforeAll(() => {
    queue = queues.in(schema);
  });
  beforeEach(() => queue.clear());

  const list = (options: ListJobsOptions = {}) =>
    listJobs(queue.pool, { order: "oldest", ...options, schema });
  const ids = async (options: ListJobsOptions = {}) =>
    (await list(options)).jobs.map(({ id }) => id);

  /** A job in each state, and a second one that waits. */
  async function addOneOfEach(): Promise<Record<JobState | "paused", string>> {
    const ready = await queue.add("a");
    const running = await queue.add("a", { queueName: "busy" });
    const waiting = await queue.add("b", { queueName: "busy" });
    const scheduled = await queue.add("b", { runAt: later() });
    const retrying = await queue.add("b", { queueName: "busy" });
    const failed = await queue.add("c", { runAt: later() });
    const paused = await queue.add("c");
    await queue.lock(running.id);
    await queue.sql(
      `update graphile_worker._private_jobs set attempts = 1, run_at = now() + interval '1 minute'
      where id = $1`,
      [retrying.id],
    );
    await queue.fail(failed.id);
    await pauseTask(queue.pool, "c", { schema });
    return {
      ready: ready.id,
      running: running.id,
      waiting: waiting.id,
      scheduled: scheduled.id,
      retrying: retrying.id,
      failed: failed.id,
      paused: paused.id,
    };
  }

  test("a job has a state, and a list can be of some states", async () => {
    const { paused, ...one } = await addOneOfEach();
    for (const [state, id] of Object.entries(one)) {
      expect(await getJob(queue.pool, id, { schema })).toMatchObject({ id, state });
      const expected = state === "waiting" ? [id, paused] : [id];
      expect(await ids({ state: state as JobState })).toEqual(expected);
    }
    expect(await ids({ state: ["failed", "ready"] })).toEqual([one.ready, one.failed]);
    expect(await ids()).toHaveLength(7);
  });

  test.each(["9223372036854775808", "99999999999999999999", "-1", "", "one"])(
    "the id %j is refused with the range of ids",
    async (id) => {
      for (const ask of [
        () => getJob(queue.pool, id, { schema }),
        () => completeJobs(queue.pool, [id], { schema }),
      ]) {
        await expect(ask()).rejects.toMatchObject({
          code: "OPTION_INVALID",
          message: expect.stringContaining("from 0 to 9223372036854775807") as string,
        });
      }
      expect(await getJob(queue.pool, "9223372036854775807", { schema })).toBeUndefined();
    },
  );

  test("a paused queue's due jobs wait, its scheduled ones are scheduled", async () => {
    const due = await queue.add("a", { queueName: "q" });
    await queue.add("a", { queueName: "q", runAt: later() });
    await pauseQueue(queue.pool, "q", { schema });
    expect(await ids({ state: "waiting" })).toEqual([due.id]);
  });

  test("a job is told with all it has", async () => {
    const runAt = new Date("2040-01-02T03:04:05.678Z");
    const spec = { runAt, priority: -3, queueName: "q", maxAttempts: 7, jobKey: "k", flags: ["f"] };
    const payload = { text: 'né "quoted" \u0000', deep: [1.5, null] };
    const added = await queue.add("a", spec, payload);
    const expected: StoredJob = {
      id: added.id,
      task: "a",
      payload,
      queueName: "q",
      priority: -3,
      runAt,
      attempts: 0,
      maxAttempts: 7,
      lastError: null,
      createdAt: added.createdAt,
      updatedAt: added.updatedAt,
      key: "k",
      lockedAt: null,
      lockedBy: null,
      revision: 0,
      flags: ["f"],
      state: "scheduled",
    };
    expect(await getJob(queue.pool, added.id, { schema })).toEqual(expected);
    await queue.lock(added.id, "me");
    expect(await getJob(queue.pool, added.id, { schema })).toEqual({
      ...expected,
      attempts: 1,
      state: "running",
      lockedAt: expect.any(Date),
      lockedBy: "me",
    });
    expect(await getJob(queue.pool, "9223372036854775807", { schema })).toBeUndefined();
  });

  test("times that JavaScript doesn't have become its last and its first", async () => {
    const { id } = await queue.add("a");
    const runAt = async () => (await getJob(queue.pool, id, { schema }))?.runAt.getTime();
    const set = (time: string) =>
      queue.sql(`update graphile_worker._private_jobs set run_at = $1`, [time]);
    await set("infinity");
    expect(await runAt()).toBe(8.64e15);
    await set("-infinity");
    expect(await runAt()).toBe(-8.64e15);
    await set("12026-11-25 00:00:00.001+00");
    expect(await runAt()).toBe(Date.UTC(12026, 10, 25, 0, 0, 0, 1));
  });

  test("a list is of some tasks, a queue, a key, flags or a text", async () => {
    const a = await queue.add(
      "a",
      { queueName: "q", jobKey: "Order:1" },
      { to: "Ada@example.com" },
    );
    const b = await queue.add("b", { flags: ["x", "y"] }, { to: "bob" });
    const c = await queue.add("c", { queueName: "r" });
    await queue.fail(c.id);
    expect(await ids({ task: "a" })).toEqual([a.id]);
    expect(await ids({ task: ["a", "c", "none"] })).toEqual([a.id, c.id]);
    expect(await ids({ task: sendEmail })).toEqual([]);
    expect(await ids({ queueName: "q" })).toEqual([a.id]);
    expect(await ids({ queueName: "none" })).toEqual([]);
    expect(await ids({ key: "Order:1" })).toEqual([a.id]);
    expect(await ids({ key: "Order:1", task: "b" })).toEqual([]);
    expect(await ids({ key: "none" })).toEqual([]);
    expect(await ids({ flags: ["y", "z"] })).toEqual([b.id]);
    expect(await ids({ search: "ada@EXAMPLE" })).toEqual([a.id]);
    expect(await ids({ search: "order:" })).toEqual([a.id]);
    expect(await ids({ search: "Oh No" })).toEqual([c.id]);
    expect(await ids({ search: "%" })).toEqual([]);
    expect(await ids({ search: "" })).toHaveLength(3);
  });

  test("pages hold each job that stays exactly once, while others come and go", async () => {
    const jobs: Job[] = [];
    for (let n = 0; n < 40; n++) jobs.push(await queue.add(n % 4 === 0 ? "b" : "a"));
    for (const order of ["oldest", "newest"] as const) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await list({
          task: "b",
          order,
          limit: 3,
          ...(cursor === null ? {} : { cursor }),
        });
        seen.push(...page.jobs.map(({ id }) => id));
        cursor = page.nextCursor;
        // Comes behind, and goes from before and from behind the cursor.
        if (order === "newest") await queue.add("b");
        await queue.sql("delete from graphile_worker._private_jobs where id = $1", [seen[0]]);
        await queue.add("a");
      } while (cursor !== null);
      expect(seen).toHaveLength(new Set(seen).size);
      const stayed = (await ids({ task: "b" })).filter((id) => jobs.some((job) => job.id === id));
      expect(seen).toEqual(expect.arrayContaining(stayed));
      const ascending = [...seen].sort((x, y) => Number(x) - Number(y));
      expect(seen).toEqual(order === "oldest" ? ascending : ascending.toReversed());
    }
  });

  test("a page that ends with the last job has no next one, or an empty one", async () => {
    for (let n = 0; n < 4; n++) await queue.add("a");
    const { nextCursor } = await list({ limit: 4 });
    expect(nextCursor).not.toBeNull();
    expect(await list({ limit: 4, cursor: nextCursor ?? "" })).toEqual({
      jobs: [],
      nextCursor: null,
    });
    expect((await list({ limit: 5 })).nextCursor).toBeNull();
  });

  test("a rare job is found behind a long backlog, in looks that are short each", async () => {
    const rare = await queue.add("rare", { jobKey: "rare" });
    await queue.sql(
      `insert into graphile_worker._private_jobs (task_id, run_at)
      select task_id, run_at from graphile_worker._private_jobs, generate_series(1, 60000)`,
    );
    const looks: unknown[] = [];
    const db = {
      query: (text: string, values: unknown[]) => {
        looks.push(values.findLast((value) => typeof value === "number"));
        return queue.pool.query(text, values);
      },
    };
    await queue.sql(
      "update graphile_worker._private_jobs set task_id = task_id + 1 where key is null",
    );
    const { jobs } = await listJobs(db, { task: "rare", schema });
    expect(jobs.map(({ id }) => id)).toEqual([rare.id]);
    expect(looks.length).toBeGreaterThan(4);
    looks.length = 0;
    await listJobs(db, { key: "rare", schema });
    // One finds the job; the other finds out whether row level security hides any.
    expect(looks).toHaveLength(2);
  });

  test("what can't be meant is refused", async () => {
    await queue.add("a");
    await queue.add("a");
    const { nextCursor } = await list({ limit: 1 });
    const cursor = nextCursor ?? "";
    for (const options of [
      { cursor, order: "newest" },
      { cursor, task: "a" },
      { cursor: `${cursor}x` },
      { cursor: "" },
      { cursor: Buffer.from("12").toString("base64url") },
      { limit: 0 },
      { limit: 1.5 },
      { limit: 1001 },
      { state: "done" },
      { state: ["ready", "done"] },
      { order: "best" },
      { key: "" },
      { search: "\0" },
      { flags: "x" },
      { task: 1 },
    ]) {
      await expect(list(options as ListJobsOptions)).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
    }
    await expect(list({ sate: "ready" } as ListJobsOptions)).rejects.toThrow(
      /listJobs has no option "sate". Did you mean "state"/u,
    );
    await expect(getJob(queue.pool, "abc", { schema })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    await expect(getJob(queue.pool, "9223372036854775808", { schema })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    await expect(listJobs(queue.pool, { schema: "none" })).rejects.toMatchObject({
      code: "SCHEMA_MISSING",
    });
  });
});

test("a list of a task has payloads of its type", () => {
  const ofEmails = () => listJobs(queues.database.pool, { task: sendEmail });
  expectTypeOf(ofEmails)
    .returns.resolves.toHaveProperty("jobs")
    .toEqualTypeOf<readonly StoredJob<SendEmailPayload>[]>();
  const ofAny = () => listJobs(queues.database.pool, { task: "send_email" });
  expectTypeOf(ofAny).returns.resolves.toEqualTypeOf<JobPage>();
});

test("what a driver makes of numbers, times and JSON doesn't matter", async () => {
  const queue = queues.in("graphile_worker");
  const { id } = await queue.add("a", { priority: 2 }, { n: 1 });
  const db = {
    query: (text: string, values: unknown[]) =>
      queue.pool.query({
        text,
        values,
        types: { getTypeParser: () => String },
      }),
  };
  expect(await getJob(db, id)).toEqual(await getJob(queue.pool, id));
});
