import { TaskwrightError } from "./errors.js";
import type { WorkerEventName } from "./events.js";
import { refuseOption, suggestion } from "./options.js";

/** Every event of a worker; the compiler asks for those that are missing. */
const names: Readonly<Record<WorkerEventName, true>> = {
  "pool:create": true,
  "migrate:warning": true,
  "access:warning": true,
  "pool:start": true,
  "pool:release": true,
  "pool:gracefulShutdown": true,
  "pool:gracefulShutdown:complete": true,
  "pool:forcefulShutdown": true,
  "pool:forcefulShutdown:complete": true,
  "pool:fatalError": true,
  "pool:listen:connecting": true,
  "pool:listen:success": true,
  "pool:listen:error": true,
  "pool:listen:notification": true,
  "pool:listen:release": true,
  "pool:prepared:lost": true,
  "worker:getJob:start": true,
  "worker:getJob:error": true,
  "worker:getJob:empty": true,
  "localQueue:getJobs:complete": true,
  "localQueue:returnJobs": true,
  "job:start": true,
  "job:success": true,
  "job:skipped": true,
  "job:error": true,
  "job:failed": true,
  "job:complete": true,
  "job:interrupted": true,
  "job:lost": true,
  "job:late": true,
  "thread:error": true,
  "eventLoop:blocked": true,
  "plugin:error": true,
  "heartbeat:error": true,
  "heartbeat:lost": true,
  "sweep:complete": true,
  "sweep:error": true,
  "starts:error": true,
  "locks:error": true,
  "settle:error": true,
  "cron:starting": true,
  "cron:started": true,
  "cron:backfill": true,
  "cron:schedule": true,
  "cron:scheduled": true,
  "cron:overdueTimer": true,
  "cron:prematureTimer": true,
  "cron:error": true,
};

/** The names of a worker's events, in the order in which the type has them. */
const workerEventNames = Object.freeze(Object.keys(names));

/**
 * Refuses an event that doesn't exist, since it would never be emitted, and a listener that is no function.
 * @param owner What the listener was given to, for messages.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function checkListener(owner: string, event: unknown, listener: unknown): void {
  if (typeof event !== "string" || !Object.hasOwn(names, event)) {
    const given = typeof event === "string" ? event : typeof event;
    throw new TaskwrightError(
      "OPTION_UNKNOWN",
      `${owner}: there is no event "${given}".${suggestion(given, workerEventNames)} Known events: ${workerEventNames.join(", ")}.`,
      { owner, option: given, known: workerEventNames },
    );
  }
  if (typeof listener !== "function") refuseOption(owner, event, "a function");
}

/**
 * Checks an option `on`: an object with a listener for each event.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function checkListeners(owner: string, on: object): void {
  for (const [event, listener] of Object.entries(on)) {
    if (listener === undefined && Object.hasOwn(names, event)) continue;
    checkListener(`${owner}.on`, event, listener);
  }
}
