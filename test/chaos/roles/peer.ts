// Node's graphile-worker, on the Node that it needs.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { noteLockHolder } from "../lock-holders.js";
import { Ledger } from "../ledger/ledger.js";
import { readAssignment, watchLag } from "./role.js";
import { Runs, type RunningJob } from "./runs.js";
import { sharedTasks, type Item, type Payload } from "./tasks.js";

interface PeerJob {
  readonly id: string;
  readonly task_identifier: string;
  readonly key: string | null;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly locked_at: Date | null;
}

type PeerTask = (payload: unknown, helpers: { readonly job: PeerJob }) => unknown;

/** The part of graphile-worker's API that is used; it is installed for the interop tests only. */
interface PeerModule {
  run(options: {
    readonly connectionString: string;
    readonly concurrency: number;
    readonly pollInterval: number;
    readonly noHandleSignals: boolean;
    readonly events: NodeJS.EventEmitter;
    readonly logger: unknown;
    readonly taskList: Readonly<Record<string, PeerTask>>;
  }): Promise<{ stop(): Promise<void>; readonly promise: Promise<void> }>;
  readonly Logger: new (factory: () => () => void) => unknown;
}

const { actor, folder, connectionString } = readAssignment();
const ledger = new Ledger(folder, actor);
const runs = new Runs(ledger);
const { EventEmitter } = await import("node:events");
const events = new EventEmitter();
// It locks jobs under the ids of its workers, and of their pool.
const noteHolder = (id: string) => {
  ledger.write({ kind: "worker", worker: id });
  noteLockHolder(folder, actor, id);
};
events.on("pool:create", ({ workerPool }: { readonly workerPool: { readonly id: string } }) =>
  noteHolder(workerPool.id),
);
events.on("worker:create", ({ worker }: { readonly worker: { readonly workerId: string } }) =>
  noteHolder(worker.workerId),
);

function toRunning(job: PeerJob, queue: string | null): RunningJob {
  const { task_identifier: task, max_attempts: maxAttempts, locked_at: lockedAt } = job;
  return { id: job.id, task, key: job.key, attempts: job.attempts, queue, maxAttempts, lockedAt };
}

const perform: PeerTask = (payload, { job }) => {
  const known = payload as Payload;
  return runs.perform(toRunning(job, known.queue ?? null), known);
};
const performBatch: PeerTask = (payload, { job }) =>
  runs.performBatch(toRunning(job, null), payload as readonly Item[]);

const require = createRequire(new URL("../../interop/peer/package.json", import.meta.url));
const entry = pathToFileURL(require.resolve("graphile-worker"));
const peer = (await import(entry.href)) as PeerModule;
const lag = watchLag(ledger);
const runner = await peer.run({
  connectionString,
  concurrency: 3,
  pollInterval: 500,
  noHandleSignals: true,
  events,
  logger: new peer.Logger(() => () => {}),
  taskList: Object.fromEntries(
    sharedTasks.map((task) => [task, task === "batch" ? performBatch : perform]),
  ),
});
process.once("SIGTERM", () => void runner.stop());
await runner.promise;
clearInterval(lag);
process.exit();
