import type { OutputFile, StageResult } from "../output.js";
import type { Problem } from "../problem.js";
import { readSources, type SourceText } from "../read.js";
import { findCollisions, findNameClashes } from "./collisions.js";
import type { CompiledTask } from "./compile.js";
import type { ReadingOptions } from "./convert/index.js";
import type { ScheduleCheck } from "./cron.js";
import { identify, type TaskIdentity } from "./identity.js";
import { openStore, type Store } from "./store.js";

/** Where the schemas are and where their TypeScript goes; paths are absolute. */
export interface TasksOptions {
  /** The project's root, which the paths in messages are relative to. */
  readonly root: string;
  readonly schemas: string;
  readonly output: string;
  /** Unquoted name of the database schema that the plain helpers use. */
  readonly schema: string;
  /** Whether to also write what a project that runs Node's graphile-worker needs. Default false. */
  readonly graphileWorker?: boolean;
  /** Finds what is wrong with a schedule of `x-task.cron`. */
  readonly checkSchedule: ScheduleCheck;
  /** How schemas are read: in strict mode, and with formats of one's own. */
  readonly reading?: ReadingOptions;
  /** Folder where it is kept what became of each schema. Default: nothing is kept. */
  readonly cache?: string;
}

/** Compiles `schemas/` into tasks. What compiles schemas is only loaded when one has changed. */
export async function compileTasks(options: TasksOptions): Promise<StageResult<Problem>> {
  const { root, schemas: folder } = options;
  const read = await readSources({ root, folder, extension: ".json", hint });
  const store = await openStore(options);
  const known = await Promise.all(read.files.map((source) => store.findTask(source)));
  const missing = read.files.filter((_, index) => known[index] === undefined);
  const compiler = missing.length === 0 ? undefined : await import("./compile.js");
  const { linted, ...fresh } = compiler?.lintSources(missing, options) ?? nothing;
  const bySource = new Map(linted.map((each) => [each.source.relativePath, each]));

  const identities = read.files.flatMap(({ relativePath }, index): TaskIdentity[] => {
    const own = bySource.get(relativePath);
    const identity = own === undefined ? known[index]?.identity : identify(own);
    return identity === undefined ? [] : [identity];
  });
  const problems = [...read.problems, ...fresh.problems, ...findCollisions(identities)];
  if (problems.length > 0) {
    const kept = known.flatMap((task) => task?.warnings ?? []);
    const warnings = sortProblems([...kept, ...fresh.warnings]);
    return { files: [], problems: sortProblems(problems), warnings };
  }

  const tasks: CompiledTask[] = [];
  for (const [index, { relativePath }] of read.files.entries()) {
    const own = bySource.get(relativePath);
    const task = own === undefined ? known[index] : await compiler?.compileTask(own, options);
    if (task !== undefined) tasks.push(task);
  }
  return gather(read.files, tasks, options, store);
}

const hint =
  "Put one JSON Schema for each task into a folder, and name it as `schemas` in taskwright.config.json.";
const nothing = { linted: [], problems: [], warnings: [] };

async function gather(
  sources: readonly SourceText[],
  tasks: readonly CompiledTask[],
  options: TasksOptions,
  store: Store,
): Promise<StageResult<Problem>> {
  const identities = tasks.map(({ identity }) => identity);
  const registry =
    (await store.findRegistry(identities)) ??
    (await (await import("./compile.js")).compileRegistry(identities, options));
  const problems = findNameClashes(tasks);
  if (problems.length === 0) await store.save(sources, tasks, registry);
  const files: OutputFile[] = [...tasks.flatMap((task) => task.files), ...registry];
  return { files, problems, warnings: sortProblems(tasks.flatMap((task) => task.warnings)) };
}

/** As a reader comes by them: by file, then by line. */
function sortProblems(problems: readonly Problem[]): Problem[] {
  const key = ({ file, line = 0, column = 0 }: Problem) =>
    [file, ...[line, column].map((count) => String(count).padStart(9, "0"))].join("\0");
  return problems.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
