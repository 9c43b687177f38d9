import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";

/** Linux counts a process's time in these, whatever the kernel's own tick is. */
const tickMs = 10;

export interface CommandRun {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
  /** Of the process and of those that it started; undefined where the system doesn't tell. */
  readonly cpuSeconds: number | undefined;
}

/** Runs a program of Node's to its end, one at a time. */
export async function runNode(args: readonly string[], cwd: string): Promise<CommandRun> {
  const cpuBefore = await endedChildrenMs();
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  const seconds = (performance.now() - start) / 1000;
  const cpuAfter = await endedChildrenMs();
  const isKnown = cpuBefore !== undefined && cpuAfter !== undefined;
  return {
    code,
    output: chunks.join(""),
    seconds,
    cpuSeconds: isKnown ? (cpuAfter - cpuBefore) / 1000 : undefined,
  };
}

/** The CPU time of this process's children that have ended, with that of theirs. See proc(5). */
async function endedChildrenMs(): Promise<number | undefined> {
  const text = await readFile("/proc/self/stat", "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // The third field is the first after the name in parentheses.
  return (Number(fields[16 - 3]) + Number(fields[17 - 3])) * tickMs;
}
