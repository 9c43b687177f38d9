/** Where a command's words go. */
export interface Terminal {
  /** A line of the command's result. */
  print(line: string): void;
  /** A line about what went wrong. */
  error(line: string): void;
}

export const processTerminal: Terminal = {
  print: (line) => process.stdout.write(`${line}\n`),
  error: (line) => process.stderr.write(`${line}\n`),
};
