import { createReadStream, readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Entry, StoredEntry } from "./records.js";

/** Apart by more than any pid. */
const nextLife = 2 ** 32;

/** Reads all files of a ledger, in the order of time. */
export async function readLedger(folder: string): Promise<StoredEntry[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  const entries: StoredEntry[] = [];
  for (const file of files) await readFile(folder, file, entries);
  return separateLives(entries.sort((a, b) => a.at - b.at));
}

/**
 * Gives each process of an actor a number of its own. The system hands out a pid again after some ten
 * thousand processes and threads, which is a matter of minutes here.
 *
 * @param entries In the order of time.
 */
export function separateLives(entries: readonly StoredEntry[]): StoredEntry[] {
  const births = new Map<string, number>();
  const separate = (actor: string, pid: number) =>
    pid + nextLife * Math.max(0, (births.get(`${actor} ${pid}`) ?? 0) - 1);
  return entries.map((entry) => {
    if (entry.kind === "spawned") {
      const process = `${entry.child} ${entry.childPid}`;
      births.set(process, (births.get(process) ?? 0) + 1);
    }
    const pid = separate(entry.actor, entry.pid);
    return "childPid" in entry
      ? { ...entry, pid, childPid: separate(entry.child, entry.childPid) }
      : { ...entry, pid };
  });
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
