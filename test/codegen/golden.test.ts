import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { formatProblem } from "../../codegen/index.js";
import { compileTasks } from "../../codegen/tasks/index.js";
import { findScheduleFaults } from "../../src/cron/task-schedules.js";
import { goldenCases, readTree, type GoldenCase } from "./support/golden.js";

/** `UPDATE_GOLDEN=1 pnpm vitest run test/codegen/golden.test.ts` rewrites what is expected. */
const isUpdate = process.env["UPDATE_GOLDEN"] === "1";

describe("each golden folder compiles to what it expects", () => {
  test.each(goldenCases)("$name", async (golden) => {
    const actual = await compileCase(golden);
    if (isUpdate) writeExpected(golden, actual);
    expect(actual).toEqual(readExpected(golden));
  });
});

/** The files that a case expects, by path; the problems count as a file too. */
async function compileCase({ name, folder }: GoldenCase): Promise<Record<string, string>> {
  const output = path.join(folder, "expected");
  const { files, problems } = await compileTasks({
    root: folder,
    schemas: path.join(folder, "schemas"),
    output,
    schema: name === "options" ? 'quo"ted' : "graphile_worker",
    checkSchedule: findScheduleFaults,
    reading: { strict: name.startsWith("error_strict") },
  });
  if (problems.length > 0) {
    return { "expected-error.txt": `${problems.map(formatProblem).join("\n\n")}\n` };
  }
  return Object.fromEntries(files.map((file) => [path.relative(folder, file.path), file.text]));
}

function readExpected({ folder }: GoldenCase): Record<string, string> {
  const files = Object.entries(readTree(folder));
  return Object.fromEntries(files.filter(([name]) => !name.startsWith("schemas/")));
}

function writeExpected({ folder }: GoldenCase, files: Record<string, string>): void {
  rmSync(path.join(folder, "expected"), { recursive: true, force: true });
  rmSync(path.join(folder, "expected-error.txt"), { force: true });
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
