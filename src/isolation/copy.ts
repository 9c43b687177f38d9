import { TaskwrightError } from "../errors.js";
import { isError } from "../kinds.js";
import { restoreError, type ErrorParts } from "./error-parts.js";

/** A value that is sent between threads. What can't be sent is replaced by a description. */
export type Copy =
  | { readonly is: "value"; readonly value: unknown }
  | { readonly is: "list"; readonly items: readonly Copy[] }
  | { readonly is: "record"; readonly entries: readonly CopiedEntry[] }
  | { readonly is: "error"; readonly error: ErrorCopy };

type CopiedEntry = readonly [key: string, copy: Copy];

/** An error, part by part: the structured clone keeps neither its class nor its own properties. */
interface ErrorCopy {
  /** Whether it is one of this package's, of whatever copy. */
  readonly isOwn: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: Copy | undefined;
  /** The errors of an AggregateError. */
  readonly errors: Copy | undefined;
  readonly properties: readonly CopiedEntry[];
}

/** Values that are nested deeper are described; so are cycles. */
const maxDepth = 12;
/** The most entries of one list or object that are copied. */
const maxEntries = 1000;
/** The most values that are copied in all. */
const maxValues = 20_000;

/** Makes a copy that can be sent to another thread. Never throws, whatever the value does. */
export function pack(value: unknown): Copy {
  return new Packing().pack(value, 0);
}

export function unpack(copy: Copy): unknown {
  switch (copy.is) {
    case "value":
      return copy.value;
    case "list":
      return copy.items.map(unpack);
    case "record":
      return unpackEntries(copy.entries);
    case "error":
      return restoreError(unpackError(copy.error));
  }
}

function unpackEntries(entries: readonly CopiedEntry[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([key, entry]) => [key, unpack(entry)]));
}

function unpackError({ cause, errors, properties, ...texts }: ErrorCopy): ErrorParts {
  return {
    ...texts,
    cause: cause === undefined ? undefined : { value: unpack(cause) },
    errors: errors === undefined ? undefined : unpack(errors),
    properties: unpackEntries(properties),
  };
}

/** Properties of an error that are copied by themselves. */
const errorParts = new Set(["name", "message", "stack", "cause", "errors"]);

/** One copy under construction, which counts its values. */
class Packing {
  #count = 0;

  pack(value: unknown, depth: number): Copy {
    try {
      return this.#pack(value, depth);
    } catch {
      return describe("unreadable");
    }
  }

  #pack(value: unknown, depth: number): Copy {
    if (typeof value === "symbol") return { is: "value", value: value.toString() };
    if (typeof value === "function") return describe("function");
    if (typeof value !== "object" || value === null) return { is: "value", value };
    this.#count += 1;
    if (depth > maxDepth || this.#count > maxValues) return describe("nested too deep");
    if (isError(value)) return { is: "error", error: this.#packError(value, depth) };
    if (Array.isArray(value)) {
      const items = value.slice(0, maxEntries);
      return { is: "list", items: items.map((item) => this.pack(item, depth + 1)) };
    }
    if (isPlain(value)) {
      return { is: "record", entries: this.#packEntries(value, Object.keys(value), depth) };
    }
    return { is: "value", value: structuredClone(value) };
  }

  #packError(error: object, depth: number): ErrorCopy {
    const own = Object.keys(error).filter((key) => !errorParts.has(key));
    const cause = read(error, "cause");
    const errors = read(error, "errors");
    return {
      isOwn: TaskwrightError.is(error),
      name: readText(error, "name") ?? "Error",
      message: readText(error, "message") ?? "",
      stack: readText(error, "stack"),
      cause: cause === undefined ? undefined : this.pack(cause, depth + 1),
      errors: Array.isArray(errors) ? this.pack(errors, depth + 1) : undefined,
      properties: this.#packEntries(error, own, depth),
    };
  }

  #packEntries(value: object, keys: readonly string[], depth: number): CopiedEntry[] {
    return keys.slice(0, maxEntries).map((key) => [key, this.pack(read(value, key), depth + 1)]);
  }
}

function describe(what: string): Copy {
  return { is: "value", value: `[${what}]` };
}

/** A getter that throws costs only its own property. */
function read(value: object, key: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[key];
  } catch {
    return "[unreadable]";
  }
}

function readText(error: object, key: string): string | undefined {
  const text = read(error, key);
  return typeof text === "string" ? text : undefined;
}

/** Plain objects of another realm, too. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}
