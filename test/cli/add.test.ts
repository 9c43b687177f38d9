import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "../support/project.js";
import { runCommand } from "../support/command-line.js";
import { DatabaseCommands } from "./support.js";

let commands: DatabaseCommands;

beforeAll(async () => {
  commands = await DatabaseCommands.create();
  await commands.run(["migrate"]);
});

afterAll(async () => {
  await commands[Symbol.asyncDispose]();
});

const mail = { to: "ada@example.com", subject: "Hello", body: "…" };

test("add takes a payload as an argument, from a file or from the standard input", async () => {
  await using it = await Project.create({ "mail.json": mail });
  const text = JSON.stringify(mail);
  for (const [args, options] of [
    [[text], {}],
    [["--file", `${it.folder}/mail.json`], {}],
    [["-"], { input: text }],
  ] as const) {
    const { code, out } = await commands.run(["add", "send_email", ...args, "--json"], options);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      jobs: [{ task: "send_email", payload: mail, queueName: "mail:ada@example.com" }],
    });
  }
});

test("flags win over the task's defaults", async () => {
  const { jobs } = await commands.json(
    "add",
    "send_email",
    JSON.stringify(mail),
    "--run-at",
    "2030-01-31T12:00:00Z",
    "--priority",
    "-5",
    "--queue",
    "mails",
    "--max-attempts",
    "3",
    "--job-key",
    "k",
    "--job-key-mode",
    "preserve_run_at",
    "--flag",
    "slow",
    "--flag",
    "dear",
  );
  expect(jobs).toMatchObject([
    {
      runAt: "2030-01-31T12:00:00.000Z",
      priority: -5,
      queueName: "mails",
      maxAttempts: 3,
      key: "k",
      flags: ["dear", "slow"],
    },
  ]);
});

test("a batch task's items become jobs, and a payload without required fields may be left out", async () => {
  const items = JSON.stringify([{ accountId: 1, email: "ada@example.com" }]);
  expect(await commands.json("add", "import_contacts", items)).toMatchObject({
    jobs: [{ task: "import_contacts" }],
  });
  expect(await commands.run(["add", "send_daily_report"])).toMatchObject({ code: 0 });
});

test.each([
  ["send_email", '{"to":"ada@example.com","subject":7,"body":""}', 1, /\/subject/u],
  ["send_email", "{", 1, /not JSON/u],
  [
    "send_email",
    `${"[".repeat(4_000)}${"]".repeat(4_000)}`,
    1,
    /^error The payload is nested .*deep\./u,
  ],
  ["send_emial", "{}", 1, /Did you mean "send_email"/u],
  ["send_email", "{}", 1, /to.*subject.*body/su],
])("add %s %s is refused before the database is touched", async (task, payload, code, message) => {
  const nowhere = ["--connection", "postgres://127.0.0.1:1/nowhere"];
  const result = await commands.run(["add", task, payload, ...nowhere]);
  expect(result).toMatchObject({ code, out: "" });
  expect(result.err).toMatch(message);
});

test("a file that isn't there is named without a stack", async () => {
  for (const args of [
    ["--file", "none.json"],
    ["--lines", "none.jsonl"],
  ]) {
    const { code, err } = await commands.run(["add", "send_email", ...args]);
    expect(code).toBe(1);
    expect(err).toMatch(/none\.json/u);
    expect(err).not.toMatch(/\n\s+at /u);
  }
});

test("a value that is nested too deeply ends in a clear error, without a stack", async () => {
  const deep = `${"[".repeat(4_000)}${"]".repeat(4_000)}`;
  await using it = await Project.create({ "deep.json": deep });
  for (const option of ["--file", "--lines"]) {
    const given = [option, `${it.folder}/deep.json`];
    const { code, err } = await commands.run(["add", "send_email", ...given]);
    expect(code).toBe(1);
    expect(err).toMatch(/nested more than 1000 levels deep/u);
    expect(err).not.toMatch(/\n\s+at /u);
  }
});

test("add says what to do where nothing was generated", async () => {
  await using it = await Project.create();
  const result = await runCommand(it.folder, ["add", "send_email", "{}"]);
  expect(result).toMatchObject({ code: 1, err: expect.stringContaining("taskwright codegen") });
});

test("cron list and cron next tell of the crontab's jobs", async () => {
  await using it = await Project.create({ crontab: "0 4 * * * send_daily_report ?id=nightly\n" });
  const crontab = ["--crontab", `${it.folder}/crontab`];
  const after = ["--after", "2030-03-30T12:00:00Z", "--count", "2"];
  expect(await commands.json("cron", "next", ...crontab, ...after)).toMatchObject({
    ticks: [
      { id: "nightly", task: "send_daily_report", ts: "2030-03-31T04:00:00.000Z" },
      { ts: "2030-04-01T04:00:00.000Z" },
    ],
  });
  expect(await commands.json("cron", "list", ...crontab)).toMatchObject({
    entries: [{ id: "nightly", task: "send_daily_report", lastExecution: null }],
  });
  await it.write({ crontab: "61 4 * * * send_daily_report\n" });
  const broken = await commands.run(["cron", "next", ...crontab]);
  expect(broken).toMatchObject({ code: 1, err: expect.stringContaining("CRONTAB_INVALID") });
  const missing = await commands.run(["cron", "next", "--crontab", `${it.folder}/none`]);
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining("none") });
});

test("add --lines adds a job a line; a bad line ends it and tells how far it came", async () => {
  const lines = Array.from({ length: 2500 }, (_, n) =>
    JSON.stringify({ ...mail, subject: `${n}` }),
  );
  await using it = await Project.create({ "mails.jsonl": `${lines.join("\n")}\n\n` });
  const file = `${it.folder}/mails.jsonl`;
  const count = async () => {
    const { rows } = await commands.pool.query<{ count: number }>(
      "select count(*)::int as count from graphile_worker.jobs",
    );
    return rows[0]?.count ?? NaN;
  };
  const before = await count();
  expect(await commands.run(["add", "send_email", "--lines", file])).toMatchObject({
    code: 0,
    out: "added 2500 jobs",
  });
  expect(await count()).toBe(before + 2500);

  const broken = [...lines.slice(0, 1500), '{"to":1}'].join("\n");
  const partly = await commands.run(["add", "send_email", "--lines", "-"], { input: broken });
  expect(partly).toMatchObject({ code: 1, err: expect.stringContaining("ended after 1000") });
  expect(await count()).toBe(before + 3500);
  const notJson = `${lines[0]}\nnonsense`;
  const none = await commands.run(["add", "send_email", "--lines", "-", "--transaction"], {
    input: notJson,
  });
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining("Line 2 is not JSON") });
  expect(await count()).toBe(before + 3500);
  expect(await commands.run(["add", "send_email", "--lines", `${it.folder}/none`])).toMatchObject({
    code: 1,
    err: expect.stringContaining("none"),
  });
});
