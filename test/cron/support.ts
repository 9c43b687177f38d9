import { TaskwrightError } from "../../src/errors.js";

/** The error that a call throws. */
export function catchError(run: () => unknown): TaskwrightError {
  try {
    run();
  } catch (error) {
    if (error instanceof TaskwrightError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}
