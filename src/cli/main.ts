#!/usr/bin/env node
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { exitCodes } from "./failure.js";
import { runCommandLine } from "./program.js";
import type { Terminal } from "./terminal.js";

const { stdin, stdout, stderr, env } = process;
const isWatched = stdout.isTTY && stderr.isTTY;
let end: AbortController | undefined;

/** Hears the signals from the first look on. The second one ends the process at once. */
function listen(): AbortSignal {
  if (end === undefined) {
    const controller = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => controller.abort(new Error(`${signal} was received`)));
    }
    // A parent that is done with us disconnects; one that died is heard in the same way.
    if (process.connected) {
      process.once("disconnect", () => controller.abort(new Error("its parent is done with it")));
    }
    end = controller;
  }
  return end.signal;
}

/** Ctrl+C and the end of the input are an answer, too: an empty one. */
async function ask(question: string): Promise<string> {
  const asking = createInterface({ input: stdin, output: stderr });
  const end = new AbortController();
  asking.once("SIGINT", () => end.abort()).once("close", () => end.abort());
  try {
    return await asking.question(question, { signal: end.signal });
  } catch (error) {
    if (!end.signal.aborted) throw error;
    stderr.write("\n");
    return "";
  } finally {
    asking.close();
  }
}

const terminal: Terminal = {
  cwd: process.cwd(),
  program: fileURLToPath(import.meta.url),
  env,
  out: (line) => stdout.write(`${line}\n`),
  err: (line) => stderr.write(`${line}\n`),
  ask,
  progress: (text) => {
    if (stderr.isTTY) stderr.write(`\r\u001b[K${text}`);
  },
  input: stdin,
  get signal() {
    return listen();
  },
  isColoured: isWatched && !env["NO_COLOR"],
  isInteractive: stdin.isTTY && stderr.isTTY,
  columns: stdout.isTTY ? stdout.columns : undefined,
};

for (const stream of [stdout, stderr]) {
  // EPIPE: the reader closed the pipe, such as `head`.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    // A worker still has its jobs to end.
    if (end === undefined) process.exit(exitCodes.failure);
    end.abort(new Error("the reader of its output has gone"));
  });
}

const code = await runCommandLine(process.argv.slice(2), terminal);
// Nothing that a user's module left open may keep the process. What was written to a pipe must be out
// before the end.
stdout.write("", () => stderr.write("", () => process.exit(code)));
