import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bindQueries } from "../../src/database/queries.js";
import { WorkerEvents } from "../../src/events.js";
import { Notifier } from "../../src/worker/notifier.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { plainTypes } from "../support/plain-types.js";

const hourMs = 3_600_000;
let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

/** How many of its connections are open. */
let open = 0;

function newNotifier(
  onNotify: () => void = () => {},
  events = new WorkerEvents("test", () => {}),
): Notifier {
  return new Notifier({
    queries: bindQueries({ schema: "graphile_worker", preparedStatements: true }),
    connect: async () => {
      open += 1;
      const client = new Client({ connectionString: database.connectionString, types: plainTypes });
      await client.connect();
      const release = () => {
        open -= 1;
        void client.end();
      };
      return { client, release };
    },
    events,
    onNotify,
    onPause: () => {},
    checkIntervalMs: hourMs,
    checkTimeoutMs: hourMs,
  });
}

test("a stop right after the start doesn't wait for the next check of the connection", async () => {
  const notifier = newNotifier();
  await notifier.start();
  await notifier.stop();
  expect.assertions(0);
});

test("hears of new jobs, and of none before its start or after its stop", async () => {
  let heard = 0;
  let onHeard = () => {};
  const notifier = newNotifier(() => {
    heard++;
    onHeard();
  });
  await notifier.start();
  // It asks for a look once it listens, since announcements may have been missed.
  expect(heard).toBe(1);
  const next = new Promise<void>((resolve) => {
    onHeard = resolve;
  });
  await database.pool.query(`select pg_notify('jobs:insert', '{"r":1,"count":1}')`);
  await next;
  await notifier.stop();
  await database.pool.query(`select pg_notify('jobs:insert', '{"r":2,"count":1}')`);
  expect(heard).toBe(2);
});

test("a stop that a listener of its first event asks for waits for the connection that is on its way", async () => {
  const events = new WorkerEvents("test", () => {});
  const notifier = newNotifier(() => {}, events);
  const stopped = new Promise<number>((resolve) => {
    events.on("pool:listen:connecting", async () => {
      await notifier.stop();
      resolve(open);
    });
  });
  await notifier.start();
  expect(await stopped).toBe(0);
});
