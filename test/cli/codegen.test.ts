import { describe, expect, inject, test } from "vitest";
import { runCommand } from "../support/command-line.js";
import { Project } from "../support/project.js";

const sendEmail = {
  type: "object",
  properties: { to: { type: "string" }, urgent: { type: "boolean", default: false } },
  required: ["to"],
  additionalProperties: false,
  "x-task": { queueName: "mail:{to}" },
};
const sqlConfig = {
  queries: {
    source: "sql/queries",
    migrations: "sql/migrations",
    output: "generated/queries",
    migrationsOutput: "generated/migrations.ts",
  },
};
const project = (files: Record<string, unknown> = {}) =>
  Project.create({ "schemas/send_email.json": sendEmail, ...files });

describe("taskwright codegen", () => {
  test("compiles schemas, and finds nothing to do the second time", async () => {
    await using it = await project();
    const first = await runCommand(it.folder, ["codegen"]);
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(first.out).toContain("wrote generated/tasks/send_email.ts");
    expect(Object.keys(await it.tree("generated/tasks"))).toEqual([
      "index.ts",
      "send_email.ts",
      "taskwright-codegen.json",
      "validators/send_email.ts",
    ]);
    const second = await runCommand(it.folder, ["codegen"]);
    expect(second).toMatchObject({ code: 0, out: "Generated code is up to date." });
  });

  test("gives the same bytes in another folder, for other spacing and another order of files", async () => {
    await using one = await project({ "schemas/a.json": { type: "object" } });
    await using other = await Project.create({
      "schemas/a.json": '{"type":"object"}\r\n',
      "schemas/send_email.json": `\uFEFF${JSON.stringify(sendEmail)}`,
    });
    await runCommand(one.folder, ["codegen"]);
    await runCommand(other.folder, ["codegen"]);
    const tree = await one.tree("generated");
    expect(await other.tree("generated")).toEqual(tree);
    expect(Object.values(tree).join("")).not.toMatch(/\r|taskwright-project-/u);
  });

  test("--check names each stale file and writes nothing", async () => {
    await using it = await project({ "schemas/gone.json": { type: "object" } });
    await runCommand(it.folder, ["codegen"]);
    expect(await runCommand(it.folder, ["codegen", "--check"])).toMatchObject({ code: 0 });
    await it.write({
      "schemas/gone.json": "",
      "schemas/new.json": { type: "object" },
      "schemas/send_email.json": { ...sendEmail, description: "Changed." },
    });
    await it.remove("schemas/gone.json");
    const before = await it.tree("generated");
    const result = await runCommand(it.folder, ["codegen", "--check"]);
    expect(result.code).toBe(1);
    expect(result.out.split("\n").sort()).toEqual([
      "stale (differs) generated/tasks/index.ts",
      "stale (differs) generated/tasks/send_email.ts",
      "stale (differs) generated/tasks/taskwright-codegen.json",
      "stale (left over) generated/tasks/gone.ts",
      "stale (left over) generated/tasks/validators/gone.ts",
      "stale (missing) generated/tasks/new.ts",
      "stale (missing) generated/tasks/validators/new.ts",
    ]);
    expect(await it.tree("generated")).toEqual(before);
    expect((await runCommand(it.folder, ["codegen"])).out).toContain(
      "removed generated/tasks/gone.ts",
    );
    expect(await runCommand(it.folder, ["codegen", "--check"])).toMatchObject({ code: 0 });
  });

  test("neither overwrites nor removes a file that it did not make", async () => {
    await using it = await project({
      "generated/tasks/helper.ts": "export const mine = 1;\n",
      "generated/tasks/send_email.ts": "export const mine = 2;\n",
    });
    const before = await it.tree("generated");
    const result = await runCommand(it.folder, ["codegen"]);
    expect(result.code).toBe(1);
    expect(result.err).toContain("generated/tasks/send_email.ts\n");
    expect(result.err).toContain("[foreign-file]");
    expect(await it.tree("generated")).toEqual(before);
    await it.remove("generated/tasks/send_email.ts");
    expect(await runCommand(it.folder, ["codegen"])).toMatchObject({ code: 0 });
    expect(await it.read("generated/tasks/helper.ts")).toBe("export const mine = 1;\n");
  });

  test("--json prints one object, for problems too", async () => {
    await using it = await project();
    const good = await runCommand(it.folder, ["codegen", "--check", "--json"]);
    expect(good.code).toBe(1);
    expect(JSON.parse(good.out)).toMatchObject({
      ok: false,
      problems: [],
      changed: Array.from({ length: 4 }, () => ({ reason: "missing" })),
    });
    await it.write({ "schemas/bad.json": { type: "objekt" } });
    const bad = await runCommand(it.folder, ["codegen", "--json"]);
    expect(JSON.parse(bad.out)).toMatchObject({
      ok: false,
      problems: [{ file: "schemas/bad.json", pointer: "/type", line: 2, rule: "invalid-schema" }],
    });
  });
});

