import { startWorker } from "taskwright";
import { handlersFor } from "../worker/support.js";

// A worker in a process of its own, by default with one slot. A job of the task `poison` ends the process in the
// way that the argument names; jobs of the task `innocent` wait behind it, claimed and not started.
const [connectionString = "", kind = "", concurrency = "1"] = process.argv.slice(2);

const hoard: unknown[] = [];
const deaths: Readonly<Record<string, () => void>> = {
  "process.exit": () => process.exit(3),
  SIGKILL: () => process.kill(process.pid, "SIGKILL"),
  "out of memory": () => {
    for (;;) hoard.push(Array.from({ length: 100_000 }, () => ({})));
  },
  "unhandled rejection": () => void Promise.reject(new Error("Nobody handles this.")),
  "endless loop": () => {
    for (;;);
  },
};

await startWorker({
  connectionString,
  handlers: handlersFor({
    poison: async () => {
      console.log("poisoned");
      deaths[kind]?.();
      // A signal and a rejection take effect a moment later.
      await new Promise(() => {});
    },
    innocent: () => console.log("innocent ran"),
  }),
  concurrency: Number(concurrency),
  bufferSize: 10,
  bufferTimeoutMs: 600_000,
  recovery: { heartbeatIntervalMs: 100, sweepThresholdMs: 1000, sweepIntervalMs: 1_000_000 },
});
console.log("started");
