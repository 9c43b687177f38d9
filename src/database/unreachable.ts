import { TaskwrightError, toError } from "../errors.js";
import { messageOf, readProperty } from "../thrown.js";
import { isTransient, sqlState } from "./failure.js";

/**
 * The error to tell instead of one that means that the database can't be reached. Errors that say
 * what is wrong, such as a database that doesn't exist, pass unchanged.
 */
export function explainUnreachable(error: unknown): unknown {
  if (TaskwrightError.is(error) || !isTransient(error)) return error;
  return new TaskwrightError(
    "DATABASE_UNREACHABLE",
    `The database can't be reached: ${describe(toError(error))}. Check the connection and that the server is up; the option waitForDatabaseMs makes a worker's start wait for it.`,
    { sqlState: sqlState(error) },
    { cause: error },
  );
}

/** Node's error about a name with several addresses has no message of its own. */
function describe(error: Error): string {
  const parts = readProperty(error, "errors");
  if (error.name !== "AggregateError" || !Array.isArray(parts)) return error.message;
  return parts.map(messageOf).join("; ");
}
