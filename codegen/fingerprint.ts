import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Packages whose versions decide what is written. */
const packages = [
  "ajv",
  "ajv-formats",
  "cron-parser",
  "json-schema-to-typescript",
  "jsonc-parser",
  "prettier",
  "recheck",
  "ts-morph",
];

/** Folders of our own code that decide it, relative to this one; the runtime's formats are among them. */
const folders = [".", "../src/validation", "../src/cron"];

const require = createRequire(import.meta.url);
const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * Tells this codegen, with the packages that it uses, from others. Undefined when a package isn't where
 * Node looks for it, so that its version can't be told.
 */
export async function fingerprint(): Promise<string | undefined> {
  const hash = createHash("sha256").update(process.version);
  try {
    for (const name of packages) hash.update(`\n${name} ${await versionOf(name)}`);
    for (const folder of folders) {
      const root = path.join(here, folder);
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      const names = files.map((file) => path.join(file.parentPath, file.name)).sort();
      const stats = await Promise.all(names.map((name) => stat(name)));
      stats.forEach(({ size, mtimeMs }, index) => {
        hash.update(`\n${path.relative(root, names[index] ?? "")} ${size} ${mtimeMs}`);
      });
    }
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}

/** Found by its folder: a package need not let its package.json be imported. */
async function versionOf(name: string): Promise<string> {
  for (const folder of require.resolve.paths(name) ?? []) {
    const text = await readFile(path.join(folder, name, "package.json"), "utf8").catch(() => null);
    if (text !== null) return String((JSON.parse(text) as { version?: unknown }).version);
  }
  throw new Error(`The package ${name} is nowhere.`);
}
