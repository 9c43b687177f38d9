import { sendEmail } from "../../generated/tasks/index.js";
import { bindHandlers, startWorker } from "taskwright";

// A worker in a process of its own, which a test kills or pauses while its one job runs.
const [connectionString = ""] = process.argv.slice(2);
const say = (message: string) => process.send?.(message);

let finishJob = () => {};
process.on("message", () => finishJob());

const worker = await startWorker({
  connectionString,
  handlers: bindHandlers(
    { send_email: sendEmail },
    {
      send_email: () => {
        say("job:start");
        return new Promise<void>((resolve) => {
          finishJob = resolve;
        });
      },
    },
  ),
  recovery: { heartbeatIntervalMs: 100, sweepThresholdMs: 400, sweepIntervalMs: 60_000 },
});
for (const name of ["heartbeat:lost", "job:lost", "job:complete"] as const) {
  worker.events.on(name, () => say(name));
}
say("started");
