import type { Executor } from "../database/executor.js";
import { defaultSchema } from "../database/identifier.js";
import { bindQueries } from "../database/queries.js";
import { refuseHidden } from "../database/visibility.js";
import { readTime, readTimeOrNull } from "../database/time.js";
import { explainRefusal } from "../jobs/refusal.js";
import { arrayOf, date, integer, isRecord, Rule, schemaName, type Rules } from "../option-rules.js";
import { checkOption, checkOptions } from "../options.js";
import type { ResolvedCronEntry } from "./resolve.js";
import { maxTicks, nextTicks, scheduleRule } from "./schedule.js";

/** A recurring job, as the database knows it and as it was written. */
export interface ListedCronEntry {
  readonly id: string;
  /** What was written; null for an entry that only the database knows: another project's, or removed. */
  readonly entry: ResolvedCronEntry | null;
  /** When a scheduler saw it first; null when none has. */
  readonly knownSince: Date | null;
  /** The last tick whose job was added; null when none was. */
  readonly lastExecution: Date | null;
  /** The next ticks. */
  readonly next: readonly Date[];
}

/** What {@link listCronEntries} tells, and from where. */
export interface ListCronOptions {
  /** What {@link resolveCronEntries} makes of crontabs and schemas. Default: none. */
  readonly entries?: readonly ResolvedCronEntry[];
  /** Unquoted name of the schema. Default `graphile_worker`. */
  readonly schema?: string;
  /** How many ticks to tell of each entry. Default 1; at most 10,000. */
  readonly ticks?: number;
  /** The instant that the next ticks come after. Default: now. */
  readonly after?: Date;
}

/** What `resolveCronEntries` gives. */
const resolvedRule = new Rule<ResolvedCronEntry>(
  "an entry from resolveCronEntries",
  (value) =>
    isRecord(value) && typeof value["id"] === "string" && scheduleRule.accepts(value["schedule"]),
);
const resolvedEntries = arrayOf(resolvedRule, "entries from resolveCronEntries");

/** Each option's rule and default. */
const listRules = {
  entries: resolvedEntries.or(Object.freeze([])),
  schema: schemaName().or(defaultSchema),
  ticks: integer(0, maxTicks).or(1),
  after: date(),
} satisfies Rules<ListCronOptions>;

/**
 * Lists recurring jobs: the given entries in their order, then those that only the database knows.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export async function listCronEntries(
  db: Executor,
  options: ListCronOptions = {},
): Promise<ListedCronEntry[]> {
  const checked = checkOptions("listCronEntries", options, listRules);
  const { entries, schema, ticks, after = new Date() } = checked;
  const rows = await readKnown(db, schema);
  const known = new Map(rows.map((row) => [row.id, row]));
  const written = entries.map((entry) => ({
    id: entry.id,
    entry,
    knownSince: known.get(entry.id)?.knownSince ?? null,
    lastExecution: known.get(entry.id)?.lastExecution ?? null,
    next: nextTicks(entry.schedule, after, ticks),
  }));
  const ids = new Set(entries.map(({ id }) => id));
  const others = rows.filter(({ id }) => !ids.has(id));
  return [...written, ...others.map((row) => ({ ...row, entry: null, next: [] }))];
}

async function readKnown(db: Executor, schema: string) {
  try {
    const queries = bindQueries({ schema, preparedStatements: true });
    await refuseHidden(queries, db, schema, ["_private_known_crontabs"], "reader");
    const rows = await queries.listKnownCronEntries(db);
    return rows.map(({ id, knownSince, lastExecution }) => ({
      id,
      knownSince: readTime(knownSince),
      lastExecution: readTimeOrNull(lastExecution),
    }));
  } catch (error) {
    throw explainRefusal(error);
  }
}

/** A tick to come. */
export interface ComingTick {
  readonly entry: ResolvedCronEntry;
  readonly ts: Date;
}

/** Which ticks {@link comingTicks} tells. */
export interface ComingTicksOptions {
  /** How many ticks to tell in all. Default 10; at most 10,000. */
  readonly count?: number;
  /** The instant that they come after. Default: now. */
  readonly after?: Date;
}

/** Each option's rule and default. */
const comingRules = {
  count: integer(0, maxTicks).or(10),
  after: date(),
} satisfies Rules<ComingTicksOptions>;

/**
 * The next ticks of all entries together, earliest first; those of one instant in the entries' order.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function comingTicks(
  entries: readonly ResolvedCronEntry[],
  options: ComingTicksOptions = {},
): ComingTick[] {
  checkOption("comingTicks", "entries", entries, resolvedEntries);
  const { count, after = new Date() } = checkOptions("comingTicks", options, comingRules);
  // No entry can have more than all of them.
  const ticks = entries.flatMap((entry) =>
    nextTicks(entry.schedule, after, count).map((ts) => ({ entry, ts })),
  );
  return ticks.toSorted((a, b) => +a.ts - +b.ts).slice(0, count);
}
