import type { Stage } from "../stage.js";

/**
 * Who can be the target: one of our workers that may die, a producer, Node's graphile-worker, this or
 * the Rust crate's worker, one whose connections pass a proxy, a table, or nobody in particular.
 */
export type TargetKind =
  "worker" | "producer" | "peer" | "foreigner" | "proxied" | "table" | "nobody";

/** One kind of trouble. */
export interface Fault {
  readonly targets: TargetKind;
  /** Milliseconds that it lasts: at least, and at most. */
  readonly durationMs: readonly [number, number];
  /**
   * Makes the trouble and undoes it. Resolves to a reason when it could not be made; it may reject, too.
   */
  run(stage: Stage, target: string, durationMs: number): Promise<string | void>;
}
