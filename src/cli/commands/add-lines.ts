import { createReadStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { TaskwrightError } from "../../errors.js";
import { enqueueBulk } from "../../tasks/enqueue-bulk.js";
import type { JobItem } from "../../tasks/enqueue.js";
import type { TaskSpec } from "../../tasks/spec.js";
import type { AnyTask } from "../../tasks/task.js";
import { messageOf } from "../../thrown.js";
import { exitCodes, type ExitCode } from "../failure.js";
import { count, printResult, type OutputFlags } from "../output.js";
import type { Session } from "../session.js";
import type { Terminal } from "../terminal.js";

interface LinesFlags extends OutputFlags {
  /** A file, or - for the standard input. */
  readonly lines: string;
  readonly transaction?: boolean;
}

/** Adds a job for each line of a file, however long it is. Empty lines are passed over. */
export async function addLines(
  { db, schema, terminal }: Session,
  flags: LinesFlags,
  task: AnyTask,
  spec: TaskSpec,
): Promise<ExitCode> {
  const { lines, transaction = false } = flags;
  const progress = await enqueueBulk(db, { ...task, schema }, readItems(terminal, lines, spec), {
    transaction,
    signal: terminal.signal,
    onProgress: ({ added }) => terminal.progress(`${added} added`),
  }).finally(() => terminal.progress(""));
  printResult(terminal, flags, progress, () => {
    terminal.out(`added ${count(progress.added, "job")}`);
  });
  return exitCodes.ok;
}

async function* readItems(
  { cwd, input }: Terminal,
  file: string,
  spec: TaskSpec,
): AsyncGenerator<JobItem<unknown>> {
  const stream = file === "-" ? input : createReadStream(path.resolve(cwd, file));
  let number = 0;
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === "") continue;
    yield { payload: parsePayload(`Line ${number}`, line), spec };
  }
}

/** Validators recurse over a payload, and so does PostgreSQL. */
const maxDepth = 1_000;

/** Whether a text of JSON opens more brackets at once than `max`; it isn't parsed for that. */
function isDeeperThan(text: string, max: number): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gu)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (depth > max) return true;
  }
  return false;
}

/** @throws TaskwrightError `PAYLOAD_NOT_JSON` */
export function parsePayload(what: string, text: string): unknown {
  if (isDeeperThan(text, maxDepth)) {
    const message = `${what} is nested more than ${maxDepth} levels deep.`;
    throw new TaskwrightError("PAYLOAD_NOT_JSON", message, { maxDepth });
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/u, ""));
  } catch (error) {
    const reason = messageOf(error);
    throw new TaskwrightError(
      "PAYLOAD_NOT_JSON",
      `${what} is not JSON: ${reason}`,
      {},
      { cause: error },
    );
  }
}
