import { maxBackfillMs } from "../../src/cron/entry.js";
import { readTimePhrase } from "../../src/cron/time-phrase.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFields, splitWords } from "../../src/cron/fields.js";
import { parseCrontab } from "../../src/cron/parse-crontab.js";
import type { CronEntry } from "../../src/cron/entry.js";
import { crontabLines, parsePeerCrontab, peerFields, type PeerItem } from "./peer-crontab.js";
import { catchError } from "./support.js";

function attempt<T>(parse: (text: string) => T, text: string): T | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** Whether we refuse a crontab since one of its schedules never ticks; graphile-worker takes it. */
function neverTicks(text: string): boolean {
  try {
    parseCrontab(text);
    return false;
  } catch (error) {
    return String(error).includes("never ticks");
  }
}

/** An entry as graphile-worker has it. */
function toPeer({ task, id, payload, schedule, ...options }: CronEntry) {
  const fields = readFields(splitWords(schedule), () => {});
  return {
    task,
    identifier: id ?? task,
    payload: payload ?? null,
    options: {
      backfillPeriod: options.backfillMs ?? 0,
      maxAttempts: options.maxAttempts,
      queueName: options.queueName,
      priority: options.priority,
      jobKey: options.jobKey,
      jobKeyMode: options.jobKeyMode,
    },
    fields: [fields?.minutes, fields?.hours, fields?.dates, fields?.months, fields?.daysOfWeek],
  };
}

function fromPeer(item: PeerItem) {
  const { task, identifier, payload, options } = item;
  return { task, identifier, payload, options, fields: Object.values(peerFields(item)) };
}

/** What only we read, or refuse because the database would. */
const ours = /tz=|job_key|jobKey(?:=?(?:&|\s|$))|^\s*(?:[0-9*/,-]+\s+){6}/u;

/** The peer has no bound. */
function fillsTooMuch(text: string): boolean {
  return Array.from(text.matchAll(/fill=(\w+)/gu)).some(
    ([, phrase = ""]) => (readTimePhrase(phrase) ?? 0) > maxBackfillMs,
  );
}

