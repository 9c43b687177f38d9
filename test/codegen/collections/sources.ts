import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isObject } from "../../../codegen/json.js";

/** One schema of a public collection. */
export interface CollectedSchema {
  readonly name: string;
  readonly text: string;
}

const webhooksPackage = "@octokit/webhooks-schemas@7.6.1";
const storeAddress = "https://github.com/SchemaStore/schemastore";
const storeFolder = "src/schemas/json";

/** The payload schemas of a forge's webhooks, each with the definitions that it needs. */
export function collectWebhooks(folder: string): CollectedSchema[] {
  writeFileSync(path.join(folder, "package.json"), "{}");
  run("npm", ["install", "--silent", "--ignore-scripts", webhooksPackage], folder);
  const file = path.join(folder, "node_modules/@octokit/webhooks-schemas/schema.json");
  const { definitions } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly definitions: Readonly<Record<string, object>>;
  };
  // The others are parts, or choices among these.
  const events = Object.keys(definitions).filter((name) => name.includes("$"));
  return events.map((name) => {
    const needed = [...definitionsOf(definitions[name], definitions)];
    const own = Object.fromEntries(needed.map((key) => [key, definitions[key]]));
    const schema = { ...definitions[name], definitions: own };
    return { name: name.replace("$", "_"), text: JSON.stringify(schema) };
  });
}

function definitionsOf(
  value: unknown,
  definitions: Readonly<Record<string, object>>,
  found = new Set<string>(),
): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const held of Object.values(value)) definitionsOf(held, definitions, found);
  const reference = isObject(value) ? value["$ref"] : undefined;
  const [, name] = /^#\/definitions\/(.+)$/u.exec(String(reference)) ?? [];
  if (name === undefined || found.has(name)) return found;
  found.add(name);
  return definitionsOf(definitions[name], definitions, found);
}

/** Schemas of medium size from a copy of SchemaStore, which is cloned unless a folder is given. */
export function collectStore(folder: string, copy: string | undefined): CollectedSchema[] {
  if (copy === undefined) run("git", ["clone", "--quiet", "--depth=1", storeAddress, "."], folder);
  const schemas = copy ?? path.join(folder, storeFolder);
  const files = readdirSync(schemas)
    .filter((file) => file.endsWith(".json") && isMedium(path.join(schemas, file)))
    .sort();
  return files.map((file) => ({
    name: path.basename(file, ".json"),
    text: readFileSync(path.join(schemas, file), "utf8"),
  }));
}

function isMedium(file: string): boolean {
  const { size } = statSync(file);
  return size >= 2000 && size <= 60_000;
}

/** So many of them, spread evenly, beginning at an offset. */
export function sample<T>(items: readonly T[], count: number, offset: number): T[] {
  const step = Math.max(1, items.length / count);
  const chosen = Array.from({ length: Math.min(count, items.length) }, (_, index) =>
    Math.floor((index * step + offset) % items.length),
  );
  return items.filter((_, index) => chosen.includes(index));
}

function run(command: string, parameters: readonly string[], folder: string): void {
  execFileSync(command, parameters, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}
