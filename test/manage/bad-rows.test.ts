import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as api from "../../src/index.js";
import { addJob, countLocks, handlersFor, until } from "../worker/support.js";
import { DatabaseCommands } from "../cli/support.js";

/** Rows as anybody may have written them: what the table lets pass is what there may be. */
const badRows: readonly (readonly [name: string, set: string])[] = [
  ["flags that are JSON null", "flags = 'null'"],
  ["flags that are an array", `flags = '["a", 1, null, ["b"]]'`],
  ["flags that are an empty array", "flags = '[]'"],
  ["flags that are a string", `flags = '"a"'`],
  ["flags that are a number", "flags = '1e300'"],
  ["flags that are true", "flags = 'true'"],
  [
    "very many flags",
    "flags = (select jsonb_object_agg('flag' || n, n) from generate_series(1, 20000) as n)",
  ],
  ["flags with strange keys", `flags = '{"__proto__": {"a": 1}, "": null, "\\ud83d\\ude00": 0}'`],
  ["a payload that is null", "payload = 'null'"],
  ["a payload that is a number beyond a double", "payload = '-1e400'"],
  ["a payload with a key twice", `payload = '{"a": 1, "a": 2, "__proto__": 3}'`],
  ["a payload with NUL and half a character", `payload = '{"a": "\\u0000\\ud800"}'`],
  ["a deeply nested payload", "payload = (repeat('[', 3000) || repeat(']', 3000))::json"],
  ["a time without a beginning", "run_at = '-infinity'"],
  ["a time before the common era", "run_at = '4713-01-01 BC'"],
  ["a time without an end", "run_at = 'infinity'"],
  ["the last time there is", "run_at = '294276-12-31'"],
  ["infinite times of its own history", "created_at = 'infinity', updated_at = '-infinity'"],
  ["attempts far below zero", "attempts = -800"],
  ["attempts far below zero, for later", "attempts = -32768, run_at = now() + interval '1 day'"],
  ["more attempts than there are", "attempts = 32767, max_attempts = 32767"],
  ["the lowest priority and revision", "priority = -32768, revision = -2147483648"],
  ["a strange key", `key = E'\\x01\\n" '' \\\\ 😀'`],
  ["a task that is gone", "task_id = 99999"],
  ["a queue that is gone", "job_queue_id = 99999"],
  ["a lock without an owner", "locked_at = now()"],
  ["an owner without a lock", "locked_by = E'\\x01 \"nobody\" {,}'"],
  ["a lock from the beginning of time", "locked_at = '-infinity', locked_by = 'somebody'"],
  ["a lock from its end", "locked_at = 'infinity', locked_by = ''"],
];

const badMetadata = [
  "null",
  '"abc"',
  "[1, 2]",
  '{"sweepThresholdMs": "abc"}',
  '{"sweepThresholdMs": "35000"}',
  '{"sweepThresholdMs": 1e300}',
  '{"sweepThresholdMs": -1e300}',
  '{"sweepThresholdMs": -1}',
  '{"sweepThresholdMs": 0}',
  '{"sweepThresholdMs": "NaN"}',
  '{"sweepThresholdMs": {"a": [1]}}',
  '{"sweepThresholdMs": [35000]}',
  '{"sweepThresholdMs": null}',
  '{"sweepThresholdMs": true}',
];

let commands: DatabaseCommands;
const ids = new Map<string, string>();
let good = "";
beforeAll(async () => {
  commands = await DatabaseCommands.create();
  const { pool } = commands;
  await api.migrate({ pool });
  for (const [name, set] of badRows) {
    const id = await addJob(pool, "work", { payload: { name } });
    await pool.query(`update graphile_worker._private_jobs set ${set} where id = $1`, [id]);
    ids.set(name, id);
  }
  good = await addJob(pool, "work", { queue: "queue", flags: ["fine"], key: "good" });
  await pool.query(
    `update graphile_worker._private_job_queues set locked_by = '', locked_at = 'infinity'
    where queue_name = 'queue'`,
  );
  // All of them may still be silent, but for the last one, which is dead.
  await pool.query(
    `insert into graphile_worker._private_workers (id, last_heartbeat_at, started_at, metadata)
    select 'worker ' || n, now() - interval '1 minute', '-infinity', metadata::jsonb
    from unnest($1::text[]) with ordinality as given (metadata, n)`,
    [badMetadata],
  );
  await pool.query(
    `insert into graphile_worker._private_workers (id, last_heartbeat_at, started_at, metadata) values
    ('immortal', 'infinity', 'infinity', null),
    ('somebody', '-infinity', now(), '{"sweepThresholdMs": "dead"}')`,
  );
  await pool.query(
    `insert into graphile_worker._private_known_crontabs (identifier, known_since, last_execution) values
    ('ended', '-infinity', 'infinity'), ('ancient', '4713-01-01 BC', '-infinity'), ('new', now(), null)`,
  );
});
afterAll(() => commands[Symbol.asyncDispose]());

