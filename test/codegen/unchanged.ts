/**
 * Compiles a project's schemas, and prints which CommonJS modules that took.
 * @module
 */
import { createRequire } from "node:module";
import path from "node:path";
import { generate } from "../../codegen/index.js";
import { findScheduleFaults } from "../../src/cron/task-schedules.js";

const root = process.argv[2] ?? "";
const { changed } = await generate({
  tasks: {
    root,
    schemas: path.join(root, "schemas"),
    output: path.join(root, "generated"),
    schema: "graphile_worker",
    checkSchedule: findScheduleFaults,
    cache: path.join(root, "cache"),
  },
});
const modules = Object.keys(createRequire(import.meta.url).cache);
process.stdout.write(JSON.stringify({ changed: changed.length, modules }));
