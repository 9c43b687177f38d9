import { isError } from "./kinds.js";

/**
 * Anything can be thrown in JavaScript, and anything can be an Error's message. Nothing here throws.
 */

/** What programs and loggers read of an error. */
const readProperties = ["name", "message", "stack", "code", "details", "cause"] as const;

/**
 * What was thrown, as an Error whose properties can be read: `name`, `message` and `stack` are strings.
 * An Error that is like this already is returned as it is.
 */
export function toError(thrown: unknown): Error {
  if (!isError(thrown)) return fromOther(thrown);
  return isReadable(thrown) ? thrown : copyOf(thrown);
}

/** The message of whatever was thrown, or its name where it has none. */
export function messageOf(thrown: unknown): string {
  if (!isError(thrown)) return describe(thrown);
  const message = textOf(thrown, "message");
  return message === "" ? textOf(thrown, "name") || "Error" : message;
}

/** A property of any value; undefined when it can't be read. */
export function readProperty(value: unknown, key: PropertyKey): unknown {
  try {
    return (value as Readonly<Record<PropertyKey, unknown>>)[key];
  } catch {
    return undefined;
  }
}

function isReadable(error: Error): boolean {
  try {
    const { name, message, stack } = error;
    readAll(error);
    const isText = typeof name === "string" && typeof message === "string";
    return isText && (stack === undefined || typeof stack === "string");
  } catch {
    return false;
  }
}

function readAll(value: object): void {
  for (const key of readProperties) void (value as Readonly<Record<string, unknown>>)[key];
}

/** A plain Error that says what can be read of another. */
function copyOf(original: Error): Error {
  const stack = readProperty(original, "stack");
  const code = readProperty(original, "code");
  const copy = new Error(textOf(original, "message"));
  const values = {
    name: textOf(original, "name") || "Error",
    ...(typeof stack === "string" ? { stack } : {}),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
  };
  for (const [key, value] of Object.entries(values)) {
    Object.defineProperty(copy, key, { value, configurable: true, writable: true });
  }
  return copy;
}

function fromOther(thrown: unknown): Error {
  const message = `A value that is not an Error was thrown: ${describe(thrown)}`;
  return isSafe(thrown) ? new Error(message, { cause: thrown }) : new Error(message);
}

/** Whether loggers that follow an error's cause can read this value. */
function isSafe(thrown: unknown): boolean {
  try {
    Object.prototype.toString.call(thrown);
    if (typeof thrown !== "object" || thrown === null) return true;
    readAll(thrown);
    return true;
  } catch {
    return false;
  }
}

function textOf(error: Error, key: "name" | "message"): string {
  let value: unknown;
  try {
    value = error[key];
  } catch {
    return `(an Error whose ${key} can't be read)`;
  }
  return value === undefined || value === null ? "" : describe(value);
}

function describe(value: unknown): string {
  if (typeof value === "string") return value;
  // JSON has none of these, and not every number.
  if (typeof value === "number" || typeof value === "bigint") return value.toString();
  if (typeof value === "symbol") return value.toString();
  if (value === undefined) return "undefined";
  try {
    return JSON.stringify(value) ?? kindOf(value);
  } catch {
    return kindOf(value);
  }
}

function kindOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return "(an object that can't be read)";
  }
}
