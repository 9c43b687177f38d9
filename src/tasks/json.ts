import type { PayloadIssue } from "./issues.js";

/** A value as JSON text, or why it can't be. */
export type JsonText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly issue: PayloadIssue };

/**
 * What PostgreSQL will hold of a value. Fields that are `undefined` go missing and a Date becomes
 * a string, as `JSON.stringify` has it; what it would turn into `null` or drop whole is refused.
 */
export function toJson(value: unknown): JsonText {
  try {
    const text = JSON.stringify(value, refuseLoss) as string | undefined;
    if (text !== undefined) return { ok: true, text };
    return notJson(`must be a JSON value, was ${typeof value}`);
  } catch (error) {
    return notJson(
      `can't be written as JSON: ${error instanceof Error ? error.message : "unknown"}`,
    );
  }
}

function refuseLoss(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RangeError(`"${key}" is ${value}, which JSON doesn't have`);
  }
  return value;
}

function notJson(message: string): JsonText {
  return { ok: false, issue: { pointer: "", rule: "json", message } };
}