describe("what graphile-worker reads", () => {
  test("means the same", () => {
    fc.assert(
      fc.property(crontabLines, (line) => {
        fc.pre(!neverTicks(line));
        expect(parseCrontab(line).map(toPeer)).toEqual(parsePeerCrontab(line).map(fromPeer));
      }),
      { numRuns: 1000 },
    );
  });

  test("and what it refuses, is told apart alike", () => {
    const bits = fc.constantFrom(
      ..."* , - / 7 60 0 ? & = # { } : _ % + a . \t \r \u2028 \u00a0 \ufeff ' \"".split(" "),
      " ",
      "*/0",
      "5-5",
      "6-7",
      "?id=x",
      "fill=1d",
      "max=3",
      "&",
      "{a:1}",
      "// c",
    );
    const edits = fc.array(fc.tuple(fc.nat(80), fc.nat(3), bits), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(crontabLines, edits, (line, changes) => {
        const text = changes.reduce(
          (text, [at, cut, bit]) => text.slice(0, at) + bit + text.slice(at + cut),
          line,
        );
        fc.pre(!ours.test(text) && !neverTicks(text) && !fillsTooMuch(text));
        expect(attempt(parseCrontab, text)?.map(toPeer)).toEqual(
          attempt(parsePeerCrontab, text)?.map(fromPeer),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("several lines, comments and line ends", () => {
    const text = [
      "\ufeff# every day",
      "",
      "   # indented",
      "\t30 4,10-15  * * 1\tsend_mail   ?fill=4w3d2h1m&max=10&queue=a:b&priority=-2  {onboarding: false, } ",
      "0 */4 * * 5-7 roll:up/all-now ?id=second&jobKey=%7Bx%7D&jobKeyMode=preserve_run_at\r",
      "* * * * * roll:up/all-now",
    ].join("\n");
    expect(parseCrontab(text).map(toPeer)).toEqual(parsePeerCrontab(text).map(fromPeer));
    expect(parseCrontab(text)[0]).toMatchObject({ line: 4, backfillMs: 44_761 * 60_000 });
  });
});

test("the Rust crate's spellings are read", () => {
  expect(parseCrontab("* * * * * a ?job_key=k&job_key_mode=preserve_run_at")).toEqual([
    { task: "a", schedule: "* * * * *", jobKey: "k", jobKeyMode: "preserve_run_at", line: 1 },
  ]);
});

test("a zone and seconds are read", () => {
  const text = [
    "0 8 * * * a ?tz=Europe/Paris",
    "*/10 0 8 * * 1-5 b",
    "0 0 * * * c ?tz=Etc/GMT+5",
    "0 0 * * * d ?tz=Etc%2FGMT%2B5",
  ].join("\n");
  expect(parseCrontab(text)).toMatchObject([
    { task: "a", schedule: "0 8 * * *", tz: "Europe/Paris" },
    { task: "b", schedule: "*/10 0 8 * * 1-5" },
    { task: "c", tz: "Etc/GMT+5" },
    { task: "d", tz: "Etc/GMT+5" },
  ]);
});

describe("a problem is told with line and column", () => {
  test.each([
    ["* * * *", 1, "this has 4"],
    ["* * * * send_mail", 9, '"send_mail" is no day of the week'],
    ["* * * * *", 10, "The task is missing"],
    ["@daily send_mail", 1, 'Write "0 0 * * *"'],
    ["60 * * * * a", 1, "the minute is from 0 to 59"],
    ["0,75 * * * * a", 3, "the minute is from 0 to 59"],
    ["0 24 * * * a", 3, "the hour is from 0 to 23"],
    ["0 0 0 * * a", 5, "the day of the month is from 1 to 31"],
    ["0 0 * 13 * a", 7, "the month is from 1 to 12"],
    ["0 0 * * 8 a", 9, "the day of the week is from 0 to 7"],
    ["0 0 * jan * a", 7, 'Write 1 for "jan"'],
    ["0 0 * * mon a", 9, 'Write 1 for "mon"'],
    ["*/0 * * * * a", 1, "at least 1"],
    ["5-5 * * * * a", 1, "must end after it begins"],
    ["1-30/5 * * * * a", 1, '"1-30/5" is no minute'],
    ["61 * * * * * a", 1, "the second is from 0 to 59"],
    ["* * * * * 5task", 11, '"5task" is no task'],
    ["* * * * * a ?prio=3", 14, "Known options: id, fill, max"],
    ["* * * * * a ?id=b&queu=x", 19, 'Did you mean "queue"?'],
    ["* * * * * a ?id=1", 14, 'The option "id" must be'],
    ["* * * * * a ?fill=2x", 14, "a time phrase such as 1d"],
    ["* * * * * a ?fill=9999999999w", 14, "of at most 366 days"],
    ["* * * * * a ?fill=366d1s", 14, "of at most 366 days"],
    ["* * * * * a ?max=1&max=2", 20, "given twice"],
    ["* * * * * a ?jobKey=a&job_key=b", 23, "given twice"],
    ["* * * * * a ?jobKey=", 14, 'The option "jobKey" must be a string'],
    ["* * * * * a ?jobKeyMode=unsafe_dedupe", 14, "replace or preserve_run_at"],
    ["* * * * * a ?tz=Europe/Pariss", 14, 'Did you mean "Europe/Paris"?'],
    ["* * * * * a ?tz=+02:00", 14, "Use an IANA name"],
    ["* * * * * a ?", 13, "The options are missing"],
    ["* * * * * a id=b", 13, "Options begin with ?"],
    ["* * * * * a {b:1} ?id=c", 13, "Options go before it"],
    ["* * * * * a {b:}", 16, "not JSON5: invalid character '}'"],
    ["  * * 99 * * a", 7, "the day of the month is from 1 to 31"],
  ])("%s", (line, column, message) => {
    const error = catchError(() => parseCrontab(`# comment\n${line}`));
    expect(error.code).toBe("CRONTAB_INVALID");
    expect(error.details["problems"]).toMatchObject([
      { source: "crontab", line: 2, column, message: expect.stringContaining(message) as string },
    ]);
    expect(error.message).toContain(`crontab, line 2, column ${column}: `);
  });
});

test("all problems are told at once", () => {
  const error = catchError(() =>
    parseCrontab("61 24 * * * a ?maxx=1 {b}\n* * * * * ok\n* * * * * ok\nnonsense"),
  );
  const problems = error.details["problems"] as { line: number }[];
  expect(problems.map(({ line }) => line)).toEqual([1, 1, 1, 1, 3, 4]);
  expect(error.message).toContain('The id "ok" is taken (crontab, line 2).');
});

test("an empty crontab has no entries", () => {
  expect(parseCrontab("")).toEqual([]);
  expect(parseCrontab("\n# nothing\n")).toEqual([]);
});
