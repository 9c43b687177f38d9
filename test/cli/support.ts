import path from "node:path";
import type { Pool } from "pg";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { runCommand, type CommandOptions, type CommandResult } from "../support/command-line.js";

/** The repository's own tasks serve as a project's. */
const projectFolder = path.resolve(import.meta.dirname, "../..");

/** A command line that works on a database of its own. */
export class DatabaseCommands implements AsyncDisposable {
  readonly #database: TestDatabase;

  private constructor(database: TestDatabase) {
    this.#database = database;
  }

  static async create(): Promise<DatabaseCommands> {
    return new DatabaseCommands(await createDatabase());
  }

  get pool(): Pool {
    return this.#database.pool;
  }

  run(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const env = { DATABASE_URL: this.#database.connectionString, ...options.env };
    return runCommand(projectFolder, args, { ...options, env });
  }

  /** What a command prints with `--json`. */
  async json(...args: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse((await this.run([...args, "--json"])).out) as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.drop();
  }
}

const generatedTasks = path.join(projectFolder, "generated/tasks/index.js");

/** A worker's module with a handler for send_email, and more if wanted. */
export function handlersModule(body: string, rest = ""): string {
  return `
    import { definePartialHandlers } from ${JSON.stringify(generatedTasks)};
    export const handlers = definePartialHandlers<any>({
      send_email: async (payload, ctx): Promise<void> => { ${body} },
    });
    ${rest}`;
}
