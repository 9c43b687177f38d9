import { createReadStream, readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Entry, StoredEntry } from "./records.js";

/** Reads all files of a ledger, in the order of time. */
export async function readLedger(folder: string): Promise<StoredEntry[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  const entries: StoredEntry[] = [];
  for (const file of files) await readFile(folder, file, entries);
  return entries.sort((a, b) => a.at - b.at);
}

async function readFile(folder: string, file: string, entries: StoredEntry[]): Promise<void> {
  const [actor = "", pid = ""] = file.split(".");
  const lines = createInterface({ input: createReadStream(path.join(folder, file)) });
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const entry = JSON.parse(line) as Entry & { readonly at: number };
    entries.push({ ...entry, actor, pid: Number(pid), line: `${file}:${number}` });
  }
}
