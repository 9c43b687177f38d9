import type { Stage } from "../stage.js";

/** Who can be the target: one of the workers that may die, one whose connections pass a proxy … */
export type TargetKind = "worker" | "producer" | "peer" | "proxied" | "table" | "nobody";

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
