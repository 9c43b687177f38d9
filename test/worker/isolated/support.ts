import type { Pool } from "pg";
import type {
  IsolationOptions,
  JobCounts,
  Logger,
  RunSummary,
  StartOptions,
  WorkerEvent,
} from "../../../src/index.js";
import { runOnce, startWorker, type Worker } from "../../../src/index.js";
import type { TestDatabase } from "../../support/database.js";
import { threadArguments } from "../../support/thread-arguments.js";
import { handlers } from "./handlers.js";

export const isolation: IsolationOptions = {
  module: new URL("./handlers.ts", import.meta.url),
  execArgv: threadArguments,
};

type Options = Partial<StartOptions<unknown>>;

export function withIsolation(
  database: TestDatabase,
  options: Options = {},
): StartOptions<unknown> {
  const { connectionString } = database;
  return {
    connectionString,
    handlers: handlers as StartOptions<unknown>["handlers"],
    app: undefined,
    concurrency: 4,
    ...options,
    isolation: { ...isolation, ...options.isolation },
  };
}

/** What became of the jobs of one run, with the errors of those that failed, by job. */
export interface Ran {
  readonly summary: RunSummary;
  readonly errors: ReadonlyMap<string, Error>;
}

/** Runs what is due. */
export async function drain(database: TestDatabase, options: Options = {}): Promise<Ran> {
  const errors = new Map<string, Error>();
  const summary = await runOnce<unknown>({
    ...withIsolation(database, options),
    on: { ...options.on, "job:error": ({ job, error }) => void errors.set(job.id, error) },
  });
  return { summary, errors };
}

export function startIsolated(database: TestDatabase, options: Options = {}): Promise<Worker> {
  return startWorker<unknown>(withIsolation(database, options));
}

/** A log that can be waited for. */
export class TestLog implements Logger {
  readonly lines: { readonly message: string; readonly details?: object | undefined }[] = [];
  readonly #waiting = new Set<() => void>();
  readonly debug = this.#add.bind(this);
  readonly info = this.#add.bind(this);
  readonly warn = this.#add.bind(this);
  readonly error = this.#add.bind(this);

  /** Resolves when so many lines begin with a text. */
  async says(text: string, count = 1): Promise<void> {
    while (this.find(text).length < count) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  find(
    text: string,
  ): readonly { readonly message: string; readonly details?: object | undefined }[] {
    return this.lines.filter(({ message }) => message.startsWith(text));
  }

  #add(message: string, details?: object): void {
    this.lines.push({ message, details });
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export interface Effect {
  readonly job_id: string;
  readonly report: Readonly<Record<string, unknown>> | null;
}

export async function listEffects(pool: Pool): Promise<Effect[]> {
  const { rows } = await pool.query<Effect>("select * from effects order by id");
  return rows;
}

export type { JobCounts, WorkerEvent };