const allIds = () => [...ids.values(), good];

describe("beside bad rows", () => {
  test("every job can be listed and looked at", async () => {
    const { pool } = commands;
    const { jobs } = await api.listJobs(pool, { limit: 1000, order: "oldest" });
    expect(jobs.map(({ id }) => id)).toEqual(allIds());
    for (const listed of jobs) {
      expect(await api.getJob(pool, listed.id)).toEqual(listed);
      expect(listed.task).toMatch(/^(work|\(deleted task 99999\))$/u);
      expect(listed.runAt.getTime()).not.toBeNaN();
    }
    const flagsOf = (name: string) => jobs.find(({ id }) => id === ids.get(name))?.flags;
    expect(flagsOf("flags that are JSON null")).toEqual([]);
    expect(flagsOf("flags that are an array")).toEqual(["a"]);
    expect(flagsOf("flags that are a string")).toEqual(["a"]);
    expect(flagsOf("flags that are a number")).toEqual([]);
    expect(flagsOf("very many flags")).toHaveLength(20_000);
    expect(jobs.at(-1)?.flags).toEqual(["fine"]);
  });

  test("every filter works, and finds what claims see as flags", async () => {
    const { pool } = commands;
    const flagged = await api.listJobs(pool, { flags: ["a"] });
    expect(new Set(flagged.jobs.map(({ id }) => id))).toEqual(
      new Set([ids.get("flags that are an array"), ids.get("flags that are a string")]),
    );
    const found = await api.listJobs(pool, { search: "beginning", task: "work", state: "ready" });
    expect(found.jobs.map(({ id }) => id)).toEqual([ids.get("a time without a beginning")]);
    const states = ["ready", "waiting", "scheduled", "retrying", "running", "failed"] as const;
    let count = 0;
    for (const state of states) count += (await api.listJobs(pool, { state })).jobs.length;
    expect(count).toBe(allIds().length);
    const waiting = await api.listJobs(pool, { state: "waiting" });
    expect(waiting.jobs.map(({ id }) => id)).toContain(ids.get("a queue that is gone"));
  });

  test("the counts have every job, each in the state in which it is listed", async () => {
    const { pool } = commands;
    const stats = await api.getStats(pool);
    expect(stats.total).toBe(allIds().length);
    for (const [state, count] of Object.entries(stats.states)) {
      const { jobs } = await api.listJobs(pool, { state: state as api.JobState });
      expect(jobs.length, state).toBe(count);
    }
    expect(stats.tasks["(deleted task 99999)"]?.total).toBe(1);
    expect(stats.oldestDueAgeMs).toBeGreaterThan(0);
  });

  test("queues, workers and recurring jobs are listed", async () => {
    const { pool } = commands;
    const { queues } = await api.listQueues(pool);
    expect(queues).toMatchObject([{ name: "queue", jobs: 1, lockedBy: "" }]);
    const workers = await api.listWorkers(pool);
    const overdue = workers.filter(({ isOverdue }) => isOverdue).map(({ id }) => id);
    expect(overdue).toEqual(["somebody"]);
    expect(workers.filter(({ id }) => id.startsWith("worker "))).toHaveLength(badMetadata.length);
    const entries = await api.listCronEntries(pool);
    expect(entries.map(({ id }) => id)).toEqual(["ancient", "ended", "new"]);
    for (const { knownSince } of entries) expect(knownSince?.getTime()).not.toBeNaN();
  });

  test("commands list and show every job", async () => {
    const listed = await commands.json("jobs", "list", "--limit", "1000");
    expect(listed["jobs"]).toHaveLength(allIds().length);
    for (const command of [
      ["jobs", "list", "--limit", "1000"],
      ["stats"],
      ["queues"],
      ["workers"],
      ...allIds().map((id) => ["jobs", "show", id]),
    ]) {
      expect(await commands.run(command)).toMatchObject({ code: 0 });
    }
  });

  test("a worker runs what is due, gives each handler its job, and leaves the rest alone", async () => {
    const { pool } = commands;
    // No worker looks for jobs of a task that is gone.
    const { jobs } = await api.listJobs(pool, { state: "ready", task: "work", limit: 1000 });
    const ran: string[] = [];
    const faults: unknown[] = [];
    const onFault = ({ error }: { readonly error: Error }) => void faults.push(error);
    const worker = await api.startWorker({
      pool,
      cronEntries: [
        { task: "work", schedule: "0 0 1 1 *", id: "ended", backfillMs: 1000 },
        { task: "work", schedule: "0 0 1 1 *", id: "ancient" },
      ],
      handlers: handlersFor({
        work: (_payload, { job }) => void ran.push(job.id),
      }),
      forbiddenFlags: ["other"],
      on: {
        "worker:getJob:error": onFault,
        "settle:error": onFault,
        "cron:error": onFault,
        "job:error": onFault,
      },
      // A sweep is another test's.
      recovery: false,
      taskLimits: { work: { fleet: 1000 } },
    });
    expect(jobs.length).toBeLessThan(allIds().length);
    await until(() => faults.length > 0 || jobs.every(({ id }) => ran.includes(id)));
    await worker.stop();
    expect(faults).toEqual([]);
    expect([...ran].sort()).toEqual(jobs.map(({ id }) => id).sort());
    const { jobs: left } = await api.listJobs(pool, { limit: 1000 });
    expect(left.some(({ id }) => ran.includes(id))).toBe(false);
  });

  test("a sweep frees what the dead hold, whatever the hook decides", async () => {
    const { pool } = commands;
    const held: [string, string][] = [
      ["flags = 'null'", "recover"],
      ["flags = '[1]', attempts = -800", "fail"],
      ["run_at = '294276-12-31', attempts = 3", "fail"],
      ["run_at = 'infinity'", "fail"],
      ["created_at = '-infinity'", "recover"],
    ];
    const decisions = new Map<string, api.RecoveryDecision>();
    for (const [set, decision] of held) {
      const id = await addJob(pool, "held");
      await pool.query(
        `update graphile_worker._private_jobs set ${set}, locked_by = 'somebody', locked_at = now() where id = $1`,
        [id],
      );
      decisions.set(id, decision as api.RecoveryDecision);
    }
    const swept = await api.sweep(pool, { hook: ({ id }) => decisions.get(id) ?? "recover" });
    expect(swept).toMatchObject({ swept: true, deadWorkerIds: ["somebody"], hookErrors: [] });
    expect(swept.recoveredJobIds).toEqual(expect.arrayContaining([...decisions.keys()]));
    expect((await commands.run(["sweep"])).code).toBe(0);
  });

  test("each job can be changed and removed", async () => {
    const { pool } = commands;
    await api.forceUnlockWorkers(pool, ["nobody", "somebody"]);
    await pool.query(
      "update graphile_worker._private_jobs set locked_by = null, locked_at = null where locked_by is null or locked_by = '' or locked_by like '%nobody%'",
    );
    const { jobs } = await api.listJobs(pool, { limit: 1000 });
    const left = jobs.map(({ id }) => id);
    expect(left.length).toBeGreaterThan(10);
    for (const change of [api.runJobsNow, api.retryJobs]) {
      const { jobs: changed, skipped } = await change(pool, left);
      expect(changed.length + skipped.length).toBe(left.length);
    }
    const rescheduled = await api.rescheduleJobs(pool, left, { attempts: 0, maxAttempts: 1 });
    expect(rescheduled.skipped).toEqual([]);
    expect((await api.permanentlyFailJobs(pool, left)).skipped).toEqual([]);
    const args = ["jobs", "complete", ...left, "--yes"];
    expect(await commands.run(args)).toMatchObject({ code: 0 });
    expect((await api.listJobs(pool)).jobs).toEqual([]);
    expect(await countLocks(pool)).toBeLessThanOrEqual(1);
  });
});
