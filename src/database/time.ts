import { timeOf } from "../kinds.js";

/** The ends of JavaScript's time; PostgreSQL's goes on. */
const endOfTimeMs = 8.64e15;

/**
 * Writes a time at which something is due, for PostgreSQL, which takes neither the sign of years after
 * 9999 nor years before the first. What is due since before 1970 is due.
 */
export function writeDueTime(time: Date): string {
  return new Date(Math.max(timeOf(time), 0)).toISOString().replace(/^\+/u, "");
}

/** The sign that JavaScript wants before years of more than four digits, and PostgreSQL doesn't. */
const longYear = /^\d{5,}/u;

/**
 * Reads a time in UTC as our queries select it (`2030-01-31T12:00:00.123456`) or as PostgreSQL writes
 * it in the zone UTC (`2030-01-31 12:00:00.123456+00`). What lies outside of JavaScript's time, and
 * years before the common era, become the nearer one of its ends.
 */
export function readTime(text: string): Date {
  const iso = text.replace(" ", "T").replace(/\+00$/u, "");
  const longYears = longYear.exec(iso)?.[0];
  const year = longYears === undefined ? "" : `+${longYears.padStart(6, "0")}`;
  const date = new Date(`${year}${iso.slice(longYears?.length ?? 0)}Z`);
  if (!Number.isNaN(date.getTime())) return date;
  return new Date(text === "infinity" || longYears !== undefined ? endOfTimeMs : -endOfTimeMs);
}

/** As `readTime`, for a time that there need not be. */
export function readTimeOrNull(text: string | null): Date | null {
  return text === null ? null : readTime(text);
}
