import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** A folder under `golden/`: schemas, and what codegen makes of them, or why it refuses them. */
export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
}

const goldenFolder = fileURLToPath(new URL("../golden", import.meta.url));

export const goldenCases: readonly GoldenCase[] = readdirSync(goldenFolder)
  .sort()
  .map((name) => ({ name, folder: path.join(goldenFolder, name) }));

/** Cases whose schemas compile. */
export const acceptedCases = goldenCases.filter(({ name }) => !name.startsWith("error"));

/** Every file below a folder, by its path inside it; empty when there is no such folder. */
export function readTree(folder: string): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of listTree(folder)) tree[name] = readFileSync(path.join(folder, name), "utf8");
  return tree;
}

function listTree(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true })
      .map((name) => String(name).split(path.sep).join("/"))
      .filter((name) => statSync(path.join(folder, name)).isFile())
      .sort();
  } catch {
    return [];
  }
}
