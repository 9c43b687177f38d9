import { serverFailure } from "../database/failure.js";
import { TaskwrightError, type ErrorCode } from "../errors.js";

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
    "PostgreSQL can't hold a payload: payloads that are merged through a job key may have no NUL character and no half of a surrogate pair.",
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
  "22P02": { code: "PAYLOAD_NOT_JSON", message: "PostgreSQL can't read a payload as JSON." },
};

/** The error that tells the caller what to do, or the same one where that isn't known. */
export function explainRefusal(error: unknown): unknown {
  const failure = serverFailure(error);
  const refusal = failure === undefined ? undefined : refusals[failure.state];
  if (failure === undefined || refusal === undefined) return error;
  return new TaskwrightError(
    refusal.code,
    `${refusal.message} It said: ${failure.message}`,
    { sqlState: failure.state },
    { cause: error },
  );
}
