import path from "node:path";
import type * as codegenModule from "../../../codegen/index.js";
import type { CodegenOptions, CodegenResult } from "../../../codegen/index.js";
import { loadProject, type Project } from "../config.js";
import { startEmbeddedServer } from "../embedded.js";
import { codegenPackages, importOptional, queryPackages } from "../optional.js";
import type { Terminal } from "../terminal.js";
import { watchFolders } from "../watch.js";

/** Loaded when it is needed: it wants packages that production installs go without. */
type Codegen = typeof codegenModule;

/** The command's flags. */
export interface CodegenFlags {
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly config?: string;
  readonly connection?: string;
}

/** Compiles schemas and SQL once, checks, or goes on watching. Returns the exit code. */
export async function runCodegen(flags: CodegenFlags, terminal: Terminal): Promise<number> {
  const project = await loadProject(flags.config);
  const codegen = await importOptional<Codegen>(
    "codegen",
    () => import("../../../codegen/index.js"),
    codegenPackages,
  );
  if (project.config.queries !== undefined) {
    const load = () => import("../../../codegen/queries/index.js");
    await importOptional("queries", load, queryPackages);
  }
  const scratch = await openScratchServer(project, flags.connection);
  try {
    const options = toOptions(project, scratch?.connectionString);
    if (flags.watch === true) {
      await watchProject(codegen, project, options, terminal);
      return 0;
    }
    const result = await (flags.check === true
      ? codegen.check(options)
      : codegen.generate(options));
    return report(codegen, result, flags.check === true, project, terminal);
  } finally {
    await scratch?.stop();
  }
}

/** The server for the scratch database; only queries need one. */
async function openScratchServer({ config }: Project, given: string | undefined) {
  if (config.queries === undefined) return undefined;
  const connectionString =
    given ?? (process.env["DATABASE_URL"] || undefined) ?? config.connectionString;
  if (connectionString !== undefined) return { connectionString, stop: async () => {} };
  return startEmbeddedServer();
}

function toOptions(
  { root, config }: Project,
  connectionString: string | undefined,
): CodegenOptions {
  const { schemas, output, schema, graphileWorker, queries } = config;
  const at = (file: string) => path.resolve(root, file);
  return {
    tasks: { root, schemas: at(schemas), output: at(output), schema, graphileWorker },
    ...(queries === undefined || connectionString === undefined
      ? {}
      : {
          queries: {
            root,
            queries: at(queries.source),
            migrations: at(queries.migrations),
            output: at(queries.output),
            migrationsOutput: at(queries.migrationsOutput),
            connectionString,
          },
        }),
  };
}

function report(
  { formatProblem }: Codegen,
  { problems, changed }: CodegenResult,
  isCheck: boolean,
  { root }: Project,
  terminal: Terminal,
): number {
  for (const problem of problems) terminal.error(`${formatProblem(problem)}\n`);
  if (problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    terminal.error(`${count}. Nothing was written.`);
    return 1;
  }
  for (const { path: file, reason } of changed) {
    const name = path.relative(root, file).split(path.sep).join("/");
    if (isCheck) terminal.error(`${name} is stale (${reason})`);
    else terminal.print(`${reason === "left over" ? "removed" : "wrote"} ${name}`);
  }
  if (isCheck && changed.length > 0) {
    terminal.error("Run `taskwright codegen` and commit what it writes.");
    return 1;
  }
  if (changed.length === 0) terminal.print("Generated code is up to date.");
  return 0;
}

async function watchProject(
  codegen: Codegen,
  project: Project,
  options: CodegenOptions,
  terminal: Terminal,
): Promise<void> {
  const folders = [
    options.tasks?.schemas,
    options.queries?.queries,
    options.queries?.migrations,
  ].filter((folder) => folder !== undefined);
  await watchFolders(folders, terminal, async () => {
    const result = await codegen.generate(options);
    report(codegen, result, false, project, terminal);
  });
}
