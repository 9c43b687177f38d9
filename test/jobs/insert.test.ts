import { Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bindSchema } from "../../src/database/identifier.js";
import { bindQueries, type Queries } from "../../src/database/queries.js";
import { insertJobs, type JobInsert } from "../../src/jobs/insert.js";
import type { Job } from "../../src/jobs/job.js";
import { inspectSchema, migrate } from "../../src/migrate/index.js";
import type { TaskSpec } from "../../src/tasks/spec.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { runPeerOnce } from "../support/peer.js";

const schemas = ["graphile_worker", `odd "name" with 'quotes', Ünïcode; $1 $$ %s \\ :x`];

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

const toInsert = (identifier: string, spec: TaskSpec = {}, payload: unknown = {}): JobInsert => ({
  identifier,
  payload: JSON.stringify(payload),
  spec,
});

describe.each(schemas)("in schema %s", (schema) => {
  let queries: Queries;
  beforeAll(async () => {
    await migrate({ pool: database.pool, schema });
    queries = bindQueries({ schema, preparedStatements: true });
  });

  const insert = (...inserts: JobInsert[]): Promise<Job[]> =>
    insertJobs(queries, database.pool, inserts);

  const count = async (): Promise<number> => {
    const text = "select count(*)::int from graphile_worker._private_jobs";
    const { rows } = await database.pool.query<{ count: number }>(bindSchema(text, schema));
    return rows[0]?.count ?? 0;
  };

  test("a schema that is there is found to be current", async () => {
    expect(await inspectSchema({ pool: database.pool, schema })).toMatchObject({
      schema,
      status: "current",
      missing: [],
    });
    expect(await migrate({ pool: database.pool, schema })).toMatchObject({ migrated: false });
  });

  test("a job comes back as it was stored", async () => {
    const runAt = new Date("+012345-06-07T08:09:10.111Z");
    const spec = {
      runAt,
      priority: -32_768,
      queueName: 'q "1"',
      maxAttempts: 3,
      jobKey: "it's",
      flags: ["b", "a"],
    };
    const [job] = await insert(toInsert("stored", spec, { text: "\u0000 \ud800 ü", deep: [null] }));
    expect(job).toEqual({
      id: expect.stringMatching(/^\d+$/u),
      task: "stored",
      payload: { text: "\u0000 \ud800 ü", deep: [null] },
      queueName: 'q "1"',
      priority: -32_768,
      runAt,
      attempts: 0,
      maxAttempts: 3,
      lastError: null,
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
      key: "it's",
      lockedAt: null,
      lockedBy: null,
      revision: 0,
      flags: expect.arrayContaining(["a", "b"]),
    });
  });

  test("what isn't given gets the peers' defaults", async () => {
    const [job] = await insert(toInsert("plain", { queueName: null, jobKey: null }));
    expect(job).toMatchObject({ priority: 0, maxAttempts: 25, queueName: null, flags: [] });
    expect(job?.runAt).toEqual(job?.createdAt);
  });

  test("every answer stands where its spec stood, whatever the mix of key modes", async () => {
    await insert(toInsert("first", { jobKey: "deduplicated", queueName: "old" }, { n: 0 }));
    const later = new Date("2100-01-01");
    const jobs = await insert(
      toInsert("a", { jobKey: "z", jobKeyMode: "replace" }, { n: 1 }),
      toInsert("b", {}, { n: 2 }),
      toInsert("c", { jobKey: "deduplicated", jobKeyMode: "unsafe_dedupe" }, { n: 3 }),
      toInsert("d", { jobKey: "p", jobKeyMode: "preserve_run_at", runAt: later }, { n: 4 }),
      toInsert("e", { queueName: "new" }, { n: 5 }),
      toInsert("f", { jobKey: "p", jobKeyMode: "preserve_run_at" }, { n: 6 }),
    );
    expect(jobs.map(({ task, payload, queueName }) => [task, payload, queueName])).toEqual([
      ["a", { n: 1 }, null],
      ["b", { n: 2 }, null],
      ["first", { n: 0 }, "old"],
      ["f", { n: 6 }, null],
      ["e", { n: 5 }, "new"],
      ["f", { n: 6 }, null],
    ]);
    expect(jobs[5]?.runAt).toEqual(later);
  });

  test("nothing to add is no call at all", async () => {
    const pool = new Pool();
    await pool.end();
    expect(await insertJobs(queries, pool, [])).toEqual([]);
  });

  test("one bad job refuses them all", async () => {
    const before = await count();
    const adding = insert(toInsert("fine"), toInsert("x".repeat(129)));
    await expect(adding).rejects.toMatchObject({
      code: "SPEC_INVALID",
      details: { sqlState: "23514" },
    });
    expect(await count()).toBe(before);
  });

  test("jobs added in a transaction come and go with it", async () => {
    const client = new Client({ connectionString: database.connectionString });
    await client.connect();
    try {
      const before = await count();
      await client.query("begin");
      await insertJobs(queries, client, [toInsert("gone", { jobKey: "tx" })]);
      expect(await count()).toBe(before);
      await client.query("rollback");
      expect(await count()).toBe(before);
      await client.query("begin");
      await insertJobs(queries, client, [toInsert("stays", { jobKey: "tx" }), toInsert("stays")]);
      await client.query("commit");
      expect(await count()).toBe(before + 2);
    } finally {
      await client.end();
    }
  });

  test("graphile-worker 0.18 runs what was added", async () => {
    await insert(toInsert("peer", { jobKey: "shared" }, { n: 1 }), toInsert("peer", {}, { n: 2 }));
    const runs = await runPeerOnce(database.connectionString, schema, ["peer"]);
    expect(runs.map(({ key, payload }) => [key, payload])).toEqual([
      ["shared", { n: 1 }],
      [null, { n: 2 }],
    ]);
  });
});

