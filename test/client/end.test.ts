import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createClient, type TaskClient } from "../../generated/tasks/index.js";
import { migrate } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool });
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.pool.query("delete from graphile_worker._private_jobs");
});

const email = (subject: string) => ({ to: "ada@example.com", subject, body: "…" });
const upTo = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

async function countJobs(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    "select count(*)::int as count from graphile_worker._private_jobs",
  );
  return rows[0]?.count ?? -1;
}

const sources: readonly (readonly [name: string, open: (coalesce: boolean) => TaskClient])[] = [
  [
    "connections of its own",
    (coalesce) =>
      createClient({ connectionString: database.connectionString, maxPoolSize: 3, coalesce }),
  ],
  ["a given pool", (coalesce) => createClient({ pool: database.pool, coalesce })],
  ["another executor", (coalesce) => createClient({ db: database.pool, coalesce })],
];
const cases = sources.flatMap(([name, open]) =>
  [false, true].map((coalesce) => [name, coalesce, () => open(coalesce)] as const),
);

describe.each(cases)("a client with %s (coalesce: %s) that ends", (_name, _coalesce, open) => {
  test("finishes every call that is under way, and refuses later ones", async () => {
    const client = open();
    const adds = upTo(50).map((subject) => client.addSendEmail(email(subject)));
    const many = client.addSendEmailJobs([{ payload: email("a") }, { payload: email("b") }]);
    const bulk = client.addBulk(
      "send_email",
      upTo(5).map((subject) => ({ payload: email(subject) })),
      { chunkSize: 2 },
    );
    const stats = client.getStats();
    const end = client.end();
    const late = [
      client.addSendEmail(email("late")),
      client.add("send_email", email("late")),
      client.addBulk("send_email", []),
      client.listJobs(),
      client.within(database.pool).addSendEmail(email("late")),
    ];
    for (const { status, reason } of (await Promise.allSettled(late)) as PromiseRejectedResult[]) {
      expect(status).toBe("rejected");
      expect(reason).toMatchObject({ code: "CLIENT_ENDED" });
    }
    await Promise.all([...adds, many, bulk, stats, end]);
    expect(await countJobs()).toBe(57);
    await expect(client.end()).resolves.toBeUndefined();
  });

  test("waits for what its transactions add", async () => {
    const client = open();
    const tx = await database.pool.connect();
    await tx.query("begin");
    const add = client.within(tx).addSendEmail(email("in"));
    const isAdded = add.then(() => true);
    await client.end();
    expect(await Promise.race([isAdded, Promise.resolve(false)])).toBe(true);
    await tx.query("commit");
    tx.release();
    expect(await countJobs()).toBe(1);
  });
});
