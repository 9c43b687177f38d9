import { afterAll, beforeAll, expect, test } from "vitest";
import { toParameter } from "../../src/database/parameter.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

test.each([
  [[]],
  [["a", null, "", "NULL", "null"]],
  [[`"`, "\\", `\\"`, "{}", ",", " ", "\n", "🐘", "'", `{"a":"\\u0000"}`]],
])("PostgreSQL reads the array %j as it was", async (texts) => {
  const { rows } = await database.pool.query("select to_json($1::text[]) as read", [
    toParameter(texts),
  ]);
  expect(rows).toEqual([{ read: texts }]);
});

test("numbers are read, and what isn't an array or missing passes as it is", async () => {
  const { rows } = await database.pool.query("select to_json($1::int[]) as read", [
    toParameter([1, -2, undefined]),
  ]);
  expect(rows).toEqual([{ read: [1, -2, null] }]);
  expect([undefined, null, 1, "{}", true].map(toParameter)).toEqual([null, null, 1, "{}", true]);
});
