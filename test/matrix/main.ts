/**
 * `pnpm test:matrix`: runs the tests of all that lives in the database on each supported PostgreSQL with
 * each supported Node. What isn't installed is fetched from npm.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedServer } from "../../src/cli/embedded.js";
import { sourceFlags } from "../support/process.js";
import { installNode, installPostgres, nodeVersions, postgresVersions } from "./parts.js";

const usage = `pnpm test:matrix [--postgres=LIST] [--node=LIST] [TESTS …]

  --postgres  major versions, such as 12,18; default: ${Object.keys(postgresVersions).join(",")}
  --node      major versions, such as 20,26; default: ${nodeVersions.join(",")}
  TESTS       parts of paths of test files; default: all that need the database
`;

interface Outcome {
  readonly postgres: string;
  readonly node: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const { values, positionals } = parseArgs({
  options: {
    postgres: { type: "string", default: Object.keys(postgresVersions).join(",") },
    node: { type: "string", default: nodeVersions.join(",") },
    help: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

if (values.help) process.stdout.write(usage);
else process.exitCode = await main();

async function main(): Promise<number> {
  const postgres = choose("--postgres", values.postgres, Object.keys(postgresVersions));
  const nodes = choose("--node", values.node, nodeVersions);
  const outcomes: Outcome[] = [];
  for (const node of nodes) {
    const program = await installNode(node);
    if (program === undefined) {
      process.stdout.write(`left out: Node ${node}, which npm doesn't have for this platform\n`);
      continue;
    }
    for (const version of postgres) outcomes.push(await runTests(version, node, program));
  }
  for (const { postgres: server, node, passed, failed, skipped } of outcomes) {
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    process.stdout.write(`PostgreSQL ${server}, Node ${node}: ${counts}\n`);
  }
  // Nothing passed: the tests that were asked for don't exist.
  return outcomes.every(({ passed, failed }) => failed === 0 && passed > 0) ? 0 : 1;
}

function choose(flag: string, given: string, known: readonly string[]): string[] {
  const chosen = given.split(",").filter((name) => name !== "");
  const unknown = chosen.filter((name) => !known.includes(name));
  if (chosen.length > 0 && unknown.length === 0) return chosen;
  process.stderr.write(`${flag} takes some of ${known.join(",")}, not "${given}".\n`);
  return process.exit(2);
}

async function runTests(postgres: string, node: string, program: string): Promise<Outcome> {
  process.stdout.write(`\n== PostgreSQL ${postgres}, Node ${node}\n`);
  const server = await startEmbeddedServer({
    package: await installPostgres(postgres),
    settings: ["max_connections=300"],
    nodeFlags: sourceFlags,
  });
  const folder = await mkdtemp(path.join(tmpdir(), "taskwright-matrix-"));
  const report = path.join(folder, "report.json");
  try {
    const vitest = path.join(
      path.dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
      "vitest.mjs",
    );
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const args = ["run", "--config", "test/matrix/vitest.config.ts", ...reporters, ...positionals];
    const child = spawn(program, [vitest, ...args], {
      stdio: "inherit",
      env: { ...process.env, DATABASE_URL: server.connectionString },
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { postgres, node, ...(await readCounts(report, code)) };
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

/** A run that failed without a failed test, as by an unhandled rejection, counts as one failure. */
async function readCounts(report: string, code: number | null) {
  const counts = await readFile(report, "utf8").then(
    (text) =>
      JSON.parse(text) as {
        readonly numPassedTests: number;
        readonly numFailedTests: number;
        readonly numPendingTests: number;
      },
    () => ({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 }),
  );
  const failed = code === 0 ? counts.numFailedTests : Math.max(1, counts.numFailedTests);
  return { passed: counts.numPassedTests, failed, skipped: counts.numPendingTests };
}
