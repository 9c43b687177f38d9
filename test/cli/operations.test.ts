import { afterAll, beforeAll, expect, test } from "vitest";
import { DatabaseCommands } from "./support.js";

let commands: DatabaseCommands;

beforeAll(async () => {
  commands = await DatabaseCommands.create();
  await commands.run(["migrate"]);
  await commands.pool.query(`
    select graphile_worker.add_job('a', queue_name := 'q');
    select graphile_worker.add_job('a', run_at := now() + interval '1 day');
    select graphile_worker.add_job('b')`);
});

afterAll(async () => {
  await commands[Symbol.asyncDispose]();
});

test("stats counts by task and state, and measures rates when asked", async () => {
  const { out } = await commands.run(["stats"]);
  const rows = out.split("\n").map((line) => line.split("\t"));
  expect(rows.map(([task, ready]) => [task, ready])).toEqual([
    ["task", "ready"],
    ["a", "1"],
    ["b", "1"],
    ["all", "2"],
  ]);
  expect(await commands.json("stats", "--rates", "1s")).toMatchObject({
    ok: true,
    stats: { total: 3, states: { scheduled: 1 }, rates: { addedPerSecond: 0 } },
  });
  expect(await commands.run(["stats", "--rates", "soon"])).toMatchObject({ code: 2 });
});

test("queues and workers list what there is", async () => {
  expect(await commands.json("queues")).toMatchObject({
    ok: true,
    queues: [{ name: "q", jobs: 1, due: 1, isPaused: false }],
    nextCursor: null,
  });
  expect(await commands.run(["workers"])).toMatchObject({
    code: 0,
    out: "worker\tstate\tjobs\tqueues\toldest lock\tstarted\tlast heartbeat",
  });
});

test("pause and resume hold tasks and queues back, and pause alone lists", async () => {
  expect(await commands.run(["pause", "task", "a", "--reason", "down"])).toMatchObject({
    code: 0,
    out: "paused task a",
  });
  expect(await commands.run(["pause", "queue", "q"])).toMatchObject({ code: 0 });
  expect(await commands.json("pause")).toMatchObject({
    pauses: [
      { kind: "task", name: "a", reason: "down" },
      { kind: "queue", name: "q", reason: null },
    ],
  });
  for (const what of [
    ["task", "a"],
    ["queue", "q"],
  ]) {
    expect(await commands.run(["resume", ...what])).toMatchObject({ code: 0 });
  }
  expect(await commands.json("pause")).toMatchObject({ pauses: [] });
  expect(await commands.run(["pause", "task"])).toMatchObject({ code: 2 });
  expect(await commands.run(["pause", "worker", "w"])).toMatchObject({ code: 2 });
});

test("unlock warns, and frees what a worker holds", async () => {
  await commands.pool.query(
    "update graphile_worker._private_jobs set locked_at = now(), locked_by = 'dead' where id = (select min(id) from graphile_worker._private_jobs)",
  );
  const unasked = await commands.run(["unlock", "dead"]);
  expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining("run twice") });
  expect(await commands.json("workers")).toMatchObject({
    workers: [{ id: "dead", isRegistered: false, jobs: 1 }],
  });
  expect(await commands.run(["unlock", "dead", "--yes"])).toMatchObject({
    code: 0,
    out: "unlocked 1 job, 0 queues",
  });
});

test("sweep recovers what an unregistered worker has held for too long, if asked to", async () => {
  await commands.pool.query(
    "update graphile_worker._private_jobs set locked_at = now() - interval '5 hours', locked_by = 'gone' where id = (select max(id) from graphile_worker._private_jobs)",
  );
  expect(await commands.run(["sweep"])).toMatchObject({ code: 0, out: "no worker is dead" });
  expect(await commands.run(["sweep", "--unregistered", "4h"])).toMatchObject({
    code: 0,
    out: "returned 1 job of gone",
  });
});

