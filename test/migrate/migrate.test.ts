import { afterAll, beforeAll, expect, test } from "vitest";
import { migrations } from "../../generated/migrations.js";
import { bindQueries } from "../../src/database/queries.js";
import { insertJobs } from "../../src/jobs/insert.js";
import { migrate } from "../../src/migrate/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

test("an empty database takes jobs after migrating, and migrating again keeps them", async () => {
  await migrate({ pool: database.pool });
  const queries = bindQueries({ schema: "graphile_worker", preparedStatements: true });
  const [job] = await insertJobs(queries, database.pool, [
    { identifier: "greet", payload: '{"name":"Ada"}', spec: { queueName: "q", priority: -2 } },
  ]);
  expect(job).toMatchObject({ task: "greet", queueName: "q", priority: -2, revision: 0 });
  await migrate({ connectionString: database.connectionString });
  const { rows } = await database.pool.query("select payload from graphile_worker._private_jobs");
  expect(rows).toEqual([{ payload: { name: "Ada" } }]);
});

test("what is installed is ASCII, which every database's encoding has", () => {
  for (const [name, text] of Object.entries(migrations)) {
    expect(/[^\n -~]/u.exec(text)?.[0], name).toBeUndefined();
  }
});
