/**
 * `pnpm mutate`: changes the code in small ways, one at a time, and runs the tests against each change.
 * A change that no test notices is printed; it shows a test that is missing, or code that does nothing.
 */
import { parseArgs } from "node:util";
import { startEmbeddedServer } from "../../src/cli/embedded.js";
import { formatReport, type Result } from "./report.js";
import { mutateSql } from "./sql/run.js";
import { mutateTypeScript } from "./typescript.js";

const usage = `pnpm mutate [--kind=typescript|sql] [--files=FILE …] [--tests=GLOB …] [--limit=N] [--concurrency=N]

  --kind         what to mutate; default: both
  --files        TypeScript: files or globs, or file.ts:10-40 for some lines of one;
                 default: src/worker, src/recovery and src/plugins
                 SQL: parts of migrations' names, such as 16_claim; default: all
  --tests        the tests to run; default: those of these folders, without those that start processes
  --limit        SQL: at most so many mutants, spread evenly over all
  --concurrency  TypeScript: test runs at once; default 1
`;

const { values } = parseArgs({
  options: {
    kind: { type: "string" },
    files: { type: "string", multiple: true, default: [] },
    tests: { type: "string", multiple: true, default: [] },
    limit: { type: "string" },
    concurrency: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});

const sources = ["src/worker/**/*.ts", "src/recovery/**/*.ts", "src/plugins/**/*.ts"];
/** What runs in a process of its own isn't mutated there; what waits long makes each mutant wait. */
const withoutProcesses = [
  "test/worker/**/*.test.ts",
  "test/recovery/**/*.test.ts",
  "test/plugins/**/*.test.ts",
  "test/tasks/**/*.test.ts",
  "test/model/**/*.test.ts",
  "!test/worker/{kill,server,half-open,lost-connections,signals,claim-cost,pools}.test.ts",
];
/** The quick and wide ones first. Filters of vitest: parts of paths. */
const sqlTests = [
  ["test/model/", "test/jobs/"],
  ["test/worker/queue", "test/worker/slots", "test/worker/strays", "test/worker/lock-watch"],
  ["test/worker/order", "test/worker/flags", "test/worker/keys", "test/worker/complet"],
  ["test/worker/retry", "test/worker/fleet", "test/worker/claim-cost", "test/manage/"],
  ["test/recovery/", "test/migrate/"],
];

if (values.help) process.stdout.write(usage);
else process.exitCode = await run();

async function run(): Promise<number> {
  const given = process.env["DATABASE_URL"] ?? "";
  const server = given === "" ? await startEmbeddedServer(settings()) : undefined;
  // All runs share the server.
  const serverUrl = server?.connectionString ?? given;
  process.env["DATABASE_URL"] = serverUrl;
  try {
    const results: Result[] = [];
    if (values.kind !== "sql") results.push(...(await runTypeScript()));
    if (values.kind !== "typescript") results.push(...(await runSql(serverUrl)));
    process.stdout.write(`${formatReport(results)}\n`);
    return results.length > 0 ? 0 : 1;
  } finally {
    await server?.stop();
  }
}

function settings() {
  return { settings: ["max_connections=300"] };
}

function runTypeScript(): Promise<Result[]> {
  const files = values.files.filter((file) => /\.ts(?::|$)|\*/u.test(file));
  if (values.files.length > 0 && files.length === 0) return Promise.resolve([]);
  return mutateTypeScript({
    files: files.length > 0 ? files : sources,
    tests: values.tests.length > 0 ? values.tests : withoutProcesses,
    concurrency: Number(values.concurrency),
  });
}

function runSql(serverUrl: string): Promise<Result[]> {
  const files = values.files.filter((file) => !/\.ts(?::|$)|\*/u.test(file));
  if (values.files.length > 0 && files.length === 0) return Promise.resolve([]);
  return mutateSql({
    serverUrl,
    files,
    tests: values.tests.length > 0 ? [values.tests] : sqlTests,
    limit: values.limit === undefined ? Infinity : Number(values.limit),
    onResult: ({ file, line, operator, verdict }, nth, of) => {
      process.stdout.write(`${nth}/${of} ${verdict}: ${file}:${line} ${operator}\n`);
    },
  });
}
