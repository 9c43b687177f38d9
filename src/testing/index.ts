/**
 * Helpers for the tests of an application, `taskwright/testing`. They know no test runner: what fails
 * rejects, assertions with an AssertionError of `node:assert`.
 */
export {
  assertEnqueued,
  assertNotEnqueued,
  enqueuedJobs,
  markJobs,
  type AssertEnqueuedOptions,
  type EnqueuedOptions,
  type JobMark,
  type MarkOptions,
} from "./enqueued.js";
export type { PartOf } from "./match.js";
export { runHandler, type HandlerRun, type RunHandlerOptions } from "./run-handler.js";
export { withRollback, type TestTransaction } from "./transaction.js";
export {
  nextJob,
  waitForJob,
  type EndedJob,
  type JobEnd,
  type NextJob,
  type WaitForJobOptions,
  type WaitOptions,
} from "./wait.js";
