import { Pool } from "pg";
import { runOnce } from "taskwright";
import { waitForJob } from "taskwright/testing";
import { addSendEmail, defineHandlers } from "./generated/tasks/index.js";

const connectionString = process.env["DATABASE_URL"] ?? "";
const handlers = defineHandlers<{ out: (line: string) => void }>({
  send_email: (payload, ctx) => {
    ctx.app.out(`sent to ${payload.to} in attempt ${ctx.job.attempts}`);
  },
});
const options = { connectionString, handlers, app: { out: console.log } };

// The first run installs the schema and finds nothing to do.
await runOnce(options);
const pool = new Pool({ connectionString });
const job = await addSendEmail(pool, { to: "ada@example.com", subject: "Hello", body: "…" });
await runOnce(options);
await waitForJob(pool, job);
await pool.end();
