import { InvalidArgumentError } from "commander";
import { readTimePhrase } from "../cron/time-phrase.js";

/** Reads a whole number. For commander. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/u.test(text) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** Reads a duration such as `30s`, `5m` or `1d12h`, to milliseconds. For commander. */
export function duration(text: string): number {
  const ms = readTimePhrase(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError("It must be a duration such as 30s, 5m, 4h or 1d12h.");
}

/** Reads a time: ISO 8601, `now`, or a duration from now such as `+5m`. For commander. */
export function time(text: string): Date {
  if (text === "now") return new Date();
  const aheadMs = text.startsWith("+") ? readTimePhrase(text.slice(1)) : undefined;
  const date = aheadMs === undefined ? new Date(text) : new Date(Date.now() + aheadMs);
  // JavaScript reads much as a date, such as "5"; a year of four digits is the least to expect.
  const isIso = aheadMs !== undefined || /^\d{4}-\d{2}-\d{2}/u.test(text);
  if (isIso && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError(
    "It must be a time such as 2030-01-31T12:00:00Z, a duration from now such as +5m, or now.",
  );
}

/** Gathers an option that may be given several times. For commander. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
