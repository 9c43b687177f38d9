import { types } from "node:util";
import { isError } from "../kinds.js";
import { messageOf } from "../thrown.js";
import type { PayloadIssue } from "./issues.js";
import { toPointer } from "./pointer.js";

/** A value as JSON text, or why it can't be. */
export type JsonText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly issue: PayloadIssue };

/**
 * What PostgreSQL will hold of a value. Fields that are `undefined` go missing and a Date becomes
 * a string, as `JSON.stringify` has it; what it would turn into `null` or `{}`, or drop whole, is
 * refused.
 */
export function toJson(value: unknown): JsonText {
  try {
    const text = JSON.stringify(value, refuseLoss()) as string | undefined;
    if (text !== undefined) return { ok: true, text };
    return notJson("", `must be a JSON value, was ${typeof value}`);
  } catch (error) {
    if (error instanceof Loss) return notJson(error.pointer, error.message);
    return notJson("", `can't be written as JSON: ${explain(error)}`);
  }
}

class Loss extends Error {
  readonly pointer: string;

  constructor(pointer: string, message: string) {
    super(message);
    this.pointer = pointer;
  }
}

/** A replacer for one call of `JSON.stringify`, which walks down a value before it goes on. */
function refuseLoss(): (this: unknown, key: string, value: unknown) => unknown {
  const path: { readonly key: string; readonly value: object }[] = [];
  return function refuse(key, value) {
    while (path.length > 0 && path.at(-1)?.value !== this) path.pop();
    const loss = findLoss(this, key, value);
    if (loss !== undefined) {
      const keys = [...path.map((step) => step.key), key].slice(1);
      throw new Loss(toPointer(keys), loss);
    }
    if (typeof value === "object" && value !== null) path.push({ key, value });
    return value;
  };
}

/** What would be lost of a value; `holder[key]` is what its `toJSON` was asked for. */
function findLoss(holder: unknown, key: string, value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? undefined : `is ${value}, which JSON doesn't have`;
    case "bigint":
      return "is a BigInt, which JSON doesn't have: give a string, or a number if it is small";
    case "function":
    case "symbol":
      return `is a ${typeof value}, which JSON doesn't have`;
    case "undefined":
      return Array.isArray(holder) ? "is missing in an array, where JSON has no gaps" : undefined;
    case "object":
      return findObjectLoss((holder as Record<string, unknown>)[key], value);
    case "string":
    case "boolean":
      return undefined;
  }
}

function findObjectLoss(given: unknown, value: object | null): string | undefined {
  if (value === null) return types.isDate(given) ? "is an invalid Date" : undefined;
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (isPlain) return undefined;
  if (types.isNumberObject(value) && !Number.isFinite(Number(value))) {
    return `is ${Number(value)}, which JSON doesn't have`;
  }
  const kind = emptied.find(([, test]) => test(value))?.[0];
  return kind === undefined ? undefined : `is ${kind}, of which JSON would keep nothing`;
}

/** What `JSON.stringify` makes `{}` of. */
const emptied: readonly (readonly [kind: string, test: (value: object) => boolean])[] = [
  ["a Map", types.isMap],
  ["a Set", types.isSet],
  ["a WeakMap", types.isWeakMap],
  ["a WeakSet", types.isWeakSet],
  ["a Promise", types.isPromise],
  ["a RegExp", types.isRegExp],
  ["an ArrayBuffer", types.isAnyArrayBuffer],
  ["an Error", types.isNativeError],
];

function explain(error: unknown): string {
  if (!isError(error)) return "its toJSON or a getter threw what isn't an Error";
  const message = messageOf(error);
  // V8's word for a stack that is full.
  return /call stack/u.test(message) ? "it is nested too deeply" : message;
}

function notJson(pointer: string, message: string): JsonText {
  return { ok: false, issue: { pointer, rule: "json", message } };
}
