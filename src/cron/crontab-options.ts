import { parse as parseQuery } from "node:querystring";
import { suggestion } from "../options.js";
import type { JobKeyMode } from "../tasks/spec.js";
import { maxBackfillMs, type CronEntry } from "./entry.js";
import type { Report, Word } from "./problem.js";
import { readTimePhrase } from "./time-phrase.js";
import { describeZone, isTimeZone } from "./zone.js";

/** What the `?…` of a crontab line may set. */
export type CrontabOptions = Pick<
  CronEntry,
  "id" | "tz" | "backfillMs" | "maxAttempts" | "queueName" | "priority" | "jobKey" | "jobKeyMode"
>;

interface CrontabOption {
  readonly pattern: RegExp;
  readonly expected: string;
  /** Checks more than the pattern does. */
  accepts?(value: string): boolean;
  read(value: string): CrontabOptions;
}

/** Source of names and values: graphile-worker's crontab. `tz` is ours. */
const options: Readonly<Record<string, CrontabOption>> = {
  id: {
    pattern: /^[_a-zA-Z][-\w]*$/u,
    expected: "letters, digits, - and _, the first no digit and no -",
    read: (id) => ({ id }),
  },
  fill: {
    pattern: /^(?:\d+[smhdw])+$/u,
    expected: "a time phrase such as 1d or 4w3d2h1m, of at most 366 days",
    accepts: (phrase) => (readTimePhrase(phrase) ?? 0) <= maxBackfillMs,
    read: (phrase) => ({ backfillMs: readTimePhrase(phrase) ?? 0 }),
  },
  max: {
    pattern: /^\d+$/u,
    expected: "a whole number",
    read: (max) => ({ maxAttempts: Number(max) }),
  },
  queue: {
    pattern: /^[-\w:]+$/u,
    expected: "letters, digits, -, _ and :",
    read: (queueName) => ({ queueName }),
  },
  priority: {
    pattern: /^-?\d+$/u,
    expected: "a whole number",
    read: (priority) => ({ priority: Number(priority) }),
  },
  jobKey: {
    pattern: /^.+$/u,
    expected: "a string",
    read: (jobKey) => ({ jobKey }),
  },
  jobKeyMode: {
    pattern: /^(?:replace|preserve_run_at)$/u,
    expected: "replace or preserve_run_at",
    read: (mode) => ({ jobKeyMode: mode as JobKeyMode }),
  },
  tz: {
    pattern: /^./u,
    expected: "the name of a time zone, such as Europe/Paris",
    read: (zone) => ({ tz: readZone(zone) }),
  },
};

/** The Rust crate's spellings. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["job_key", "jobKey"],
  ["job_key_mode", "jobKeyMode"],
]);

/** Reads what follows the `?`: a query string. */
export function readCrontabOptions({ text, offset }: Word, report: Report): CrontabOptions {
  const read: CrontabOptions[] = [];
  const seen = new Set<string>();
  let place = offset;
  for (const pair of text.split("&")) {
    const [given] = Object.entries(parseQuery(pair));
    if (given !== undefined) {
      const [key, value] = given;
      const name = aliases.get(key) ?? key;
      const option = Object.hasOwn(options, name) ? options[name] : undefined;
      const fault = findFault(key, value, option, seen.has(name));
      if (fault !== undefined) report(place, fault);
      else if (option !== undefined) read.push(option.read(String(value)));
      seen.add(name);
    }
    place += pair.length + 1;
  }
  const merged: CrontabOptions = Object.assign({}, ...read);
  return merged.jobKey === undefined ? merged : { jobKeyMode: "replace", ...merged };
}

function findFault(
  key: string,
  value: string | string[] | undefined,
  option: CrontabOption | undefined,
  isRepeated: boolean,
): string | undefined {
  if (option === undefined) {
    const known = Object.keys(options);
    return `There is no option "${key}".${suggestion(key, known)} Known options: ${known.join(", ")}.`;
  }
  if (isRepeated) return `The option "${key}" is given twice. Keep one.`;
  const isAccepted =
    typeof value === "string" && option.pattern.test(value) && option.accepts?.(value) !== false;
  if (!isAccepted) {
    return `The option "${key}" must be ${option.expected}.`;
  }
  const isZone = option !== options["tz"] || isTimeZone(readZone(value));
  return isZone ? undefined : describeZone(readZone(value));
}

/** In a query string + stands for a space, which no zone's name has: Etc/GMT+5 is meant. */
function readZone(value: string): string {
  return value.replaceAll(" ", "+");
}
