import JSON5 from "json5";
import { readCrontabOptions } from "./crontab-options.js";
import type { CronEntry } from "./entry.js";
import { readFields, splitWords } from "./fields.js";
import type { Report, Word } from "./problem.js";

type Payload = Readonly<Record<string, unknown>>;

interface ScheduleText {
  readonly ok: boolean;
  readonly text: string;
  /** The offset behind its last field. */
  readonly end: number;
  /** What follows it, up to the next space. */
  readonly next: Word | undefined;
}

/** Reads `<schedule> <task> [?<options>] [<payload>]`. What it returns counts if nothing was reported. */
export function readEntry(content: string, report: Report): CronEntry | undefined {
  const { ok, text, end, next } = readSchedule(content, report);
  if (next === undefined) {
    if (ok) report(end, "The task is missing. Write its name after the schedule.");
    return undefined;
  }
  if (!/^[_a-zA-Z][\w:/-]*$/u.test(next.text)) {
    const rule = "a name has letters, digits, _, :, / and -, the first a letter or _";
    report(next.offset, `"${next.text}" is no task: ${rule}.`);
  }
  return {
    task: next.text,
    schedule: text,
    ...readCommand(content, next.offset + next.text.length, report),
  };
}

/** As {@link readEntry}, for a text without the task. */
export function readEntryOf(task: string, content: string, report: Report): CronEntry {
  const { text, end } = readSchedule(content, report);
  return { task, schedule: text, ...readCommand(content, end, report) };
}

function readSchedule(content: string, report: Report): ScheduleText {
  const words = splitWords(content);
  // No task begins like a field, so that a sixth field can't be mistaken for one.
  const count = words[5] !== undefined && /^[\d*/,-]+$/u.test(words[5].text) ? 6 : 5;
  const fields = words.slice(0, count);
  const last = fields.at(-1);
  return {
    ok: readFields(fields, report) !== undefined,
    text: fields.map(({ text }) => text).join(" "),
    end: last === undefined ? 0 : last.offset + last.text.length,
    next: words[count],
  };
}

/** Reads `[?<options>] [<payload>]` from an offset on. */
function readCommand(content: string, from: number, report: Report): Partial<CronEntry> {
  const lineBreak = content
    .trimEnd()
    .slice(from)
    .search(/[\r\u2028\u2029]/u);
  if (lineBreak >= 0) {
    report(from + lineBreak, "A line can't hold another kind of line break.");
    return {};
  }
  const [first, second] = splitWords(content.slice(from)).map(({ text, offset }) => ({
    text,
    offset: from + offset,
  }));
  const hasOptions = first?.text.startsWith("?") ?? false;
  const options = hasOptions && first !== undefined ? readOptions(first, report) : {};
  const rest = hasOptions ? second : first;
  if (rest === undefined) return options;
  const text = content.slice(rest.offset).trimEnd();
  const payload = readPayload({ text, offset: rest.offset }, report);
  return payload === undefined ? options : { ...options, payload };
}

function readOptions({ text, offset }: Word, report: Report): Partial<CronEntry> {
  if (text === "?") report(offset, "The options are missing. Write them behind the ?.");
  return readCrontabOptions({ text: text.slice(1), offset: offset + 1 }, report);
}

function readPayload({ text, offset }: Word, report: Report): Payload | undefined {
  if (!text.startsWith("{") || !text.endsWith("}")) {
    const problem = text.startsWith("{")
      ? "The payload must end with }, and end its line. Options go before it."
      : `"${text}" is no payload: it must be one JSON5 object, such as {daily: true}. Options begin with ?.`;
    report(offset, problem);
    return undefined;
  }
  try {
    return JSON5.parse<Payload>(text);
  } catch (error) {
    const { columnNumber = 1, message } = error as { columnNumber?: number; message: string };
    report(offset + columnNumber - 1, `The payload is not JSON5: ${withoutPlace(message)}.`);
    return undefined;
  }
}

/** The place that the library tells is one in the payload; the report has the one in the line. */
function withoutPlace(message: string): string {
  return message.replace(/^JSON5: /u, "").replace(/ at \d+:\d+$/u, "");
}
