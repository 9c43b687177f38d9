import { Readable } from "node:stream";
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
  /** What there is to read. */
  readonly input?: string;
  /** What the user answers; without it nobody can be asked. */
  readonly answer?: string;
  /** The width of a terminal. */
  readonly columns?: number;
}

/** Runs a command line inside this process, in a project's folder. */
export async function runCommand(
  cwd: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { env = {}, signal = new AbortController().signal, onLine = () => {} } = options;
  const { input = "", answer, columns } = options;
  const lines = { out: [] as string[], err: [] as string[] };
  const writeTo = (stream: "out" | "err") => (line: string) => {
    lines[stream].push(line);
    onLine(line);
  };
  const terminal = {
    cwd,
    program: "",
    env,
    signal,
    out: writeTo("out"),
    err: writeTo("err"),
    ask: (question: string) => {
      writeTo("err")(question);
      return Promise.resolve(answer ?? "");
    },
    progress: () => {},
    input: Readable.from([input]),
    isColoured: false,
    isInteractive: answer !== undefined,
    columns,
  };
  const code = await runCommandLine(args, terminal);
  return { code, out: lines.out.join("\n"), err: lines.err.join("\n") };
}
