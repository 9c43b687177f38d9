import { bindHandlers, defineTask, startWorker } from "taskwright";
import type { Contender } from "../role.js";

const noop = defineTask<unknown, unknown>({
  identifier: "noop",
  schema: "graphile_worker",
  validator: () => true,
});

/** Taskwright with its defaults. */
export const runTaskwright: Contender = async ({ connectionString, concurrency }, onJob) =>
  startWorker({
    connectionString,
    concurrency,
    handlers: bindHandlers({ noop }, { noop: (payload) => onJob(payload) }),
  });
