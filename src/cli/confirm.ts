import { UsageError } from "./failure.js";
import type { Terminal } from "./terminal.js";

export interface ConfirmFlags {
  readonly yes?: boolean;
}

/**
 * Asks before something is destroyed, unless `--yes` was given. Returns whether to go on.
 * @param what What would happen, as a sentence.
 * @throws UsageError when stdin is not a terminal.
 */
export async function confirm(
  terminal: Terminal,
  { yes = false }: ConfirmFlags,
  what: string,
): Promise<boolean> {
  if (yes) return true;
  if (!terminal.isInteractive) {
    throw new UsageError(
      `${what} This is not a terminal, so you can't be asked: pass --yes to confirm.`,
    );
  }
  const answer = await terminal.ask(`${what} Go on? [y/N] `);
  if (/^y(es)?$/iu.test(answer.trim())) return true;
  terminal.err("Nothing was done.");
  return false;
}
