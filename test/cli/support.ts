import path from "node:path";
import { Pool } from "pg";
import { createDatabase } from "../support/database.js";
import { runCommand, type CommandOptions, type CommandResult } from "../support/command-line.js";

/** The repository's own tasks serve as a project's. */
const projectFolder = path.resolve(import.meta.dirname, "../..");

/** A command line that works on a database of its own. */
export class DatabaseCommands implements AsyncDisposable {
  readonly connectionString: string;
  readonly pool: Pool;
  readonly #drop: () => Promise<void>;

  private constructor(connectionString: string, pool: Pool, drop: () => Promise<void>) {
    this.connectionString = connectionString;
    this.pool = pool;
    this.#drop = drop;
  }

  static async create(): Promise<DatabaseCommands> {
    const { connectionString, pool, drop } = await createDatabase();
    return new DatabaseCommands(connectionString, pool, drop);
  }

  run(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const env = { DATABASE_URL: this.connectionString, ...options.env };
    return runCommand(projectFolder, args, { ...options, env });
  }

  /** What a command prints with `--json`. */
  async json(...args: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse((await this.run([...args, "--json"])).out) as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drop();
  }
}
