import { readFile } from "node:fs/promises";
import path from "node:path";
import { Option, type Command } from "commander";
import { Pool } from "pg";
import type { ResolvedConfig } from "../config.js";
import { loadConfig } from "./config.js";
import { findDevDatabase } from "./dev/access-file.js";
import { UsageError, type ExitCode } from "./failure.js";
import type { OutputFlags } from "./output.js";
import { hide } from "./redact.js";
import type { Terminal } from "./terminal.js";

/** What every command that works on a database may be told. */
export interface DatabaseFlags extends OutputFlags {
  readonly config?: string;
  readonly connection?: string;
  readonly schema?: string;
}

/** A command's work on a database. */
export interface Session {
  readonly db: Pool;
  readonly connectionString: string | undefined;
  readonly schema: string;
  readonly config: ResolvedConfig;
  readonly terminal: Terminal;
}

const connectTimeoutMs = 10_000;

/** Adds the options of {@link DatabaseFlags}. */
export function addDatabaseOptions(command: Command): Command {
  return command
    .option(
      "--connection <url>",
      "the database (default: DATABASE_URL, the config, PGHOST and its kin, that of a running dev)",
    )
    .option(
      "--schema <name>",
      "database schema of the queue (default: the config's, graphile_worker)",
    )
    .option("--config <file>", "config file (default: taskwright.config.json or .ts)")
    .addOption(new Option("--json", "print one JSON object"));
}

/** Flags that stand for what the config says. */
export interface ConfigFlags {
  readonly config?: string;
  readonly connection?: string;
  readonly schema?: string;
  readonly schemas?: string;
  readonly output?: string;
}

/** Reads the config. Flags win over the environment, which wins over the file. */
export async function readConfig(
  { config, connection, schema, schemas, output }: ConfigFlags,
  terminal: Terminal,
): Promise<ResolvedConfig> {
  const { cwd, env } = terminal;
  const connectionString = connection ?? (env["DATABASE_URL"] || undefined);
  const given = Object.entries({ schemas, output, schema, connectionString });
  const set = given.filter(([, value]) => value !== undefined);
  const resolved = await loadConfig(cwd, config, Object.fromEntries(set));
  if (resolved.connectionString !== undefined) hide(terminal, resolved.connectionString);
  return resolved;
}

/**
 * Runs `work` on the database that the flags, the environment or the config name.
 * @throws UsageError when none of them names one.
 */
export async function withDatabase(
  flags: DatabaseFlags,
  terminal: Terminal,
  work: (session: Session) => Promise<ExitCode>,
): Promise<ExitCode> {
  const config = await readConfig(flags, terminal);
  const { schema } = config;
  const connectionString = requireDatabase(config, terminal);
  const db = new Pool({
    ...(connectionString === undefined ? {} : { connectionString }),
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: "taskwright",
  });
  // What breaks while idle shows in the next statement; unheard, it would end the process.
  db.on("error", () => {});
  try {
    return await work({ db, connectionString, schema, config, terminal });
  } finally {
    await db.end();
  }
}

/**
 * The database of a command: the named one; undefined when libpq's variables name it, which `pg` reads
 * by itself; else that of the project's running `dev`.
 * @throws UsageError when there is none, or what is named isn't a URL.
 */
export function requireDatabase(
  { connectionString, root }: ResolvedConfig,
  terminal: Terminal,
): string | undefined {
  if (connectionString !== undefined) {
    checkUrl(connectionString);
    return connectionString;
  }
  if (libpqVariables.some((name) => terminal.env[name] !== undefined)) return undefined;
  const dev = findDevDatabase(root);
  if (dev !== undefined) {
    hide(terminal, dev);
    return dev;
  }
  throw new UsageError(
    "No database was named. Pass --connection postgres://…, set DATABASE_URL, or write connectionString into taskwright.config.json. Or start taskwright dev, whose database the other commands of its project use.",
  );
}

const libpqVariables = ["PGHOST", "PGPORT", "PGDATABASE", "PGUSER"];

/**
 * `pg` would take any other text for a database's name, and repeat it with its password.
 * @throws UsageError
 */
export function checkUrl(connectionString: string): void {
  if (/^postgres(ql)?:\/\//u.test(connectionString) && URL.canParse(connectionString)) return;
  throw new UsageError(
    "The connection string is not a URL such as postgres://user:password@host:5432/database. Encode what a URL can't hold: %40 for @, %2F for /.",
  );
}

/** The crontab's text: of the file that a flag names, or the config; empty when neither does. */
export async function readCrontab(
  config: ResolvedConfig,
  { cwd }: Terminal,
  { crontab }: { readonly crontab?: string },
): Promise<string> {
  const file = crontab === undefined ? config.crontab : path.resolve(cwd, crontab);
  return file === undefined ? "" : readFile(file, "utf8");
}
