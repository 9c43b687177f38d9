import { styleText } from "node:util";

/** Where a command reads and writes: the process's own, or a test's. */
export interface Terminal {
  /** The folder that the command was run in. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line of results. */
  out(line: string): void;
  /** Writes a line about errors or progress. */
  err(line: string): void;
  /** Aborts when the user asks the command to end. */
  readonly signal: AbortSignal;
  /** Whether a person reads along, so that colours help. */
  readonly isColoured: boolean;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export function paint(terminal: Terminal, style: Style, text: string): string {
  return terminal.isColoured ? styleText(style, text, { validateStream: false }) : text;
}
