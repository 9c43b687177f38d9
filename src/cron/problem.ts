import { TaskwrightError } from "../errors.js";
import { suggestion } from "../options.js";
import type { PayloadIssue } from "../tasks/issues.js";

/** Where an entry was written. */
export interface CronPlace {
  /** `crontab`, `cronEntries[2]`, `x-task.cron of send_report`. */
  readonly source: string;
  /** In a crontab: the line, counted from 1. */
  readonly line?: number;
}

/** One thing that is wrong with a recurring job. */
export interface CronProblem extends CronPlace {
  /** The column in that line, or in the schedule's text, counted from 1. */
  readonly column?: number;
  readonly message: string;
  /** When the payload breaks the task's schema. */
  readonly issues?: readonly PayloadIssue[];
}

/** A piece of the text that is being read. */
export interface Word {
  readonly text: string;
  /** In UTF-16 units, from 0. */
  readonly offset: number;
}

/** Takes the offset (in UTF-16 units, from 0) into the text that is being read, and what is wrong. */
export type Report = (offset: number, message: string) => void;

/** One error for all problems: `CRONTAB_INVALID`, with the problems in its details. */
export function cronError(found: readonly CronProblem[]): TaskwrightError {
  const problems = inReadingOrder(found);
  const lines = problems.map((problem) => `${place(problem)}: ${problem.message}`);
  const message =
    lines.length === 1
      ? (lines[0] ?? "")
      : `The recurring schedules have ${lines.length} problems:\n${lines.join("\n")}`;
  return new TaskwrightError("CRONTAB_INVALID", message, { problems });
}

function inReadingOrder(problems: readonly CronProblem[]): CronProblem[] {
  const sources = [...new Set(problems.map(({ source }) => source))];
  return problems.toSorted(
    (a, b) =>
      sources.indexOf(a.source) - sources.indexOf(b.source) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}

/** What is wrong with a task that doesn't exist. */
export function describeUnknownTask(task: string, known: readonly string[]): string {
  return `There is no task "${task}".${suggestion(task, known)}`;
}

/** Remembers ids; says what is wrong with one that was there already. */
export function createIdRegister(): (id: string, at: CronPlace) => string | undefined {
  const places = new Map<string, CronPlace>();
  return (id, at) => {
    const taken = places.get(id);
    if (taken === undefined) {
      places.set(id, at);
      return undefined;
    }
    return `The id "${id}" is taken (${place(taken)}). Give one of the two another, with ?id=… in a crontab or the option "id".`;
  };
}

function place({ source, line, column }: CronPlace & { readonly column?: number }): string {
  const where = [
    source,
    line === undefined ? undefined : `line ${line}`,
    column === undefined ? undefined : `column ${column}`,
  ];
  return where.filter((part) => part !== undefined).join(", ");
}
