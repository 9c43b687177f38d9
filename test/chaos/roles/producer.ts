// Adds jobs until SIGTERM, in all the ways that there are.
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import { bindClient } from "taskwright";
import { Ledger } from "../ledger/ledger.js";
import { Random } from "../random.js";
import { Requests } from "./requests.js";
import { processName, readAssignment } from "./role.js";
import { tasks } from "./tasks.js";
import { addSome } from "./ways.js";

const pauseMs = [50, 250] as const;
const assignment = readAssignment();
const { connectionString } = assignment;
const name = processName(assignment);
const ledger = new Ledger(assignment.folder, assignment.actor);
const random = new Random(assignment.seed, name);
const requests = new Requests(ledger, random, name);

const pool = new Pool({
  connectionString,
  max: 4,
  connectionTimeoutMillis: 3000,
  query_timeout: 6000,
});
// Connections are cut on purpose.
pool.on("error", () => {});
pool.on("connect", (client) => void client.on("error", () => {}));
const client = bindClient(tasks, {}, { connectionString, coalesce: true, maxPoolSize: 2 });

const told = new AbortController();
process.on("SIGTERM", () => told.abort());
ledger.write({ kind: "ready" });
while (!told.signal.aborted) {
  await addSome({ pool, client, requests, random });
  await delay(random.integer(...pauseMs));
}
await client.end();
await pool.end();
ledger.write({ kind: "finished" });
