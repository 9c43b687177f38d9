import type { Queries } from "../database/queries.js";
import type { WorkerEvents } from "../events.js";
import { composeRun } from "../plugins/run.js";
import { composeSettle } from "../plugins/settle.js";
import { CompletionLooks } from "./completion-looks.js";
import type { Connections } from "./connections.js";
import type { DrainEnd } from "./drain.js";
import type { ResolvedWorkerOptions } from "./options.js";
import { shareContext } from "./shared-context.js";
import type { Liveness } from "./start-gate.js";
import type { TaskIds } from "./task-ids.js";

/** What a worker gives its flow of jobs. */
export interface FlowOptions<App> {
  readonly worker: ResolvedWorkerOptions<App>;
  readonly queries: Queries;
  readonly connections: Connections;
  readonly events: WorkerEvents;
  readonly taskIds: TaskIds;
  /** When set, the flow doesn't poll, and calls this once it can run nothing more of what is due. */
  readonly onDrainEnd: ((end: DrainEnd) => void) | undefined;
  /** Called when a stop has nothing left to wait for but the database. */
  readonly onIdle: () => void;
  /** Undefined without recovery: then no worker declares this one dead. */
  readonly liveness: Liveness | undefined;
}

/** What every service of the flow that uses the database needs. */
export function sharedOptions<App>({ worker, queries, connections, events }: FlowOptions<App>) {
  return { queries, db: connections.system, workerId: worker.workerId, events };
}

/** The runner's options that don't depend on other services of the flow. */
export function runnerSettings<App>(options: FlowOptions<App>) {
  const { worker, connections } = options;
  const { handlers, concurrency, shutdownTimeoutMs, abortGraceMs, plugins } = worker;
  const { queries, db, workerId, events } = sharedOptions(options);
  return {
    handlers,
    concurrency,
    shutdownTimeoutMs,
    abortGraceMs,
    events,
    shared: shareContext(worker, connections.app),
    runChain: composeRun(plugins),
    settleChain: composeSettle(plugins),
    completion: { queries, workerId, looks: new CompletionLooks({ queries, workerId, db }) },
  };
}
