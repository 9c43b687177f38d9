import { afterAll, beforeAll, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { createDatabase, type TestDatabase } from "./database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

test("a generated query runs on a real server", async () => {
  const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
  const [row] = await queries.inspectCatalogue(database.pool, { schema: "public" });
  expect(row?.serverVersion).toBeGreaterThanOrEqual(120_000);
});
