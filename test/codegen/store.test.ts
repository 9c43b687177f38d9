import { readdir, readFile, writeFile } from "node:fs/promises";
import { execFile as execFileWithCallback } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as compile from "../../codegen/tasks/compile.js";
import { check, generate, type CodegenOptions } from "../../codegen/index.js";
import { findScheduleFaults } from "../../src/cron/task-schedules.js";
import { sourceFlags } from "../support/process.js";
import { Project } from "../support/project.js";

const execFile = promisify(execFileWithCallback);

const compiled: string[] = [];
vi.mock("../../codegen/tasks/compile.js", async (original) => {
  const module = await original<typeof compile>();
  return {
    ...module,
    compileTask: (...args: Parameters<typeof module.compileTask>) => {
      compiled.push(args[0].source.name);
      return module.compileTask(...args);
    },
    compileRegistry: (...args: Parameters<typeof module.compileRegistry>) => {
      compiled.push("the registry");
      return module.compileRegistry(...args);
    },
  };
});
beforeEach(() => {
  compiled.length = 0;
});

const schema = (description: string) => ({
  type: "object",
  description,
  additionalProperties: false,
});

async function createProject(): Promise<{ it: Project; options: CodegenOptions }> {
  const it = await Project.create({
    "schemas/a.json": schema("A."),
    "schemas/b.json": schema("B."),
  });
  return { it, options: optionsOf(it) };
}

function optionsOf(it: Project): CodegenOptions & { readonly tasks: object } {
  return {
    tasks: {
      root: it.folder,
      schemas: path.join(it.folder, "schemas"),
      output: path.join(it.folder, "generated"),
      schema: "graphile_worker",
      checkSchedule: findScheduleFaults,
      cache: path.join(it.folder, "cache"),
    },
  };
}

/** What a run compiles and writes. */
async function run(options: CodegenOptions) {
  compiled.length = 0;
  const { problems, warnings, changed } = await generate(options);
  return { compiled: [...compiled], problems, warnings, changed: changed.length };
}

const nothing = { compiled: [], problems: [], warnings: [], changed: 0 };

describe("compiles only", () => {
  test("nothing, when nothing has changed", async () => {
    const { it, options } = await createProject();
    await using _ = it;
    expect((await run(options)).compiled).toEqual(["a", "b", "the registry"]);
    expect(await run(options)).toEqual(nothing);
    expect(await check(options)).toEqual({ problems: [], warnings: [], changed: [] });
    expect(compiled).toEqual([]);
  });

  test("the schema that has changed", async () => {
    const { it, options } = await createProject();
    await using _ = it;
    await run(options);
    await it.write({ "schemas/b.json": schema("Another.") });
    expect((await run(options)).compiled).toEqual(["b"]);
    expect(await it.read("generated/b.ts")).toContain("Another.");
  });

  test("a schema that is new, and the registry", async () => {
    const { it, options } = await createProject();
    await using _ = it;
    await run(options);
    await it.write({ "schemas/c.json": schema("C.") });
    expect((await run(options)).compiled).toEqual(["c", "the registry"]);
    await it.remove("schemas/c.json");
    expect((await run(options)).compiled).toEqual(["the registry"]);
  });

  test("what the disk doesn't have as it was written", async () => {
    const { it, options } = await createProject();
    await using _ = it;
    await run(options);
    await it.remove("generated/validators/a.ts");
    expect(await run(options)).toMatchObject({ compiled: ["a"], changed: 1 });
    await writeFile(path.join(it.folder, "generated/b.ts"), "export {};\n");
    const edited = await check(options);
    expect(edited.changed).toMatchObject([{ reason: "differs" }]);
    expect((await run(options)).problems).toMatchObject([{ rule: "edited-file" }]);
  });

  test("all of it, under other options", async () => {
    const { it, options } = await createProject();
    await using _ = it;
    await run(options);
    const other = { tasks: { ...optionsOf(it).tasks, schema: "other" } } as CodegenOptions;
    expect((await run(other)).compiled).toEqual(["a", "b", "the registry"]);
    expect(await it.read("generated/a.ts")).toContain('"other"');
  });
});

test("problems and warnings of what is kept are told again", async () => {
  const { it, options } = await createProject();
  await using _ = it;
  await it.write({ "schemas/a.json": { ...schema("A."), maximun: 1 } });
  const { warnings } = await run(options);
  expect(warnings).toHaveLength(1);
  expect(await run(options)).toEqual({ ...nothing, warnings });

  await it.write({ "schemas/c.json": "{" });
  expect(await run(options)).toMatchObject({
    compiled: [],
    warnings,
    problems: [{ rule: "not-json" }],
  });
  await it.write({ "schemas/c.json": { ...schema("C."), "x-task": { identifier: "a" } } });
  expect((await run(options)).problems).toMatchObject([{ rule: "name-collision" }]);
  await it.remove("schemas/c.json");
  expect(await run(options)).toEqual({ ...nothing, warnings });
});

test.each([
  ["cut off", (text: string) => text.slice(0, 300)],
  ["empty", () => ""],
  ["of another codegen", (text: string) => text.replace(/"stamp":"\w/u, '"stamp":"x')],
  ["of another form", (text: string) => text.replaceAll('"identity"', '"identify"')],
  ["made to list another file", (text: string) => text.replaceAll("validators/", "../")],
])("a record that is %s is not believed", async (_name, damage) => {
  const { it, options } = await createProject();
  await using _ = it;
  await run(options);
  const output = await it.tree("generated");
  const [name = ""] = await readdir(path.join(it.folder, "cache"));
  const file = path.join(it.folder, "cache", name);
  await writeFile(file, damage(await readFile(file, "utf8")));
  const { compiled: again, ...rest } = await run(options);
  expect(again).toEqual(expect.arrayContaining(["a", "b"]));
  expect(rest).toEqual({ problems: [], warnings: [], changed: 0 });
  expect(await it.tree("generated")).toEqual(output);
});

test("runs at once leave a whole record", async () => {
  const { it, options } = await createProject();
  await using _ = it;
  await run(options);
  await it.write({ "schemas/a.json": schema("Once more.") });
  await Promise.all([check(options), check(options), check(options)]);
  expect(await readdir(path.join(it.folder, "cache"))).toHaveLength(1);
  await run(options);
  expect(await run(options)).toEqual(nothing);
});

test("an unchanged run loads no compiler", async () => {
  const { it } = await createProject();
  await using _ = it;
  const run = async () => {
    const program = fileURLToPath(new URL("unchanged.ts", import.meta.url));
    const { stdout } = await execFile(process.execPath, [...sourceFlags, program, it.folder]);
    const { changed, modules } = JSON.parse(stdout) as { changed: number; modules: string[] };
    const isHeavy = /node_modules.(ts-morph|@ts-morph|json-schema-to-typescript|ajv|recheck)\b/u;
    return { changed, heavy: modules.filter((name) => isHeavy.test(name)).length > 0 };
  };
  expect(await run()).toMatchObject({ heavy: true });
  expect(await run()).toEqual({ changed: 0, heavy: false });
});
