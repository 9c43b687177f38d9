import { Pool } from "pg";
import { afterAll, expect, test } from "vitest";
import { createClient, cron, sendEmail, tasks } from "../generated/tasks/index.js";
import * as api from "../src/index.js";
import * as testing from "../src/testing/index.js";
import { hostileTo, type Allowed } from "./support/hostile-values.js";

const pool = new Pool({ host: "127.0.0.1", port: 1 });
afterAll(() => pool.end());

/** Says that arguments were accepted: it is only reached with those. */
const db: api.Executor = {
  query: () => Promise.reject(new Error("The database was reached.")),
};
const email = { to: "ada@example.com", subject: "Hello", body: "…" };
const ticking: api.Schedule = { timeZone: "UTC", next: (after) => after };

const nothing: Allowed = {
  anything: false,
  text: false,
  number: false,
  boolean: false,
  null: false,
  list: false,
  function: false,
  object: false,
  date: false,
};
const text = { ...nothing, text: true };
const list = { ...nothing, list: true };
const object = { ...nothing, object: true };
const client = createClient({ db });

/** A call with one argument that varies, and what that may be. */
const calls: Readonly<
  Record<string, readonly [call: (value: never) => unknown, allowed: Allowed]>
> = {
  "enqueueMany's items": [(items) => api.enqueueMany(db, sendEmail, items), list],
  "an item of enqueueMany": [(item) => api.enqueueMany(db, sendEmail, [item]), object],
  "the spec of an item": [
    (spec) => api.enqueueMany(db, sendEmail, [{ payload: email, spec }]),
    object,
  ],
  "enqueueBulk's items": [(items) => api.enqueueBulk(db, sendEmail, items), list],
  "addMany's items": [(items) => client.addMany("send_email", items), list],
  "addBulk's items": [(items) => client.addBulk("send_email", items), list],
  "getJob's id": [(id) => api.getJob(db, id), nothing],
  "completeJobs' ids": [(ids) => api.completeJobs(db, ids), list],
  "an id of completeJobs": [(id) => api.completeJobs(db, [id]), nothing],
  "permanentlyFailJobs' reason": [(reason) => api.permanentlyFailJobs(db, ["1"], reason), text],
  "removeJob's key": [(key) => api.removeJob(db, key), text],
  "forceUnlockWorkers' ids": [(ids) => api.forceUnlockWorkers(db, ids), list],
  "pauseTask's task": [(task) => api.pauseTask(db, task), text],
  "resumeQueue's queue": [(queue) => api.resumeQueue(db, queue), text],
  "comingTicks' entries": [(entries) => api.comingTicks(entries), list],
  "an entry of comingTicks": [(entry) => api.comingTicks([entry]), nothing],
  "nextTicks' schedule": [(given) => api.nextTicks(given, new Date(), 1), nothing],
  "nextTicks' instant": [(after) => api.nextTicks(ticking, after, 1), { ...nothing, date: true }],
  "nextTicks' count": [
    (count) => api.nextTicks(ticking, new Date(), count),
    { ...nothing, number: true },
  ],
  "parseCrontab's text": [(crontab) => api.parseCrontab(crontab), text],
  "bindHandlers' handlers": [(handlers) => api.bindHandlers(tasks, handlers), object],
  "cron.daily's options": [(options) => cron.daily("send_email", options), nothing],
  "cron.daily's time": [(at) => cron.daily("send_email", { at, payload: email }), nothing],
  "cron.weekly's day": [
    (on) => cron.weekly("send_email", { at: "08:00", on, payload: email }),
    nothing,
  ],
  "cron.monthly's day": [
    (on) => cron.monthly("send_email", { at: "08:00", on, payload: email }),
    { ...nothing, number: true },
  ],
  "cron.every's interval": [
    (every) => cron.every("send_email", every, { payload: email }),
    nothing,
  ],
  "cron.expression's schedule": [
    (given) => cron.expression("send_email", given, { payload: email }),
    text,
  ],
  "RetryAfterError's options": [(options) => new api.RetryAfterError("x", options), nothing],
  "RetryAfterError's time": [
    (after) => new api.RetryAfterError("x", { after }),
    { ...nothing, number: true, date: true },
  ],
  "withRollback's pool": [(given) => testing.withRollback(given, async () => {}), nothing],
  "withRollback's function": [
    (fn) => testing.withRollback(pool, fn),
    { ...nothing, function: true },
  ],
  "runHandler's task": [
    (task) => testing.runHandler(task, (() => {}) as never, email as never, { db }),
    nothing,
  ],
  "runHandler's handler": [
    (handler) => testing.runHandler(sendEmail, handler, email, { db }),
    { ...nothing, function: true },
  ],
  "the executor of an add": [(given) => api.enqueue(given, sendEmail, email), nothing],
  "the executor of a list": [(given) => api.listJobs(given), nothing],
};

const refusals = ["OPTION_INVALID", "OPTION_UNKNOWN", "SPEC_INVALID", "CRONTAB_INVALID"];
const others: Readonly<Record<string, readonly string[]>> = {
  "runHandler's handler": ["TASK_UNKNOWN"],
  // An item that is refused ends a bulk; the cause is as elsewhere.
  "enqueueBulk's items": ["BULK_FAILED"],
  "addBulk's items": ["BULK_FAILED"],
  "the executor of an add": ["EXECUTOR_INVALID"],
  "the executor of a list": ["EXECUTOR_INVALID"],
};
/** Where a number's own range makes these right. */
const fine: Readonly<Record<string, readonly string[]>> = {
  "RetryAfterError's time": ["1.5"],
  "getJob's id": ["a number in a string"],
  "an id of completeJobs": ["a number in a string"],
  "enqueueBulk's items": ["a Map"],
  "addBulk's items": ["a Map"],
  "cron.expression's schedule": ["a NUL"],
};

test.each(Object.entries(calls))("%s can't be anything else", async (name, [call, allowed]) => {
  const faults: string[] = [];
  for (const [value, given] of hostileTo("", allowed)) {
    if (fine[name]?.includes(value) === true) continue;
    try {
      await call(given as never);
      faults.push(`${value}: was accepted`);
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if ([...refusals, ...(others[name] ?? [])].includes(code ?? "")) continue;
      faults.push(`${value}: ${String(error)}`);
    }
  }
  expect(faults).toEqual([]);
});
