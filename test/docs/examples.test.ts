import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate } from "taskwright";
import { runCommand } from "../support/command.js";
import { createDatabase } from "../support/database.js";
import type { Project } from "../support/project.js";
import { compileSchemas, createExamples } from "./examples.js";
import { readPages, repository } from "./page.js";
import { runPage } from "./run-page.js";

const pages = await readPages();
let project: Project;

beforeAll(async () => {
  project = await createExamples(pages);
  await compileSchemas(project, pages);
});
afterAll(() => project[Symbol.asyncDispose]());

describe("the examples of the documentation", () => {
  test("compile, in a project such as a reader has", async () => {
    const tsc = path.join(repository, "node_modules/.bin/tsc");
    const { code, stdout } = await runCommand(tsc, ["-p", project.folder], { cwd: project.folder });
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  const runnable = pages.filter(({ blocks }) => blocks.length > 0);
  test.concurrent.each(runnable)("of $file run", async (page) => {
    const database = await createDatabase();
    try {
      await migrate({ connectionString: database.connectionString });
      await database.pool.query(applicationTable);
      await runPage({ page, folder: path.join(project.folder, page.name), database });
      // Unless the page ends with an end to it all.
      const { rows } = await database.pool.query<{ isThere: boolean }>(isThere);
      if (rows[0]?.isThere !== true) return;
      expect((await database.pool.query(lockedJobs)).rows).toEqual([]);
    } finally {
      await database.drop();
    }
  });
});

const applicationTable = "create table accounts (email text primary key)";
const isThere = `select to_regclass('graphile_worker._private_jobs') is not null as "isThere"`;
const lockedJobs = "select id from graphile_worker._private_jobs where locked_at is not null";
