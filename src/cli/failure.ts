import { TaskwrightError, toError } from "../errors.js";
import { paint, type Terminal } from "./terminal.js";

/** What a command's process ends with. */
export const exitCodes = {
  ok: 0,
  /** Something is wrong with the input, the output is stale, or the work failed. */
  failure: 1,
  /** The command line itself is wrong. */
  usage: 2,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Tells of an error that ended a command: in short if it is ours, with its stack if it is not. */
export function reportFailure(terminal: Terminal, thrown: unknown, isJson: boolean): ExitCode {
  const error = toError(thrown);
  const code = error instanceof TaskwrightError ? error.code : "INTERNAL";
  if (isJson) {
    terminal.out(JSON.stringify({ ok: false, error: { code, message: error.message } }));
  } else if (error instanceof TaskwrightError) {
    terminal.err(`${paint(terminal, "red", "error")} ${error.message} [${code}]`);
  } else {
    terminal.err(`${paint(terminal, "red", "error")} ${error.stack ?? error.message}`);
  }
  return exitCodes.failure;
}
