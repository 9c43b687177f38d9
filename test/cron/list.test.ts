import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { comingTicks, listCronEntries, resolveCronEntries } from "../../src/index.js";
import { at, createCronDatabase, type CronDatabase } from "./harness.js";

const schema = 'Odd "name"';
let database: CronDatabase;
beforeAll(async () => {
  database = await createCronDatabase(schema);
});
afterAll(() => database.drop());
beforeEach(() => database.clear());

const crontab = [
  "0 * * * * hourly",
  "*/20 * * * * often ?id=third",
  "30  8 * * *  daily ?tz=Europe/Paris",
].join("\n");
const entries = resolveCronEntries({ crontab, tasks: {}, unknownTasks: "allow" });
const after = at("08:00:00");

describe("the list", () => {
  test("has the written entries in their order, with their last ticks and their next ones", async () => {
    const { scheduler } = database.schedule(crontab.split("\n").slice(0, 2).join("\n"));
    await scheduler.tick(at("07:30:00"));
    await scheduler.tick(at("07:59:00"));
    const listed = await listCronEntries(database.db, { schema, entries, after, ticks: 2 });
    const knownSince = at("07:30:00");
    expect(listed).toEqual([
      {
        id: "hourly",
        entry: entries[0],
        knownSince,
        lastExecution: null,
        next: [at("09:00:00"), at("10:00:00")],
      },
      {
        id: "third",
        entry: entries[1],
        knownSince,
        lastExecution: at("07:40:00"),
        next: [at("08:20:00"), at("08:40:00")],
      },
      {
        id: "daily",
        entry: entries[2],
        knownSince: null,
        lastExecution: null,
        next: [new Date("2025-03-02T07:30:00Z"), new Date("2025-03-03T07:30:00Z")],
      },
    ]);
    expect(listed[2]?.entry).toMatchObject({
      task: "daily",
      expression: "30 8 * * *",
      schedule: { timeZone: "Europe/Paris" },
    });
  });

  test("ends with what only the database knows", async () => {
    await database.schedule("* * * * * z\n* * * * * b").scheduler.tick(at("08:00:00"));
    const unknown = { entry: null, knownSince: after, lastExecution: after, next: [] };
    expect(await listCronEntries(database.db, { schema })).toEqual([
      { id: "b", ...unknown },
      { id: "z", ...unknown },
    ]);
  });

  test("is refused where there is no schema", async () => {
    await expect(listCronEntries(database.db, { schema: "nowhere" })).rejects.toMatchObject({
      code: "SCHEMA_MISSING",
    });
  });
});

describe("the coming ticks", () => {
  test("are those of all entries, in their order in time, then in that of the entries", () => {
    const ticks = comingTicks(entries, { after, count: 5 });
    expect(ticks.map(({ entry, ts }) => [entry.id, ts])).toEqual([
      ["third", at("08:20:00")],
      ["third", at("08:40:00")],
      ["hourly", at("09:00:00")],
      ["third", at("09:00:00")],
      ["third", at("09:20:00")],
    ]);
  });

  test("begin now, and there are ten of them, unless told otherwise", () => {
    const before = new Date();
    const ticks = comingTicks(entries);
    expect(ticks).toHaveLength(10);
    expect(ticks.every(({ ts }) => ts > before)).toBe(true);
  });

  test("are none where nothing ever comes", () => {
    expect(comingTicks(entries.slice(3))).toEqual([]);
    expect(comingTicks([])).toEqual([]);
    expect(comingTicks(entries, { count: 0 })).toEqual([]);
  });
});

test.each([
  ["ticks", () => listCronEntries(database.db, { ticks: -1 })],
  ["after", () => listCronEntries(database.db, { after: new Date(NaN) })],
  ["count", async () => comingTicks(entries, { count: 1.5 })],
  ["after", async () => comingTicks(entries, { after: "now" as never })],
])("a wrong %s is refused", async (option, run) => {
  await expect(run()).rejects.toMatchObject({ code: "OPTION_INVALID", details: { option } });
});
