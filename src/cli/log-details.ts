import { inspect } from "node:util";
import { isError } from "../kinds.js";
import { readProperty, toError } from "../thrown.js";

export type Details = Readonly<Record<string, unknown>>;

/** How many causes of an error are logged: each may have another, and they may form a circle. */
const maxCauses = 5;

/**
 * The details of a log line as values that `JSON.stringify` writes without loss and without an error.
 * Handlers log what they like, and a logger that throws would fail their jobs.
 */
export function toLoggable(details: Details): Details {
  try {
    return Object.fromEntries(
      Object.entries(details).map(([name, value]) => [name, toJsonValue(value)]),
    );
  } catch {
    return { details: inspect(details) };
  }
}

function toJsonValue(value: unknown): unknown {
  try {
    const json = JSON.stringify(value, (_key, inner: unknown) => toWritable(inner));
    return json === undefined ? undefined : (JSON.parse(json) as unknown);
  } catch {
    // A circle, or a getter or toJSON that throws.
    return inspect(value);
  }
}

/** JSON drops the properties of errors, and refuses big integers. */
function toWritable(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return isError(value) ? describeError(value) : value;
}

function describeError(given: Error, causesLeft = maxCauses): Details {
  const error = toError(given);
  const code = readProperty(error, "code");
  const cause = readProperty(error, "cause");
  const hasCause = cause !== undefined && causesLeft > 0;
  return {
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    message: error.message,
    stack: error.stack,
    ...(hasCause ? { cause: describeError(toError(cause), causesLeft - 1) } : {}),
  };
}
