import { types } from "node:util";

/**
 * What kind of object a value is. Unlike `instanceof`, these know objects of other realms too, such as
 * those that tests in jest or code in `node:vm` create. None of them throws, whatever the value is.
 */

export function isError(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  if (types.isNativeError(value)) return true;
  try {
    const tag = Object.prototype.toString.call(value);
    // A DOMException need not be a native error, nor what inherits from Error without its constructor.
    return tag === "[object Error]" || tag === "[object DOMException]" || value instanceof Error;
  } catch {
    return false;
  }
}

/** Whether a value is a Date that is a time. */
export function isValidDate(value: unknown): value is Date {
  return types.isDate(value) && !Number.isNaN(timeOf(value));
}

/** The milliseconds of a Date, whatever methods it has of its own. */
export function timeOf(date: Date): number {
  return Date.prototype.getTime.call(date);
}

/** Whether a value can be used as an AbortSignal. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== "object" || value === null) return false;
  try {
    const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
    return (
      typeof aborted === "boolean" &&
      typeof addEventListener === "function" &&
      typeof removeEventListener === "function"
    );
  } catch {
    return false;
  }
}

/** As the method of an AbortSignal, which those of older polyfills don't have. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw signal.reason ?? new DOMException("This operation was aborted", "AbortError");
}