describe("what the database refuses", () => {
  const queries = bindQueries({ schema: "not_there", preparedStatements: false });

  test("a schema that isn't there is named, with what to do", async () => {
    const adding = insertJobs(queries, database.pool, [toInsert("t")]);
    await expect(adding).rejects.toMatchObject({
      code: "SCHEMA_MISSING",
      message: expect.stringMatching(/taskwright migrate.*not_there/u) as string,
    });
  });

  test.each<[string, JobInsert, string]>([
    [
      "a time that PostgreSQL doesn't have",
      toInsert("t", { runAt: new Date(-1e15) }),
      "SPEC_INVALID",
    ],
    ["a priority out of range", toInsert("t", { priority: 40_000 }), "SPEC_INVALID"],
    ["a key too long", toInsert("t", { jobKey: "k".repeat(513) }), "SPEC_INVALID"],
    ["a payload that isn't JSON", { identifier: "t", payload: "{", spec: {} }, "PAYLOAD_NOT_JSON"],
  ])("%s is told from a failure of the database", async (_, bad, code) => {
    const known = bindQueries({ schema: "graphile_worker", preparedStatements: false });
    await expect(insertJobs(known, database.pool, [bad])).rejects.toMatchObject({ code });
  });

  test("arrays are joined through their key whatever their items are, as they were written", async () => {
    const known = bindQueries({ schema: "graphile_worker", preparedStatements: false });
    const texts = [
      '[ "nul \\u0000" , 1e2 ]',
      " [\n]",
      '["half \\ud800",{"b":1,"a":[]}]',
      "[]",
      "[3]",
    ];
    for (const payload of texts) {
      const spec = { jobKey: "joined" };
      await insertJobs(known, database.pool, [{ identifier: "t", payload, spec }]);
    }
    const { rows } = await database.pool.query<{ payload: string }>(
      "select payload::text from graphile_worker._private_jobs where key = 'joined'",
    );
    const [{ payload: joined } = { payload: "" }] = rows;
    expect(joined).toBe('["nul \\u0000" , 1e2, "half \\ud800",{"b":1,"a":[]}, 3]');
    expect(JSON.parse(joined)).toEqual(texts.flatMap((text) => JSON.parse(text) as unknown[]));
  });

  test("failures that the owner of a transaction deals with pass as they are", async () => {
    const impatient = new Pool({
      connectionString: database.connectionString,
      statement_timeout: 50,
    });
    const client = await database.pool.connect();
    await client.query("begin; lock table graphile_worker._private_jobs");
    const known = bindQueries({ schema: "graphile_worker", preparedStatements: false });
    const adding = insertJobs(known, impatient, [toInsert("t")]);
    await expect(adding).rejects.toMatchObject({ code: "57014" });
    await client.query("rollback");
    client.release();
    await impatient.end();
  });
});
