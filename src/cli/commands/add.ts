import { readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { Option } from "commander";
import { findTask } from "../../client/find-task.js";
import { bindQueries } from "../../database/queries.js";
import { insertJobs, type JobInsert } from "../../jobs/insert.js";
import { splitBatch, toInsert } from "../../tasks/enqueue.js";
import type { JobKeyMode, TaskSpec } from "../../tasks/spec.js";
import type { AnyTask, TaskDefinition } from "../../tasks/task.js";
import { maxInt16 } from "../../option-rules.js";
import { exitCodes, UsageError, type ExitCode } from "../failure.js";
import { printResult } from "../output.js";
import { loadTasks } from "../registry.js";
import { addDatabaseOptions, readConfig, withDatabase, type DatabaseFlags } from "../session.js";
import type { Terminal } from "../terminal.js";
import { integer, several, time } from "../values.js";
import { addLines, parsePayload } from "./add-lines.js";
import { describeCommand, type CommandMaker } from "./command.js";

interface Flags extends DatabaseFlags {
  readonly file?: string;
  readonly lines?: string;
  readonly transaction?: boolean;
  readonly runAt?: Date;
  readonly priority?: number;
  readonly queue?: string;
  readonly maxAttempts?: number;
  readonly jobKey?: string;
  readonly jobKeyMode?: JobKeyMode;
  readonly flag?: readonly string[];
}

const givenTwice = "The payload was given twice: keep one of the argument, --file and --lines.";

export const addCommand: CommandMaker = (terminal, end) => {
  const command = describeCommand({
    name: "add",
    description:
      "Add a job, or the items of a batch task. The payload is checked before the database is touched.",
    examples: `
      taskwright add send_email '{"to":"ada@example.com","subject":"Hello","body":"…"}'
      taskwright add send_email --file mail.json --run-at +1h --job-key welcome:ada
      jq .user export.json | taskwright add process_user -
      jq -c .users[] export.json | taskwright add process_user --lines -`,
  })
    .argument("<task>", "the task's identifier")
    .argument("[payload]", "JSON, or - for the standard input; default: no properties")
    .option("--file <file>", "file that holds the payload")
    .option(
      "--lines <file>",
      "file of one payload a line, of any length, or - for the standard input",
    )
    .option("--transaction", "with --lines: add all of them or none")
    .option("--run-at <time>", "not before: ISO 8601, now, or from now such as +5m", time)
    .option("--priority <number>", "lower runs first", integer(-maxInt16 - 1, maxInt16))
    .option("--queue <name>", "queue in which to run one at a time")
    .option("--max-attempts <count>", "attempts in all", integer(1, maxInt16))
    .option("--job-key <key>", "at most one waiting job has this key")
    .addOption(
      new Option("--job-key-mode <mode>", "what happens when the key is taken").choices([
        "replace",
        "preserve_run_at",
        "unsafe_dedupe",
      ]),
    )
    .option("--flag <flag>", "a flag; may be given several times", several);
  return addDatabaseOptions(command).action(async (task: string, payload: string | undefined) => {
    end(await add(terminal, command.opts<Flags>(), task, payload));
  });
};

async function add(
  terminal: Terminal,
  flags: Flags,
  identifier: string,
  given: string | undefined,
): Promise<ExitCode> {
  const tasks = await loadTasks(await readConfig(flags, terminal));
  const task = findTask(tasks, identifier);
  const { lines } = flags;
  if (lines !== undefined) {
    if (given !== undefined || flags.file !== undefined) throw new UsageError(givenTwice);
    return withDatabase(flags, terminal, (session) =>
      addLines(session, { ...flags, lines }, task, toSpec(flags)),
    );
  }
  const inserts = toInserts(task, await readPayload(terminal, flags, given), toSpec(flags));
  return withDatabase(flags, terminal, async ({ db, schema }) => {
    const queries = bindQueries({ schema, preparedStatements: false });
    const jobs = await insertJobs(queries, db, inserts);
    printResult(terminal, flags, { jobs }, () => {
      for (const { id } of jobs) terminal.out(`added ${id}`);
    });
    return exitCodes.ok;
  });
}

/** All that can be wrong with a payload and its options shows here. */
function toInserts(task: AnyTask, payload: unknown, spec: TaskSpec): JobInsert[] {
  if (task.batch === undefined) return [toInsert(task, payload, spec)];
  const batch = task as TaskDefinition<readonly unknown[], unknown>;
  const parts = splitBatch(batch, payload as readonly unknown[], spec);
  return parts.map((part) => toInsert(task, part, spec));
}

function toSpec(flags: Flags): TaskSpec {
  const { runAt, priority, queue, maxAttempts, jobKey, jobKeyMode, flag } = flags;
  const spec = { runAt, priority, queueName: queue, maxAttempts, jobKey, jobKeyMode, flags: flag };
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}

async function readPayload(
  terminal: Terminal,
  { file }: Flags,
  given: string | undefined,
): Promise<unknown> {
  if (file !== undefined && given !== undefined) {
    throw new UsageError(givenTwice);
  }
  if (file !== undefined) {
    return parsePayload(file, await readFile(path.resolve(terminal.cwd, file), "utf8"));
  }
  if (given === "-") return parsePayload("The standard input", await text(terminal.input));
  return given === undefined ? {} : parsePayload("The payload", given);
}
