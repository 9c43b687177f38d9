import { maxBackfillMs } from "../../src/cron/entry.js";
import { readTimePhrase } from "../../src/cron/time-phrase.js";
import * as fc from "fast-check";
import { parseCrontab as parsePeerCrontab } from "../interop/peer/node_modules/graphile-worker/dist/crontab.js";

export { parsePeerCrontab };

/** What graphile-worker makes of a crontab's line. */
export type PeerItem = ReturnType<typeof parsePeerCrontab>[number];

interface PeerFields {
  readonly minutes: number[];
  readonly hours: number[];
  readonly dates: number[];
  readonly months: number[];
  readonly dows: number[];
}

/** The numbers behind an item's matcher. */
export function peerFields(item: PeerItem): PeerFields {
  return (item.match as unknown as { parsedCronMatch: PeerFields }).parsedCronMatch;
}

const list = (min: number, max: number, sunday = max) =>
  fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constant("*") },
        { weight: 2, arbitrary: fc.integer({ min: 1, max: max + 10 }).map((step) => `*/${step}`) },
        { weight: 3, arbitrary: fc.integer({ min, max: sunday }).map(String) },
        {
          weight: 3,
          arbitrary: fc
            .tuple(fc.integer({ min, max: sunday - 1 }), fc.nat(max - min))
            .map(([from, length]) => `${from}-${Math.min(from + 1 + length, sunday)}`),
        },
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((items) => items.join(","));

/** Five fields that graphile-worker reads. */
export const schedules = fc
  .tuple(list(0, 59), list(0, 23), list(1, 31), list(1, 12), list(0, 6, 7))
  .map((fields) => fields.join(" "));

const word = fc.stringMatching(/^[_a-zA-Z][-_a-zA-Z0-9]{0,8}$/);
const phrase = fc
  .stringMatching(/^([0-9]{1,3}[smh]|[0-9]{1,2}d|[0-9]w){1,4}$/)
  .filter((text) => (readTimePhrase(text) ?? 0) <= maxBackfillMs);
const options = fc
  .record(
    {
      id: word,
      fill: phrase,
      max: fc.integer({ min: 1, max: 99 }),
      queue: fc.stringMatching(/^[-a-zA-Z0-9_:]{1,8}$/),
      priority: fc.integer({ min: -99, max: 99 }),
      jobKey: fc.string({ minLength: 1, maxLength: 6 }).map(encodeURIComponent),
      jobKeyMode: fc.constantFrom("replace", "preserve_run_at"),
    },
    { requiredKeys: [] },
  )
  .map((values) =>
    Object.entries(values)
      .map(([key, value]) => `${key}=${value}`)
      .join("&"),
  )
  .map((text) => (text === "" ? "" : ` ?${text}`));
const payload = fc
  .option(
    fc.dictionary(word, fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[a-z ]*$/)), {
      maxKeys: 3,
    }),
  )
  .map((value) => (value === null ? "" : `  ${JSON.stringify(value)}`));

/** Lines that graphile-worker reads. */
export const crontabLines = fc
  .tuple(schedules, fc.stringMatching(/^[_a-zA-Z][_a-zA-Z0-9:/_-]{0,8}$/), options, payload)
  .map(([schedule, task, opts, body]) => `${schedule} ${task}${opts}${body}`);
