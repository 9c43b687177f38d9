import { readFile } from "node:fs/promises";
import path from "node:path";
import { Pool } from "pg";
import { describe, expect, test } from "vitest";
import { migrate, runOnce, startWorker, TaskwrightError } from "taskwright";
import { createClient, tasks } from "../../generated/tasks/index.js";
import { optionLists } from "../../docs/generate/option-lists.js";
import { readOptions, type Option } from "../../docs/generate/options.js";
import { writePages } from "../../docs/generate/pages.js";
import { openSources } from "../../docs/generate/source.js";
import { resolveBulkOptions } from "../../src/jobs/bulk-options.js";
import { resolveClientOptions } from "../../src/client/options.js";
import { resolveConfig } from "../../src/config.js";
import { schedulingRules } from "../../src/cron/options.js";
import { checkOptions } from "../../src/options.js";
import { resolveRecovery } from "../../src/recovery/options.js";
import { resolveIsolation } from "../../src/isolation/options.js";
import { resolveSpec } from "../../src/tasks/spec.js";
import { resolveWorkerOptions } from "../../src/worker/options.js";
import { repository } from "./page.js";

const project = openSources();

/** What the page says of an interface's options. */
function documented(name: string): readonly Option[] {
  const list = optionLists.find((list) => list.interface === name);
  if (list === undefined) throw new Error(`No option list for ${name}.`);
  return readOptions(project, list);
}

test("the pages that are made from the source are fresh", async () => {
  for (const [file, text] of await writePages()) {
    expect(await readFile(path.join(repository, file), "utf8"), file).toBe(text);
  }
});

/** The options that a function names when it is given one that doesn't exist. */
async function knownTo(call: (options: never) => unknown): Promise<readonly string[]> {
  try {
    await call({ noSuchOption: 1 } as never);
  } catch (error) {
    if (error instanceof TaskwrightError && error.code === "OPTION_UNKNOWN") {
      return error.details["known"] as readonly string[];
    }
    throw error;
  }
  throw new Error("It took an option that doesn't exist.");
}

test.each([
  ["WorkerOptions", startWorker],
  ["ClientOptions", createClient],
  ["MigrateOptions", migrate],
  ["RecoveryOptions", resolveRecovery],
  ["IsolationOptions", resolveIsolation],
  ["BulkOptions", (options: object) => resolveBulkOptions("enqueueBulk", options)],
])("%s: every option that the code knows is listed, and no other", async (name, call) => {
  const listed = documented(name).map((option) => option.name);
  expect(listed.toSorted()).toEqual([...(await knownTo(call as never))].sort());
});

test("a run's options are a worker's and those that are listed for it", async () => {
  const names = [...documented("WorkerOptions"), ...documented("RunOnceOptions")];
  const listed = names.map((option) => option.name);
  expect(listed.toSorted()).toEqual([...(await knownTo(runOnce as never))].sort());
});

test("job options and the config's are those that the code knows", () => {
  const spec = Object.fromEntries(documented("TaskSpec").map(({ name }) => [name, undefined]));
  expect(() => resolveSpec("a", {}, spec)).not.toThrow();
  const config = Object.fromEntries(
    documented("TaskwrightConfig").map(({ name }) => [name, undefined]),
  );
  expect(() => resolveConfig(config, "/")).not.toThrow();
  expect(Object.keys(resolveConfig({}, "/"))).toEqual(expect.arrayContaining(Object.keys(config)));
});

describe("defaults are what the code takes", () => {
  const pool = new Pool();
  const handlers = { tasks: new Map([["send_email", { task: tasks.send_email, handler() {} }]]) };
  test.each([
    [
      "WorkerOptions",
      {
        ...resolveWorkerOptions("startWorker", { pool, handlers }),
        ...checkOptions("startWorker", {}, schedulingRules),
      },
    ],
    ["ClientOptions", resolveClientOptions({ pool })],
    ["RecoveryOptions", resolveRecovery()],
    ["IsolationOptions", resolveIsolation()],
    ["BulkOptions", resolveBulkOptions("enqueueBulk", {})],
    ["TaskwrightConfig", resolveConfig({}, "/")],
  ])("%s", (name, resolved) => {
    const checked = documented(name).flatMap(({ name, default: said = "" }) => {
      const value = readDefault(said);
      return value === undefined ? [] : [[name, value] as const];
    });
    expect(checked.length).toBeGreaterThan(0);
    const actual = resolved as unknown as Readonly<Record<string, unknown>>;
    for (const [option, value] of checked) {
      expect(asDocumented(actual[option]), option).toBe(value);
    }
  });
});

/** Lists of one are told by what is in them, functions by what they give, paths as they are written. */
function asDocumented(value: unknown): unknown {
  if (typeof value === "function") return (value as () => unknown)();
  const single: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof single === "string" ? single.replace(/^\//u, "") : single;
}

/** A default that is a value: a number, a word of code, true or false. Others are told in words. */
function readDefault(said: string): unknown {
  const [, number, code, truth] =
    /^(?:(-?[\d,]+)|`([^`]+)`|(true|false))(?=$|[;:,]| )/u.exec(said) ?? [];
  if (number !== undefined) return Number(number.replaceAll(",", ""));
  return truth === undefined ? code : truth === "true";
}

test("the errors' page tells of every code, and of no other", async () => {
  const page = await readFile(path.join(repository, "docs/errors.md"), "utf8");
  const listed = Array.from(page.matchAll(/^\| `([A-Z_]+)`/gmu), ([, code]) => code);
  const source = await readFile(path.join(repository, "src/errors.ts"), "utf8");
  const codes = Array.from(source.matchAll(/^ {2}\| "([A-Z_]+)"/gmu), ([, code]) => code);
  expect(codes.length).toBeGreaterThan(0);
  expect(new Set(listed)).toEqual(new Set(codes));
});
