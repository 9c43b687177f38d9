// Workers in a process of their own, one after the other, steered through the process's signals. Each
// line that it prints is an event of the worker with that number.
import { startWorker } from "../../../src/index.js";
import { RunLog } from "../../support/run-log.js";
import { handlersFor } from "../support.js";

interface Settings {
  readonly name: string;
  readonly connectionString: string;
  readonly logUrl: string;
  /** How many workers to run. Default 1. */
  readonly rounds?: number;
}

const {
  name,
  connectionString,
  logUrl,
  rounds = 1,
} = JSON.parse(process.argv[2] ?? "") as Settings;

async function runWorker(round: number): Promise<void> {
  const say = (event: string) => console.log(`${event} ${round}`);
  const log = await RunLog.open(logUrl);
  const worker = await startWorker({
    connectionString,
    handleSignals: true,
    concurrency: 4,
    shutdownTimeoutMs: 60_000,
    settleTimeoutMs: 500,
    handlers: handlersFor({
      quick: (_payload, { job, db }) =>
        log.record(job, name, async () => {
          await db.query("select pg_sleep(0.003)", []);
        }),
      /** Ends once the worker stops. */
      brief: () => {
        say("running");
        return new Promise<void>((resolve) => {
          worker.events.once("pool:gracefulShutdown", () => resolve());
        });
      },
      /** Ends when its signal is aborted, and not before. */
      endless: (_payload, { signal }) => {
        say("running");
        return new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
      },
    }),
  });
  worker.events.on("pool:gracefulShutdown", () => say("stopping"));
  worker.events.on("pool:fatalError", ({ jobs }) => say(`left ${jobs.length} in`));
  say("ready");
  await worker.finished;
  await log.close();
  say("finished");
}

for (let round = 1; round <= rounds; round++) await runWorker(round);
