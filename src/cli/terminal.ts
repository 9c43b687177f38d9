import type { Readable } from "node:stream";
import { styleText } from "node:util";

/** Where a command reads and writes: the process's own, or a test's. */
export interface Terminal {
  /** The folder that the command was run in. */
  readonly cwd: string;
  /** The file that runs the command line, for a process that runs another one. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line of results. */
  out(line: string): void;
  /** Writes a line about errors or progress. */
  err(line: string): void;
  /** Puts a question to the user and gives the answer. Only where `isInteractive`. */
  ask(question: string): Promise<string>;
  /** Rewrites the line of progress. Does nothing when stderr is not a terminal. */
  progress(text: string): void;
  /** The standard input. */
  readonly input: Readable;
  /**
   * Aborts when the user asks the command to end. A command that never looks at it is ended by the
   * system, as any program.
   */
  readonly signal: AbortSignal;
  /** Whether a person reads along, so that colours help. */
  readonly isColoured: boolean;
  /** Whether a person can be asked. */
  readonly isInteractive: boolean;
  /** The width of the terminal that results are shown on; undefined when they go elsewhere. */
  readonly columns: number | undefined;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export function paint(terminal: Terminal, style: Style, text: string): string {
  return terminal.isColoured ? styleText(style, text, { validateStream: false }) : text;
}

/** Control characters, and those that turn the direction of writing around. */
const treacherous = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** A text of somebody's, such as a payload, so that it can do nothing to the terminal it is shown on. */
export function printable(text: string): string {
  return text.replaceAll(treacherous, (character) => {
    if (character === "\n") return "\\n";
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
