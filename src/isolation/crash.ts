import { TaskwrightError, toError } from "../errors.js";

/** How a thread ended before its handler did. */
export type CrashCause = "memory" | "exception" | "exit" | "load";

/** The error of a job whose thread ended, or didn't get as far as the handler. */
export function crashError(
  { id, task }: { readonly id: string; readonly task: string },
  cause: CrashCause,
  what: string,
  thrown?: unknown,
): TaskwrightError {
  return new TaskwrightError(
    "JOB_CRASHED",
    `The thread of task ${task} ${what}. The worker and its other jobs go on.`,
    { jobId: id, task, cause },
    thrown === undefined ? undefined : { cause: thrown },
  );
}

/** Reads the pool's error for a thread that has ended while a handler ran in it. */
export function readCrash(thrown: unknown): readonly [cause: CrashCause, what: string] {
  const error = toError(thrown);
  if ("code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return [
      "memory",
      "ran out of memory. Keep less data in memory at once, or raise the option isolation.maxHeapMb",
    ];
  }
  // Piscina reports an exit only by this text.
  const [, code] = /^worker exited with code: (-?\d+)$/u.exec(error.message) ?? [];
  if (code !== undefined) {
    return ["exit", `ended with exit code ${code}. Let the handler return or throw instead`];
  }
  return [
    "exception",
    `was ended by an uncaught error: ${error.message}. Await every promise, and listen to the error events of what the handler opens`,
  ];
}

/** The error of a job whose thread ended before it called the handler. */
export function startError(job: { readonly id: string; readonly task: string }, thrown: unknown) {
  const { message } = toError(thrown);
  return crashError(job, "load", `ended before it called the handler: ${message}`, thrown);
}
