// A worker of ours. It ends by itself when it is told to by SIGTERM.
import { setTimeout as delay } from "node:timers/promises";
import { startWorker, type Worker, type WorkerListeners } from "taskwright";
import { Ledger } from "../ledger/ledger.js";
import { makeHandlers } from "./handlers.js";
import { processName, readAssignment, watchLag } from "./role.js";
import {
  bufferTimeoutMs,
  fleetLimit,
  foreignThresholdMs,
  heartbeatIntervalMs,
  sweepThresholdMs,
} from "./tasks.js";

const memoryIntervalMs = 1000;
const assignment = readAssignment();
const ledger = new Ledger(assignment.folder, assignment.actor);
const workerId = processName(assignment);
ledger.write({ kind: "worker", worker: workerId });

const on: WorkerListeners = {
  "job:complete": ({ job, error }) =>
    ledger.write({ kind: "settled", job: job.id, failed: error !== undefined }),
  "job:interrupted": ({ job }) => ledger.write({ kind: "interrupted", job: job.id }),
  "job:lost": ({ job }) => ledger.write({ kind: "lost", job: job.id }),
  "job:late": ({ job }) => ledger.write({ kind: "late", job: job.id }),
  "pool:fatalError": ({ jobs, action, error }) => {
    for (const job of jobs) ledger.write({ kind: "unsettled", job: job.id });
    ledger.write({ kind: "note", text: `could not ${action}: ${error.message}` });
  },
  "sweep:complete": ({ deadWorkerIds, recoveredJobIds }) =>
    ledger.write({ kind: "swept", workers: deadWorkerIds, jobs: recoveredJobIds }),
  "heartbeat:lost": () => ledger.write({ kind: "declared dead" }),
  "heartbeat:error": () => ledger.write({ kind: "heartbeat failed" }),
};

/** A start says that it failed, and whoever started the worker tries again. */
async function start(): Promise<Worker | undefined> {
  while (!told.signal.aborted) {
    try {
      return await startWorker({
        connectionString: assignment.connectionString,
        workerId,
        handlers: makeHandlers(ledger, assignment.steady),
        concurrency: 6,
        pollIntervalMs: 500,
        waitForDatabaseMs: 60_000,
        connectTimeoutMs: 3000,
        statementTimeoutMs: 6000,
        listenCheckMs: 2000,
        bufferTimeoutMs,
        shutdownTimeoutMs: 3000,
        abortGraceMs: 1000,
        settleTimeoutMs: 4000,
        taskLimits: { limited: { fleet: fleetLimit } },
        recovery: {
          heartbeatIntervalMs,
          sweepThresholdMs,
          foreignThresholdMs,
          sweepIntervalMs: 1000,
        },
        on,
        signal: told.signal,
      });
    } catch (error) {
      ledger.write({ kind: "note", text: `the start failed: ${String(error)}` });
      await delay(200);
    }
  }
  return undefined;
}

const told = new AbortController();
let worker: Worker | undefined;
process.on("SIGTERM", () => {
  // The second time it is forced.
  if (told.signal.aborted) void worker?.stop({ force: true });
  told.abort(new Error("SIGTERM"));
});

ledger.write({ kind: "ready" });

const lag = watchLag(ledger);
const memory = setInterval(() => {
  const { rss, heapUsed } = process.memoryUsage();
  ledger.write({ kind: "memory", rss, heap: heapUsed });
}, memoryIntervalMs);
worker = await start();
await worker?.finished;
clearInterval(lag);
clearInterval(memory);
ledger.write({ kind: "finished" });
