import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DatabaseCommands } from "./support.js";

let commands: DatabaseCommands;

beforeAll(async () => {
  commands = await DatabaseCommands.create();
  await commands.run(["migrate"]);
});

beforeEach(async () => {
  await commands.pool.query(
    "delete from graphile_worker._private_jobs; delete from graphile_worker._private_job_queues",
  );
});

afterAll(async () => {
  await commands[Symbol.asyncDispose]();
});

/** Adds a job and gives its id. */
async function addJob(spec = ""): Promise<string> {
  const { rows } = await commands.pool.query<{ id: string }>(
    `select id::text from graphile_worker.add_job('send_email', '{"to":"ada"}' ${spec})`,
  );
  return rows[0]?.id ?? "";
}

test("jobs list is a table with tabs elsewhere, a cut one on a terminal, and pages", async () => {
  const first = await addJob(", job_key := 'a'");
  const second = await addJob(", queue_name := 'q'");
  const plain = await commands.run(["jobs", "list"]);
  expect(plain.code).toBe(0);
  const [head, ...lines] = plain.out.split("\n").map((line) => line.split("\t"));
  expect(head).toEqual([
    "id",
    "task",
    "state",
    "run at",
    "attempts",
    "priority",
    "queue",
    "key",
    "last error",
  ]);
  expect(lines.map(([id]) => id)).toEqual([second, first]);
  const wide = await commands.run(["jobs", "list"], { columns: 20 });
  expect(wide.out.split("\n").map((line) => line.length <= 20)).toEqual([true, true, true]);

  const page = await commands.json("jobs", "list", "--limit", "1", "--oldest");
  expect(page).toMatchObject({ ok: true, jobs: [{ id: first, payload: { to: "ada" } }] });
  const next = ["--limit", "1", "--oldest", "--cursor", String(page["nextCursor"])];
  expect(await commands.json("jobs", "list", ...next)).toMatchObject({ jobs: [{ id: second }] });
});

test("jobs list filters by what is asked for", async () => {
  const keyed = await addJob(", job_key := 'a', flags := array['slow']");
  await addJob(", queue_name := 'q', run_at := now() + interval '1 day'");
  const idsFor = async (...flags: string[]) => {
    const { jobs } = await commands.json("jobs", "list", ...flags);
    return (jobs as { id: string }[]).map(({ id }) => id);
  };
  for (const flags of [
    ["--key", "a"],
    ["--state", "ready"],
    ["--flag", "slow"],
    ["--search", '"ADA"', "--state", "ready", "running"],
  ]) {
    expect(await idsFor(...flags)).toEqual([keyed]);
  }
  expect(await idsFor("--task", "no_such_task")).toEqual([]);
  expect(await idsFor("--queue", "q")).toHaveLength(1);
});

test("what a job holds can do nothing to the terminal", async () => {
  await commands.pool.query("select graphile_worker.add_job('send_email', job_key := $1)", [
    "\u001b[31mred\u001b[0m\n\u202eevil",
  ]);
  for (const columns of [undefined, 200]) {
    const { out } = await commands.run(["jobs", "list"], columns === undefined ? {} : { columns });
    for (const character of ["\u001b", "\u202e"]) expect(out).not.toContain(character);
    expect(out).toContain("\\u001b[31mred");
    expect(out.split("\n")).toHaveLength(2);
  }
});

test("jobs show tells all of a job, and fails for one that isn't there", async () => {
  const id = await addJob(", job_key := 'k', priority := -3");
  const shown = await commands.run(["jobs", "show", id]);
  expect(shown).toMatchObject({ code: 0 });
  expect(shown.out).toContain("key\tk");
  expect(shown.out).toContain('"to": "ada"');
  expect(await commands.json("jobs", "show", id)).toMatchObject({
    ok: true,
    job: { id, key: "k", priority: -3, state: "ready" },
  });
  const missing = await commands.run(["jobs", "show", "999999", "--json"]);
  expect(missing.code).toBe(1);
  expect(JSON.parse(missing.out)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  expect(await commands.run(["jobs", "show", "4x2"])).toMatchObject({ code: 1 });
});

test("jobs are failed, retried, rescheduled, made due and completed; each tells what it left alone", async () => {
  const id = await addJob();
  expect(await commands.run(["jobs", "fail", id, "--yes", "--reason", "no use"])).toMatchObject({
    code: 0,
    out: `failed ${id}`,
  });
  expect(await commands.json("jobs", "show", id)).toMatchObject({
    job: { state: "failed", lastError: "no use" },
  });
  expect(await commands.run(["jobs", "retry", id])).toMatchObject({ code: 0 });
  const at = "2030-01-31T12:00:00.000Z";
  expect(
    await commands.run(["jobs", "reschedule", id, "--run-at", at, "--priority", "-7"]),
  ).toMatchObject({ code: 0, out: `rescheduled ${id}` });
  expect(await commands.json("jobs", "show", id)).toMatchObject({
    job: { state: "scheduled", runAt: at, priority: -7 },
  });
  expect(await commands.run(["jobs", "run-now", id])).toMatchObject({ code: 0 });
  expect(await commands.json("jobs", "show", id)).toMatchObject({ job: { state: "ready" } });

  const running = await addJob();
  await commands.pool.query(
    "update graphile_worker._private_jobs set locked_at = now(), locked_by = 'w' where id = $1",
    [running],
  );
  const partly = await commands.run(["jobs", "complete", "--yes", id, running, "999999"]);
  expect(partly).toMatchObject({ code: 1, out: `completed ${id}` });
  expect(partly.err).toContain(`${running}: it is running`);
  expect(partly.err).toContain("999999: there is no such job");
  expect(await commands.json("jobs", "complete", "--yes", running)).toMatchObject({
    ok: false,
    jobs: [],
    skipped: [{ id: running, state: "running" }],
  });
});

test("jobs remove finds a job by its key, once", async () => {
  const id = await addJob(", job_key := 'k'");
  expect(await commands.run(["jobs", "remove", "k"])).toMatchObject({ code: 2 });
  expect(await commands.run(["jobs", "remove", "k"], { answer: "Y" })).toMatchObject({
    code: 0,
    out: `removed ${id}`,
  });
  expect(await commands.run(["jobs", "remove", "k", "--yes"])).toMatchObject({ code: 1 });
});

test.each([
  ["jobs", "reschedule", "1"],
  ["jobs", "reschedule", "1", "--run-at", "tomorrow"],
  ["jobs", "reschedule", "1", "--priority", "99999"],
  ["jobs", "list", "--state", "sleeping"],
  ["jobs", "list", "--limit", "0"],
  ["jobs", "show"],
  ["jobs", "frob"],
])("%s %s %s %s is wrong usage, told as JSON too", async (...args) => {
  const plain = await commands.run(args);
  expect(plain).toMatchObject({ code: 2, out: "" });
  expect(plain.err).not.toBe("");
  const { code, out } = await commands.run([...args, "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ ok: false, error: { code: "USAGE" } });
});
