import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fingerprint } from "../fingerprint.js";
import { isObject } from "../json.js";
import type { OutputFile } from "../output.js";
import type { Problem } from "../problem.js";
import type { SourceText } from "../read.js";
import { readRegular } from "../regular.js";
import type { CompiledTask } from "./compile.js";
import { namesOf, type TaskIdentity } from "./identity.js";
import type { TasksOptions } from "./index.js";

/**
 * What became of each schema the last time. It holds hashes of the output and no code: what the disk
 * doesn't have as it was written is compiled again, so that no cache can put anything into the output.
 */
export interface Store {
  findTask(source: SourceText): Promise<CompiledTask | undefined>;
  findRegistry(tasks: readonly TaskIdentity[]): Promise<readonly OutputFile[] | undefined>;
  /** Replaces all that is kept. Two runs at once do no harm: one of them is the last. */
  save(
    sources: readonly SourceText[],
    tasks: readonly CompiledTask[],
    registry: readonly OutputFile[],
  ): Promise<void>;
}

const noStore: Store = {
  findTask: () => Promise.resolve(undefined),
  findRegistry: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
};

export async function openStore(options: TasksOptions): Promise<Store> {
  const { cache } = options;
  const codegen = cache === undefined ? undefined : await fingerprint();
  if (cache === undefined || codegen === undefined) return noStore;
  const { checkSchedule: _, cache: _folder, ...rest } = options;
  const file = path.join(cache, `codegen-${hashOf(options.output).slice(0, 16)}.json`);
  return new FileStore(file, options, hashOf(JSON.stringify([codegen, rest])));
}

/** Of one output file: its path in the output folder, and the hash of its text. */
type FileHashes = Readonly<Record<string, string>>;

interface Entry {
  readonly key: string;
  readonly files: FileHashes;
}

interface TaskEntry extends Entry {
  readonly identity: TaskIdentity;
  readonly typeNames: readonly string[];
  readonly warnings: readonly Problem[];
}

class FileStore implements Store {
  readonly #file: string;
  readonly #output: string;
  readonly #stamp: string;
  /** The files that gather all tasks. */
  readonly #registry: readonly string[];
  #entries: Promise<ReadonlyMap<string, unknown>> | undefined;
  #saved = "";

  constructor(file: string, { output, graphileWorker }: TasksOptions, stamp: string) {
    this.#file = file;
    this.#output = output;
    this.#stamp = stamp;
    this.#registry = ["index.ts", ...(graphileWorker === true ? ["graphile-worker.ts"] : [])];
  }

  async findTask(source: SourceText): Promise<CompiledTask | undefined> {
    const entry = (await this.#read()).get(source.relativePath);
    if (!isTaskEntry(entry) || entry.key !== keyOf(source)) return undefined;
    const name = `${namesOf(entry.identity).file}.ts`;
    const files = await this.#filesOf(entry.files, [name, `validators/${name}`]);
    const { identity, typeNames, warnings } = entry;
    return files === undefined ? undefined : { identity, typeNames, warnings, files };
  }

  async findRegistry(tasks: readonly TaskIdentity[]): Promise<readonly OutputFile[] | undefined> {
    const entry = (await this.#read()).get("");
    if (!isEntry(entry) || entry.key !== registryKey(tasks)) return undefined;
    return this.#filesOf(entry.files, this.#registry);
  }

  async save(
    sources: readonly SourceText[],
    tasks: readonly CompiledTask[],
    registry: readonly OutputFile[],
  ): Promise<void> {
    const keys = new Map(sources.map((source) => [source.relativePath, keyOf(source)]));
    const entries = tasks.map(({ identity, typeNames, warnings, files }) => {
      const key = keys.get(identity.place.file) ?? "";
      const entry: TaskEntry = { key, files: this.#hash(files), identity, typeNames, warnings };
      return [identity.place.file, entry] as const;
    });
    const key = registryKey(tasks.map(({ identity }) => identity));
    const all = [...entries, ["", { key, files: this.#hash(registry) }] as const];
    const text = JSON.stringify({ stamp: this.#stamp, entries: Object.fromEntries(all) });
    if (text !== this.#saved) await writeWhole(this.#file, text);
  }

  #read(): Promise<ReadonlyMap<string, unknown>> {
    this.#entries ??= (async () => {
      try {
        const text = await readFile(this.#file, "utf8");
        const content: unknown = JSON.parse(text);
        if (!isObject(content) || content["stamp"] !== this.#stamp) return new Map();
        this.#saved = text;
        return new Map(isObject(content["entries"]) ? Object.entries(content["entries"]) : []);
      } catch {
        // Nothing is kept yet, or it was damaged.
        return new Map<string, unknown>();
      }
    })();
    return this.#entries;
  }

  #hash(files: readonly OutputFile[]): FileHashes {
    return Object.fromEntries(
      files.map(({ path: file, text }) => [
        path.relative(this.#output, file).split(path.sep).join("/"),
        hashOf(text),
      ]),
    );
  }

  /** The files with the texts that the disk has; undefined when one isn't as it was written. */
  async #filesOf(
    hashes: FileHashes,
    names: readonly string[],
  ): Promise<readonly OutputFile[] | undefined> {
    if (Object.keys(hashes).join("\n") !== names.join("\n")) return undefined;
    const files: OutputFile[] = [];
    for (const name of names) {
      const file = path.join(this.#output, name);
      const text = await readRegular(file).then(String, () => undefined);
      if (text === undefined || hashOf(text) !== hashes[name]) return undefined;
      files.push({ path: file, text });
    }
    return files;
  }
}

function keyOf({ name, relativePath, text }: SourceText): string {
  return hashOf(JSON.stringify([name, relativePath, text]));
}

function registryKey(tasks: readonly TaskIdentity[]): string {
  return hashOf(JSON.stringify(tasks.map(({ identifier, isBatch }) => [identifier, isBatch])));
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value) || !isObject(value["files"])) return false;
  const hashes = Object.values(value["files"]);
  return typeof value["key"] === "string" && hashes.length > 0 && hashes.every(isText);
}

function isTaskEntry(value: unknown): value is TaskEntry {
  if (!isEntry(value) || !isObject(value)) return false;
  const { identity, typeNames, warnings } = value as Record<string, unknown>;
  return (
    isObject(identity) &&
    isText(identity["identifier"]) &&
    typeof identity["isBatch"] === "boolean" &&
    isPlace(identity["place"]) &&
    Array.isArray(typeNames) &&
    typeNames.every(isText) &&
    Array.isArray(warnings) &&
    warnings.every(isProblem)
  );
}

function isPlace(value: unknown): value is TaskIdentity["place"] {
  return isObject(value) && isText(value["file"]);
}

function isProblem(value: unknown): value is Problem {
  return isPlace(value) && ["rule", "message", "hint"].every((key) => isText(value[key as never]));
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Another run sees the old text or the new one, never a part of it. What can't be kept isn't. */
async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(temporary, text, { flag: "wx" });
    await rename(temporary, file);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
