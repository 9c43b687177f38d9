import { parseArgs } from "node:util";
import { runBare } from "./contenders/bare.js";
import { runPeer } from "./contenders/peer.js";
import { runTaskwright } from "./contenders/taskwright.js";
import type { Contender } from "./role.js";

const contenders: Readonly<Record<string, Contender>> = {
  taskwright: runTaskwright,
  "fleet-24": (assignment, onJob) => runTaskwright(assignment, onJob, { fleet: 24 }),
  "fleet-4": (assignment, onJob) => runTaskwright(assignment, onJob, { fleet: 4 }),
  bare: runBare,
  peer: (assignment, onJob) => runPeer(assignment, onJob, {}),
  // What graphile-worker's own benchmark uses.
  "peer-tuned": (assignment, onJob) =>
    runPeer(assignment, onJob, {
      localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    }),
};

const { values } = parseArgs({
  options: {
    contender: { type: "string", default: "" },
    connection: { type: "string", default: "" },
    concurrency: { type: "string", default: "24" },
  },
});

const run = contenders[values.contender];
if (run === undefined || process.send === undefined) {
  throw new Error("This file is started by bench/main.ts.");
}

const startedAt = performance.timeOrigin + performance.now();
const usedBefore = process.cpuUsage();
let done = 0;
const latenciesMs: number[] = [];
const running = await run(
  { connectionString: values.connection, concurrency: Number(values.concurrency) },
  (payload) => {
    done++;
    const sentAt = (payload as { sentAt?: number } | null)?.sentAt;
    if (sentAt !== undefined) latenciesMs.push(performance.timeOrigin + performance.now() - sentAt);
  },
);

process.on("message", (message) => {
  if (message === "report") {
    const { user, system } = process.cpuUsage(usedBefore);
    process.send?.({ done, startedAt, latenciesMs, cpuMs: (user + system) / 1_000 });
  }
  if (message === "stop") void running.stop().then(() => process.exit(0));
});
process.send("started");
