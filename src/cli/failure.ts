import { sqlState } from "../database/failure.js";
import { explainUnreachable } from "../database/unreachable.js";
import { TaskwrightError, toError } from "../errors.js";
import { paint, type Terminal } from "./terminal.js";

/** What a command's process ends with. */
export const exitCodes = {
  ok: 0,
  /** Something is wrong with the input, the output is stale, or not all of the work was done. */
  failure: 1,
  /** The command line itself is wrong. */
  usage: 2,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A command line that asks for something that can't be, told after it was parsed. */
export class UsageError extends Error {}

/** What was named isn't there. */
export class NotFoundError extends Error {}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode: ExitCode;
  /** Only where the message can't be enough. */
  readonly stack?: string;
}

/** Tells of an error that ended a command: in short if it is ours, with its stack if it is not. */
export function reportFailure(terminal: Terminal, thrown: unknown, isJson: boolean): ExitCode {
  const { code, message, stack, exitCode } = describeFailure(thrown);
  if (isJson) terminal.out(JSON.stringify({ ok: false, error: { code, message } }));
  else {
    const shown = stack ?? `${message} [${code}]`;
    terminal.err(`${paint(terminal, "red", "error")} ${shown}`);
  }
  return exitCode;
}

const tooDeep =
  "A value is nested too deeply to be processed, such as a payload of thousands of levels.";

function describeFailure(thrown: unknown): Failure {
  const error = toError(explainUnreachable(thrown));
  const { message } = error;
  if (error instanceof UsageError) return { code: "USAGE", message, exitCode: exitCodes.usage };
  const exitCode = exitCodes.failure;
  if (error instanceof NotFoundError) return { code: "NOT_FOUND", message, exitCode };
  if (TaskwrightError.is(error)) return { code: error.code, message, exitCode };
  const state = sqlState(error);
  // What PostgreSQL says is meant for people, such as that a role or a database doesn't exist.
  if (state !== undefined) return { code: `SQLSTATE_${state}`, message, exitCode };
  // Such as a file that isn't there.
  if ("syscall" in error && "code" in error) return { code: String(error.code), message, exitCode };
  // A stack of it would show the same few lines over and over.
  if (error instanceof RangeError && /call stack/u.test(message)) {
    return { code: "TOO_DEEP", message: tooDeep, exitCode };
  }
  return { code: "INTERNAL", message, exitCode, stack: error.stack ?? message };
}
