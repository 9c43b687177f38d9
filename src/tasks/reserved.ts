import type { CronInfo } from "./context.js";

/**
 * Keys that the peers put into object payloads: `_cron` (both), `_trace` (Rust, also into each item
 * of a batch). They are no part of the typed payload, whatever the task's schema says about further properties.
 */
export const reservedKeys = ["_cron", "_trace"] as const;

export interface SplitPayload {
  readonly payload: unknown;
  readonly cron: unknown;
  readonly trace: unknown;
}

/**
 * Takes the peers' keys out of a payload; the given value is not changed. Into a batch the Rust crate
 * puts the trace of its one call item by item, so that the first one stands for all.
 */
export function splitReserved(value: unknown): SplitPayload {
  if (Array.isArray(value)) return splitItems(value);
  if (!hasReservedKey(value)) return { payload: value, cron: undefined, trace: undefined };
  const { _cron: cron, _trace: trace, ...payload } = value;
  return { payload, cron, trace };
}

function splitItems(items: readonly unknown[]): SplitPayload {
  const traced = items.find(hasReservedKey);
  if (traced === undefined) return { payload: items, cron: undefined, trace: undefined };
  const payload = items.map((item) => (hasReservedKey(item) ? splitReserved(item).payload : item));
  return { payload, cron: undefined, trace: traced["_trace"] };
}

function hasReservedKey(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    reservedKeys.some((key) => Object.hasOwn(value, key))
  );
}

/** Anybody may write anything into a payload: what no scheduler would have written is left out. */
export function readCronInfo(value: unknown): CronInfo | undefined {
  if (typeof value !== "object" || value === null || !("ts" in value)) return undefined;
  const { ts, backfilled } = value as { readonly ts: unknown; readonly backfilled?: unknown };
  if (typeof ts !== "string" || Number.isNaN(Date.parse(ts))) return undefined;
  return { ts, backfilled: backfilled === true };
}
