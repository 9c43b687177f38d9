import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createClient, type TaskClient } from "../../generated/tasks/index.js";
import { migrate, type Plugin } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait.js";

const schema = `odd "schema"`;
const jobs = `"odd ""schema"""._private_jobs`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool, schema });
  // What only the database can refuse.
  await database.pool.query(
    `alter table ${jobs} add constraint healthy check (payload ->> 'subject' <> 'poison')`,
  );
});
afterAll(() => database.drop());
beforeEach(async () => {
  sent = 0;
  await database.pool.query(`delete from ${jobs}`);
});

/** How many statements were sent. */
let sent = 0;

function coalescingClient(plugins: readonly Plugin[] = []): TaskClient {
  const db = {
    query: (text: string, values: unknown[]) => {
      sent += 1;
      return database.pool.query(text, values);
    },
  };
  return createClient({ db, schema, plugins, coalesce: true });
}

const email = (subject: string) => ({ to: "ada@example.com", subject, body: "…" });

async function subjects(): Promise<string[]> {
  const { rows } = await database.pool.query<{ subject: string }>(
    `select payload ->> 'subject' as subject from ${jobs} order by id`,
  );
  return rows.map(({ subject }) => subject);
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

describe("a client that coalesces", () => {
  test("adds what many callers add in few statements, and gives each its own job", async () => {
    const client = coalescingClient();
    const adds = upTo(1200).map((subject) => client.addSendEmail(email(subject)));
    const added = await Promise.all(adds);
    expect(added.map((job) => job?.payload.subject)).toEqual(upTo(1200));
    expect(new Set(added.map((job) => job?.id)).size).toBe(1200);
    expect(sent).toBe(3);
    expect(await subjects()).toEqual(upTo(1200));
  });

  test("lets what comes meanwhile go out together in the next statement", async () => {
    const client = coalescingClient();
    const first = client.addSendEmail(email("first"));
    await eventually(() => sent === 1);
    const later = upTo(50).map((subject) => client.addSendEmail(email(subject)));
    await Promise.all([first, ...later]);
    expect(sent).toBe(2);
  });

  test("puts no more text into a statement than a bulk does, so that large jobs can be sent at all", async () => {
    const client = coalescingClient();
    const large = { ...email("large"), body: "x".repeat(1_000_000) };
    const added = await Promise.all(upTo(5).map(() => client.addSendEmail(large)));
    expect(new Set(added.map((job) => job?.id)).size).toBe(5);
    expect(sent).toBe(2);
  });

  test("refuses a bad job to its own caller alone", async () => {
    const client = coalescingClient();
    const bad = Promise.allSettled([
      client.addSendEmail(email("bad date"), { runAt: new Date("?") }),
      client.addSendEmail(email("bad queue"), { queueName: "q".repeat(129) }),
      client.addSendEmail({ ...email("bad payload"), to: "?" }),
    ]);
    const given = [...upTo(40), "poison", ...upTo(40), "poison", "poison"];
    const adds = given.map((subject) => client.addSendEmail(email(subject)));
    const results = await Promise.allSettled(adds);
    expect(results.map(({ status }) => status)).toEqual(
      given.map((subject) => (subject === "poison" ? "rejected" : "fulfilled")),
    );
    for (const [index, result] of results.entries()) {
      if (result.status === "rejected") {
        expect(result.reason).toMatchObject({ code: "SPEC_INVALID" });
      } else expect(result.value?.payload.subject).toBe(given[index]);
    }
    expect(await bad).toMatchObject([
      { status: "rejected", reason: { code: "SPEC_INVALID" } },
      { status: "rejected", reason: { code: "SPEC_INVALID" } },
      { status: "rejected", reason: { code: "PAYLOAD_INVALID" } },
    ]);
    expect(await subjects()).toEqual([...upTo(40), ...upTo(40)]);
  });

  test("keeps the order of a key's jobs between callers, and tells each what it added", async () => {
    const client = coalescingClient();
    const added = await Promise.all(
      upTo(60).map((n) => client.addSendEmail(email(n), { jobKey: `k${Number(n) % 3}` })),
    );
    expect(added.map((job) => job?.payload.subject)).toEqual(upTo(60));
    expect(added.map((job) => job?.revision)).toEqual(upTo(60).map((n) => Math.floor(+n / 3)));
    expect(new Set(await subjects())).toEqual(new Set(["57", "58", "59"]));
    expect(sent).toBe(20);
  });

  test("lets others overtake a job whose key is in another's transaction", async () => {
    const client = coalescingClient();
    await client.addSendEmail(email("old"), { jobKey: "held" });
    const tx = await database.pool.connect();
    await tx.query("begin");
    await tx.query(`select from ${jobs} where key = 'held' for update`);
    const order: string[] = [];
    const add = async (subject: string, jobKey?: string) => {
      const job = await client.addSendEmail(email(subject), jobKey === undefined ? {} : { jobKey });
      order.push(job?.payload.subject ?? "");
    };
    const held = [add("1", "held")];
    await eventually(async () => {
      const { rows } = await database.pool.query(
        "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      return rows.length > 0;
    });
    held.push(add("2", "held"));
    await Promise.all([add("free"), add("other", "other")]);
    expect(order.toSorted()).toEqual(["free", "other"]);
    await tx.query("commit");
    tx.release();
    await Promise.all(held);
    expect(order.slice(2)).toEqual(["1", "2"]);
    expect(new Set(await subjects())).toEqual(new Set(["2", "free", "other"]));
  });

  test("tells everybody of a broken connection, and nobody twice", async () => {
    const client = await database.pool.connect();
    client.on("error", () => {});
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    let statements = 0;
    const db = {
      query: async (text: string, values: unknown[]) => {
        statements += 1;
        await database.pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
        return client.query(text, values);
      },
    };
    const coalescing = createClient({ db, schema, coalesce: true });
    const results = await Promise.allSettled(
      upTo(20).map((subject) => coalescing.addSendEmail(email(subject))),
    );
    expect(results.every(({ status }) => status === "rejected")).toBe(true);
    expect(statements).toBe(1);
    client.release(true);
  });

  test("goes through its plugins, each job by itself", async () => {
    const client = coalescingClient([
      {
        name: "picky",
        enqueue: async ({ payload }, next) => {
          const { subject } = payload as { subject: string };
          if (subject === "1") return "skipped";
          if (subject === "2") throw new Error("not this one");
          return next();
        },
      },
    ]);
    const results = await Promise.allSettled(upTo(5).map((n) => client.addSendEmail(email(n))));
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(await subjects()).toEqual(["0", "3", "4"]);
    expect(sent).toBe(1);
  });

  test("leaves jobs of a transaction, and those that are many already, by themselves", async () => {
    const client = coalescingClient();
    const tx = await database.pool.connect();
    await tx.query("begin");
    const within = client.within(tx);
    await Promise.all([within.addSendEmail(email("in")), client.addSendEmail(email("out"))]);
    await tx.query("rollback");
    tx.release();
    expect(await subjects()).toEqual(["out"]);
    await client.addSendEmailJobs([{ payload: email("a") }, { payload: email("b") }]);
    await client.addBulk("send_email", [{ payload: email("c") }]);
    expect(await subjects()).toEqual(["out", "a", "b", "c"]);
  });

  test("answers everybody before it ends", async () => {
    const { connectionString } = database;
    const client = createClient({ connectionString, schema, coalesce: true });
    const adds = upTo(30).map((subject) => client.addSendEmail(email(subject)));
    await client.end();
    await Promise.all(adds);
    expect(await subjects()).toHaveLength(30);
  });

  test("takes no other value than true or false", () => {
    expect(() => createClient({ pool: database.pool, coalesce: 1 as never })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  });
});
