import { runCommandLine } from "../../src/cli/program.js";
import type { ExitCode } from "../../src/cli/failure.js";

/** What a command line did. */
export interface CommandResult {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Hears every line as it is written. */
  readonly onLine?: (line: string) => void;
}

/** Runs a command line inside this process, in a project's folder. */
export async function runCommand(
  cwd: string,
  args: readonly string[],
  { env = {}, signal = new AbortController().signal, onLine = () => {} }: CommandOptions = {},
): Promise<CommandResult> {
  const lines = { out: [] as string[], err: [] as string[] };
  const writeTo = (stream: "out" | "err") => (line: string) => {
    lines[stream].push(line);
    onLine(line);
  };
  const terminal = {
    cwd,
    env,
    signal,
    out: writeTo("out"),
    err: writeTo("err"),
    isColoured: false,
  };
  const code = await runCommandLine(args, terminal);
  return { code, out: lines.out.join("\n"), err: lines.err.join("\n") };
}
