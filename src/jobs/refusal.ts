import { losesConnection, serverFailure } from "../database/failure.js";
import { TaskwrightError, toError, type ErrorCode } from "../errors.js";

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

const schemaMissing: Refusal = {
  code: "SCHEMA_MISSING",
  message:
    "The queue's schema isn't installed, or not by Taskwright. Run `taskwright migrate`, or call `migrate()`, and check the schema's name.",
};
const specRefused: Refusal = {
  code: "SPEC_INVALID",
  message: "PostgreSQL refused a job option.",
};
const payloadRefused: Refusal = {
  code: "PAYLOAD_INVALID",
  message:
    "The database can't store a job's payload, or an option such as its jobKey: the database's encoding lacks a character. Use a database with the encoding UTF8, or leave the character out.",
};
const characterRefused =
  "was given a string with a character that the database's encoding lacks. Use a database with the encoding UTF8, or leave the character out.";
const valueRefused = "was given a value that PostgreSQL refuses.";
const unreachable: Refusal = {
  code: "DATABASE_UNREACHABLE",
  message:
    "The database can't be reached, or the connection was lost or closed before it answered. Check that the server is up and that the pool or the transaction is still open. What was asked for may have happened, unless a transaction was open; adding a job with a jobKey again is safe.",
};

/** What the database's refusals mean where a job is added. */
const refusals: Readonly<Record<string, Refusal>> = {
  "3F000": schemaMissing, // no such schema
  "42704": schemaMissing, // no such type
  "42883": schemaMissing, // no such function
  "42P01": schemaMissing, // no such table
  GWBKM: specRefused, // the peers' code for an unknown job key mode
  "22003": specRefused, // out of range
  "22007": specRefused, // not a time
  "22008": specRefused, // time out of range
  "22009": specRefused, // not a time zone, which the rest of an odd time is taken for
  "23514": specRefused, // a table's check
  "22021": payloadRefused, // not a character
  "22P05": payloadRefused, // no such character in text
  "25006": {
    code: "DATABASE_READ_ONLY",
    message: "The server, or the transaction, is read-only. Connect to the primary server.",
  },
  "25P02": {
    code: "TRANSACTION_ABORTED",
    message:
      "An earlier statement of the transaction failed, so that PostgreSQL takes no more of it. Roll it back, or confine what may fail to a savepoint.",
  },
  "22P02": { code: "PAYLOAD_NOT_JSON", message: "PostgreSQL can't read a payload as JSON." },
};

/** The refusals that concern a job that is added, in the words of a function that adds none. */
const argumentRefusals: ReadonlyMap<Refusal, string> = new Map([
  [payloadRefused, characterRefused],
  [specRefused, valueRefused],
]);

/**
 * The error that tells the caller what to do. What else PostgreSQL says, such as of a deadlock or a
 * timeout, stays the driver's error, which the owner of a transaction may know how to deal with.
 * @param owner The function that was called, for messages, where it adds no job.
 */
export function explainRefusal(error: unknown, owner?: string): unknown {
  if (TaskwrightError.is(error)) return error;
  const failure = serverFailure(error);
  const known = failure === undefined ? undefined : inWordsOf(owner, refusals[failure.state]);
  const refusal = known ?? (losesConnection(error) ? unreachable : undefined);
  if (refusal === undefined) return toError(error);
  return new TaskwrightError(
    refusal.code,
    `${refusal.message} PostgreSQL: ${failure?.message ?? describe(error)}`,
    { sqlState: failure?.state },
    { cause: error },
  );
}

function inWordsOf(owner: string | undefined, refusal: Refusal | undefined): Refusal | undefined {
  const words = refusal === undefined ? undefined : argumentRefusals.get(refusal);
  if (owner === undefined || words === undefined) return refusal;
  return { code: "OPTION_INVALID", message: `${owner} ${words}` };
}

/** Node's error for several addresses that all refused has no message of its own. */
function describe(error: unknown): string {
  const { message, code } = toError(error) as NodeJS.ErrnoException;
  return message === "" ? String(code) : message;
}
