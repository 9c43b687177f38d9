import { Rule } from "../option-rules.js";
import { checkOption } from "../options.js";
import { readEntry } from "./crontab-line.js";
import type { CronEntry } from "./entry.js";
import { createIdRegister, cronError, type CronProblem, type Report } from "./problem.js";

/**
 * Reads a crontab. A line is empty, a comment (`# …`) or
 * `<minute> <hour> <day> <month> <day of week> <task> [?<options>] [<payload>]`, with the options as
 * a query string and the payload as a JSON5 object. What graphile-worker 0.18 reads, and the Rust
 * crate's names of options, mean the same here. Beyond them: a sixth field in front, for the
 * seconds, and the option `tz=Europe/Paris`.
 * @throws TaskwrightError `CRONTAB_INVALID`, with every problem's line and column; `OPTION_INVALID` for
 * what is no string.
 */
export function parseCrontab(text: string): CronEntry[] {
  checkOption("parseCrontab", "text", text, crontabRule);
  const { entries, problems } = readCrontab(text);
  const register = createIdRegister();
  for (const { id, task, line = 0 } of entries) {
    const place = { source: "crontab", line };
    const message = register(id ?? task, place);
    if (message !== undefined) problems.push({ ...place, message });
  }
  if (problems.length > 0) throw cronError(problems);
  return entries;
}

/** NUL and lone surrogates are reported by line. */
export const crontabRule = new Rule<string>(
  "a crontab's text",
  (value) => typeof value === "string",
);

/** The entries of the lines that can be read, and what is wrong with the others. */
export function readCrontab(text: string): { entries: CronEntry[]; problems: CronProblem[] } {
  const entries: CronEntry[] = [];
  const problems: CronProblem[] = [];
  for (const [index, content] of text.split(/\r?\n/u).entries()) {
    const trimmed = content.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const line = index + 1;
    const known = problems.length;
    const report: Report = (offset, message) => {
      problems.push({ source: "crontab", line, column: offset + 1, message });
    };
    const entry = readEntry(content, report);
    if (entry !== undefined && problems.length === known) entries.push({ ...entry, line });
  }
  return { entries, problems };
}
