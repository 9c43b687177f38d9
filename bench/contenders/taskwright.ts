import { bindHandlers, defineTask, startWorker, type TaskLimit } from "taskwright";
import type { Contender } from "../role.js";

const noop = defineTask<unknown, unknown>({
  identifier: "noop",
  schema: "graphile_worker",
  validator: () => true,
});

/** Taskwright with its defaults, but for the limit that its task may have. */
export const runTaskwright = async (
  { connectionString, concurrency }: Parameters<Contender>[0],
  onJob: Parameters<Contender>[1],
  limit?: TaskLimit,
): ReturnType<Contender> =>
  startWorker({
    connectionString,
    concurrency,
    handlers: bindHandlers({ noop }, { noop: (payload) => onJob(payload) }),
    taskLimits: limit === undefined ? {} : { noop: limit },
  });
