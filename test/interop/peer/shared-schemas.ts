// A project that runs Node's graphile-worker with task schemas that it shares with Taskwright.
import { Logger, makeWorkerUtils, runOnce } from "graphile-worker";
import { createTaskList } from "./generated/graphile-worker.js";

const [mode, connectionString = ""] = process.argv.slice(2);
const logger = new Logger(() => () => {});

const print = (task: string, payload: unknown) => console.log(JSON.stringify({ task, payload }));

if (mode === "enqueue") {
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.addJob("send_email", { to: "peer@example.com", subject: "From the peer", body: "…" });
  await utils.addJob("process_user", { userId: "u1", action: { kind: "signup", source: "web" } });
  await utils.addJob("import_contacts", [{ accountId: 1, email: "c@example.com" }]);
  await utils.release();
} else {
  const taskList = createTaskList({
    send_email: (payload) => print("send_email", payload),
    // `plan` is there, although the producer left it out: the schema has a default.
    process_user: (payload) => print("process_user", { plan: payload.plan.toUpperCase() }),
    send_daily_report: (payload, { job }) => print(job.task_identifier, payload.recipients),
    import_contacts: (contacts) =>
      print(
        "import_contacts",
        contacts.map(({ email }) => email),
      ),
  });
  await runOnce({ connectionString, logger, taskList });
}
process.exit();