test("a worker of ours that lost its registration is overdue, and sweep says which of its jobs failed", async () => {
  const { rows } = await commands.pool.query<{ id: string }>(
    "select id from graphile_worker.add_job('swept', max_attempts => 1)",
  );
  const id = rows[0]?.id ?? "";
  await commands.pool.query(
    `update graphile_worker._private_jobs
     set locked_at = '2020-01-01', locked_by = 'lost', attempts = 1 where id = $1`,
    [id],
  );
  await commands.pool.query("insert into graphile_worker.taskwright_workers values ('lost')");
  await commands.pool.query(
    "insert into graphile_worker.taskwright_starts values ($1, 'lost', '2020-01-01')",
    [id],
  );
  expect((await commands.run(["workers"])).out).toMatch(/^lost\toverdue\t1\t/mu);
  const { code, out } = await commands.run(["sweep"]);
  expect(code).toBe(0);
  expect(out).toContain("returned 0 jobs of lost");
  expect(out).toContain(`failed 1 job for good: ${id} `);
  await commands.pool.query("delete from graphile_worker._private_jobs where id = $1", [id]);
});

test("cleanup deletes jobs only when told to", async () => {
  await commands.pool.query(
    "update graphile_worker._private_jobs set attempts = max_attempts where id = (select min(id) from graphile_worker._private_jobs)",
  );
  const unasked = await commands.run(["cleanup", "DELETE_PERMAFAILED_JOBS"]);
  expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  expect(await commands.json("cleanup")).toMatchObject({ ok: true, deletedJobs: 0 });
  expect(
    await commands.run(["cleanup", "DELETE_PERMAFAILED_JOBS", "GC_JOB_QUEUES", "--yes"]),
  ).toMatchObject({ code: 0, out: "deleted 1 failed job, 0 unused tasks, 1 unused queue" });
  expect(await commands.run(["cleanup", "EVERYTHING"])).toMatchObject({ code: 2 });
});

const everyCommand = [
  ["migrate"],
  ["uninstall", "--yes"],
  ["add", "send_email", '{"to":"ada@example.com","subject":"s","body":"b"}'],
  ["jobs", "list"],
  ["jobs", "show", "1"],
  ["jobs", "complete", "1", "--yes"],
  ["jobs", "fail", "1", "--yes"],
  ["jobs", "retry", "1"],
  ["jobs", "reschedule", "1", "--priority", "1"],
  ["jobs", "run-now", "1"],
  ["jobs", "remove", "k", "--yes"],
  ["cron", "list"],
  ["queues"],
  ["workers"],
  ["stats"],
  ["cleanup"],
  ["unlock", "w", "--yes"],
  ["sweep"],
  ["pause", "task", "a"],
  ["resume", "task", "a"],
];

test.each(everyCommand)("%s %s never shows a password, whatever fails", async (...args) => {
  const secret = "s3cr3t/p@ss";
  const connections = [
    `postgres://ada:${encodeURIComponent(secret)}@127.0.0.1:1/db`,
    `postgres://ada:${secret}@127.0.0.1:1/db`,
    `host=127.0.0.1 password=${secret}`,
    `postgres://127.0.0.1:1/db?user=ada&password=${encodeURIComponent(secret)}`,
  ];
  for (const connection of connections) {
    for (const json of [[], ["--json"]]) {
      const { code, out, err } = await commands.run([...args, "--connection", connection, ...json]);
      expect(code).not.toBe(0);
      expect(out + err).not.toMatch(/s3cr3t/u);
      if (json.length > 0) expect(JSON.parse(out)).toMatchObject({ ok: false });
    }
  }
  const { out, err } = await commands.run([...args, connections[0] ?? "", "--nonsense"]);
  expect(out + err).not.toMatch(/s3cr3t/u);
});

test.each(everyCommand)("%s %s says what to do where no schema is", async (...args) => {
  if (["migrate", "uninstall"].includes(args[0] ?? "")) return;
  const { code, err } = await commands.run([...args, "--schema", "nowhere"]);
  expect(code).toBe(1);
  expect(err).toMatch(/SCHEMA_MISSING/u);
});

test("every command has help with an example", async () => {
  for (const args of everyCommand) {
    const names = args[0] === "jobs" || args[0] === "cron" ? args.slice(0, 2) : args.slice(0, 1);
    const { code, out } = await commands.run([...names, "--help"]);
    expect(code).toBe(0);
    expect(out).toContain(`taskwright ${names.join(" ")}`);
    expect(out).toContain("Examples:");
    expect(out).toContain("Exit codes:");
  }
});
