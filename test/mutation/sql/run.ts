import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { migrate } from "../../../src/migrate/index.js";
import type { Result, Verdict } from "../report.js";
import { applyMutant, mutantsOf, type Mutant } from "./mutants.js";
import type { MutatedMigration } from "./vitest.config.js";

export interface SqlOptions {
  readonly serverUrl: string;
  /** Parts of migrations' names, such as `16_claim`. */
  readonly files: readonly string[];
  /** Test files, in the order in which they run: a mutant that one has noticed meets no other. */
  readonly tests: readonly (readonly string[])[];
  /** At most so many mutants, spread evenly over all. */
  readonly limit: number;
  readonly onResult: (result: Result, nth: number, of: number) => void;
}

interface Place {
  readonly name: string;
  readonly text: string;
  readonly mutant: Mutant;
}

const folder = "sql/migrations";
/** Far more than the tests of one group need. */
const patienceMs = 600_000;

/** Runs the tests against each mutant of the migrations in turn. */
export async function mutateSql(options: SqlOptions): Promise<Result[]> {
  const places = spread(await findPlaces(options.files), options.limit);
  const work = await mkdtemp(path.join(tmpdir(), "taskwright-mutation-"));
  const scratch = await Scratch.create(options.serverUrl);
  const results: Result[] = [];
  try {
    for (const [nth, place] of places.entries()) {
      const verdict = await judge(place, scratch, path.join(work, "mutated.json"), options.tests);
      const { name, text, mutant } = place;
      const result = {
        file: `${folder}/${name}.sql`,
        line: text.slice(0, mutant.start).split("\n").length,
        operator: mutant.operator,
        before: text.slice(mutant.start, mutant.end),
        after: mutant.replacement,
        verdict,
      };
      results.push(result);
      options.onResult(result, nth + 1, places.length);
    }
  } finally {
    await scratch.drop();
    await rm(work, { recursive: true, force: true });
  }
  return results;
}

async function findPlaces(files: readonly string[]): Promise<Place[]> {
  const names = (await readdir(folder)).map((file) => path.basename(file, ".sql")).toSorted();
  const chosen = names.filter(
    (name) =>
      files.length === 0 || files.some((file) => name.includes(path.basename(file, ".sql"))),
  );
  const places: Place[] = [];
  for (const name of chosen) {
    const text = await readFile(path.join(folder, `${name}.sql`), "utf8");
    places.push(...mutantsOf(text).map((mutant) => ({ name, text, mutant })));
  }
  return places;
}

function spread<T>(all: readonly T[], limit: number): readonly T[] {
  if (all.length <= limit) return all;
  return Array.from({ length: limit }, (_, n) => all[Math.floor((n * all.length) / limit)] as T);
}

async function judge(
  { name, text, mutant }: Place,
  scratch: Scratch,
  file: string,
  tests: SqlOptions["tests"],
): Promise<Verdict> {
  const mutated: MutatedMigration = { name, text: applyMutant(text, mutant) };
  if (!(await scratch.accepts(mutated.text))) return "invalid";
  await writeFile(file, JSON.stringify(mutated));
  for (const group of tests) {
    const verdict = await runTests(group, file);
    if (verdict !== "survived") return verdict;
  }
  return "survived";
}

function runTests(tests: readonly string[], mutatedFile: string): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        "node_modules/vitest/vitest.mjs",
        "run",
        "--bail=1",
        "--config=test/mutation/sql/vitest.config.ts",
        ...tests,
      ],
      { stdio: "ignore", env: { ...process.env, MUTATED_MIGRATION: mutatedFile } },
    );
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, patienceMs);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(isLate ? "timeout" : code === 0 ? "survived" : "killed");
    });
  });
}

/** A database with the schema, on which mutants are tried that may not even parse. */
class Scratch {
  readonly #server: Client;
  readonly #client: Client;
  readonly #name: string;

  private constructor(server: Client, client: Client, name: string) {
    this.#server = server;
    this.#client = client;
    this.#name = name;
  }

  static async create(serverUrl: string): Promise<Scratch> {
    const name = `taskwright_mutation_${process.pid}`;
    const server = new Client({ connectionString: serverUrl });
    await server.connect();
    await server.query(`create database ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    await migrate({ connectionString: url.href });
    const client = new Client({ connectionString: url.href });
    await client.connect();
    return new Scratch(server, client, name);
  }

  /** Whether a migration can be applied. Its effects are undone. */
  async accepts(text: string): Promise<boolean> {
    await this.#client.query("begin");
    try {
      await this.#client.query(text);
      return true;
    } catch {
      return false;
    } finally {
      await this.#client.query("rollback");
    }
  }

  async drop(): Promise<void> {
    await this.#client.end();
    await this.#server.query(`drop database ${this.#name}`);
    await this.#server.end();
  }
}