describe("broken input ends with 1, the place, what to do, and the previous output untouched", () => {
  const cases: [string, Record<string, unknown>, string[]][] = [
    [
      "a file that is not JSON",
      { "schemas/a.json": '{\n  "type": "object",\n}' },
      ["schemas/a.json:3:1", "[not-json]"],
    ],
    [
      "a schema that is not valid",
      { "schemas/a.json": { type: "object", required: "to" } },
      ["schemas/a.json:3:15#/required", "[invalid-schema]"],
    ],
    [
      "a keyword that strict mode refuses",
      {
        "taskwright.config.json": { strict: true },
        "schemas/a.json": { type: "object", properties: { at: { tsType: "Date" } } },
      },
      ["schemas/a.json:5:17#/properties/at/tsType", "[unknown-keyword]", "schema alone"],
    ],
    [
      "names that collide after camel-casing",
      { "schemas/send-email.json": { type: "object" } },
      ["schemas/send_email.json", '"send_email" and "send-email"', "[name-collision]", "Rename"],
    ],
    [
      "a placeholder that names no property",
      { "schemas/a.json": { ...sendEmail, "x-task": { queueName: "mail:{too}" } } },
      ["schemas/a.json:17:18#/x-task/queueName", "{too}", 'Did you mean "to"?'],
    ],
    [
      "an unknown key in x-task",
      { "schemas/a.json": { ...sendEmail, "x-task": { queue: "mail" } } },
      ["schemas/a.json:17:14#/x-task/queue", "[unknown-x-task-key]", "queueName"],
    ],
    [
      "a broken query",
      {
        "sql/migrations/1.sql": "create table jobs (id int not null);",
        "sql/queries/jobs.sql":
          "/* Counts jobs. */\n/* @name countJobs */\nselect count(*) as n\nfrom jobz;\n",
        "taskwright.config.json": sqlConfig,
      },
      ["sql/queries/jobs.sql:4", "jobz", "[broken-query]"],
    ],
    [
      "a file of queries named as codegen names its own",
      {
        "sql/migrations/1.sql": "create table jobs (id int not null);",
        "sql/queries/query.sql": "/* All. */\n/* @name listJobs */\nselect id from jobs;\n",
        "taskwright.config.json": sqlConfig,
      },
      ["sql/queries/query.sql", "query.ts", "[query-file]"],
    ],
  ];

  test.each(cases)("%s", async (_name, files, expected) => {
    await using it = await project();
    await runCommand(it.folder, ["codegen"]);
    const before = await it.tree("generated");
    await it.write(files);
    const result = await runCommand(it.folder, ["codegen"], {
      env: { DATABASE_URL: inject("serverUrl") },
    });
    expect(result.code).toBe(1);
    for (const text of expected) expect(result.err).toContain(text);
    expect(result.err).toContain("1 problem; nothing was written.");
    expect(await it.tree("generated")).toEqual(before);
  });

  test("queries without a purpose, with a wrong name, or named twice, each with its line", async () => {
    await using it = await project({
      "sql/migrations/1.sql": "create table jobs (id int not null);",
      "sql/queries/a.sql":
        "/* One. */\n/* @name one */\nselect id from jobs;\n\n/* One. */\n/* @name one */\nselect id from jobs;\n",
      "sql/queries/b.sql":
        "/* One. */\n/* @name one */\nselect id from jobs;\n\n/*\n  @name Two_\n*/\nselect id from jobs;\n",
      "taskwright.config.json": sqlConfig,
    });
    const { code, err } = await runCommand(it.folder, ["codegen"], {
      env: { DATABASE_URL: inject("serverUrl") },
    });
    expect(code).toBe(1);
    for (const text of [
      "sql/queries/a.sql:6\n  Query one is also defined in sql/queries/a.sql:2. [duplicate-query]",
      "sql/queries/b.sql:2\n  Query one is also defined in sql/queries/a.sql:6. [duplicate-query]",
      "sql/queries/b.sql:6\n  Query Two_ is not named in camelCase. [query-name]",
      "sql/queries/b.sql:6\n  Query Two_ has no line of purpose. [query-purpose]",
    ]) {
      expect(err).toContain(text);
    }
  });

  test("all at once", async () => {
    await using it = await project(Object.assign({}, ...cases.map(([, files]) => files)));
    await it.write({ "schemas/b.json": "{", "schemas/c.json": { type: "objekt" } });
    const { code, err } = await runCommand(it.folder, ["codegen"], {
      env: { DATABASE_URL: inject("serverUrl") },
    });
    expect(code).toBe(1);
    for (const rule of [
      "unknown-x-task-key",
      "not-json",
      "invalid-schema",
      "name-collision",
      "broken-query",
    ]) {
      expect(err).toContain(`[${rule}]`);
    }
    expect(await it.tree("generated")).toEqual({});
  });

  test("a folder of schemas that is not there", async () => {
    await using it = await Project.create();
    const result = await runCommand(it.folder, ["codegen"]);
    expect(result.code).toBe(1);
    expect(result.err).toContain("There is no folder schemas");
  });

  test("a file where a folder should be, for schemas and for output", async () => {
    await using it = await project({ note: "mine", "generated/tasks/index.ts/note": "mine" });
    const read = await runCommand(it.folder, ["codegen", "--schemas", "note"]);
    expect(read).toMatchObject({ code: 1 });
    expect(read.err).toContain("note is a file, where a folder is expected. [no-folder]");
    const wrote = await runCommand(it.folder, ["codegen", "--output", "note"]);
    expect(wrote).toMatchObject({ code: 1 });
    expect(wrote.err).toContain("note\n  Output belongs here");
    const inTheWay = await runCommand(it.folder, ["codegen"]);
    expect(inTheWay).toMatchObject({ code: 1 });
    expect(inTheWay.err).toContain("generated/tasks/index.ts\n  Output belongs here");
    expect(await it.read("note")).toBe("mine");
  });
});

describe("a wrong command line ends with 2", () => {
  test.each([
    [["codegen", "--chek"], "Did you mean --check?"],
    [["codegen", "--check", "--watch"], "cannot be used with"],
    [["codegn"], "Did you mean codegen?"],
    [["codegen", "extra"], "too many arguments"],
    [["codegen", "--config"], "argument missing"],
  ])("%j", async (args, expected) => {
    const result = await runCommand("/", args);
    expect(result).toMatchObject({ code: 2, out: "" });
    expect(result.err).toContain(expected);
  });

  test("help is no error", async () => {
    const result = await runCommand("/", ["codegen", "--help"]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toContain("Examples:");
  });
});
