import { Pool } from "pg";
import { startWorker } from "taskwright";
import { startEmbeddedServer } from "../src/cli/embedded.js";
import { handlers } from "./handlers.js";
import { Ledger } from "./ledger.js";
import { createProgress } from "./progress.js";
import { Statistics } from "./statistics.js";
import { findDisagreements, formatSummary } from "./summary.js";
import { enqueueWorkload } from "./workload.js";

/** The demo has gone wrong when its jobs take longer than this. */
const patienceMs = 120_000;

const given = process.env["DATABASE_URL"] ?? "";
const server = given === "" ? await startEmbeddedServer() : undefined;
const connectionString = server?.connectionString ?? given;
const out = process.stdout;
out.write(`PostgreSQL: ${server === undefined ? "the one that DATABASE_URL names" : "embedded"}\n`);

const interrupted = new Promise<number>((resolve) => {
  // 128 and the signal's number, as shells have it.
  process.once("SIGINT", () => resolve(130));
  process.once("SIGTERM", () => resolve(143));
});
const run = runDemo().then((isRight) => (isRight ? 0 : 1));
process.exitCode = await Promise.race([run, interrupted]);
// The server goes away under a run that was interrupted.
run.catch(() => {});
await server?.stop();
// A run that was interrupted leaves its worker and its pool behind.
process.exit();

async function runDemo(): Promise<boolean> {
  const pool = new Pool({ connectionString });
  // The embedded server may end while an idle connection is still being closed.
  pool.on("error", () => {});
  const ledger = new Ledger();
  await ledger.create(pool);
  const statistics = new Statistics([...handlers.tasks.keys()]);

  // The worker installs the schema, then waits for the jobs that are added below.
  const worker = await startWorker({ connectionString, handlers, app: { ledger } });
  statistics.listenTo(worker);
  const progress = createProgress(out);
  const timer = setInterval(() => progress.update(statistics.settled, statistics.enqueued), 50);
  const startedAt = performance.now();
  await ledger.expect(pool, await enqueueWorkload(pool, statistics));
  const isDone = await waitUntilSettled(statistics);
  const seconds = (performance.now() - startedAt) / 1_000;
  clearInterval(timer);
  progress.update(statistics.settled, statistics.enqueued);
  progress.stop();
  await worker.stop();

  out.write(`${formatSummary(statistics)}\n`);
  out.write(`${statistics.settled} jobs in ${seconds.toFixed(1)} s\n`);
  const disagreements = findDisagreements(statistics, await ledger.read(pool));
  await pool.end();
  if (!isDone) disagreements.push(`Not all jobs were settled within ${patienceMs / 1_000} s.`);
  for (const disagreement of disagreements) process.stderr.write(`${disagreement}\n`);
  if (disagreements.length === 0) out.write("The database agrees.\n");
  return disagreements.length === 0;
}

function waitUntilSettled(statistics: Statistics): Promise<boolean> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => resolve(false), patienceMs);
    statistics.onSettled = () => {
      if (statistics.settled < statistics.enqueued) return;
      clearTimeout(deadline);
      resolve(true);
    };
    statistics.onSettled();
  });
}
