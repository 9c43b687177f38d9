import type { Queries } from "../database/queries.js";
import type { WorkerEvents } from "../events.js";
import type { Connections } from "./connections.js";
import type { DrainEnd } from "./drain.js";
import type { ResolvedWorkerOptions } from "./options.js";
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
  /** Undefined without recovery: then nobody declares the worker dead. */
  readonly liveness: Liveness | undefined;
}
