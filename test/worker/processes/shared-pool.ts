// Several users of one pool in a process of their own: it takes a step, and says at SIGTERM that it
// still lives.
import { Pool } from "pg";
import { createClient, sendEmail } from "../../../generated/tasks/index.js";
import { bindHandlers, migrate, startWorker } from "../../../src/index.js";
import { withPooled } from "../../../src/database/connection.js";
import { Connections } from "../../../src/worker/connections.js";

const [connectionString = "", step = ""] = process.argv.slice(2);
process.on("SIGTERM", () => console.log("alive"));
// Keeps the process up when the step is done.
setInterval(() => {}, 60_000);
const pool = new Pool({ connectionString, max: 8 });
// A listener that doesn't last must not be taken for one that does.
pool.once("error", () => console.log("pool error"));
const handlers = bindHandlers({ send_email: sendEmail }, { send_email: () => {} });
const options = { pool, handlers, migrate: false, pollIntervalMs: 50 } as const;

const steps: Readonly<Record<string, () => Promise<unknown>>> = {
  /** Two workers and two clients on the pool, of which the first ones are stopped. */
  async share() {
    const first = await startWorker(options);
    await startWorker(options);
    const client = createClient({ pool });
    createClient({ pool });
    await first.stop();
    await client.end();
  },
  /** Takes connections in every way that there is; the server may cut each at once. */
  async connect() {
    const connections = (source: object) =>
      new Connections({
        connectionString: undefined,
        pool: undefined,
        maxPoolSize: 2,
        preparedStatements: true,
        onPreparedLost: () => {},
        connectTimeoutMs: 5000,
        statementTimeoutMs: 5000,
        ...source,
      });
    const given = connections({ pool });
    const own = connections({ connectionString });
    const ways: (() => Promise<unknown>)[] = [
      () => withPooled(pool, (client) => client.query("select 1")),
      () => migrate({ connectionString }),
      () => migrate({ pool }),
      () => given.listener().then(({ release }) => release()),
      () => own.listener().then(({ release }) => release()),
      () => own.withClient((client) => client.query("select 1")),
      () => own.app.query("select 1", []),
      () => own.app.withTransaction((tx) => tx.query("select 1", [])),
      () => own.systemTransaction((tx) => tx.query("select 1", [])),
      () => given.system.query("select 1", []),
    ];
    const results = await Promise.allSettled(ways.map((way) => way()));
    console.log(`failed ${results.filter(({ status }) => status === "rejected").length}`);
    await Promise.all([given.close(), own.close()]);
  },
};

await steps[step]?.();
console.log("done");
