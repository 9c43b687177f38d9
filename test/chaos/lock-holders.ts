import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ending = ".holders";
const rustLedger = /^rust\.(\d+)\.jsonl$/u;

/** Notes an id under which this process locks jobs, for who has to free them after its death. */
export function noteLockHolder(folder: string, worker: string): void {
  appendFileSync(path.join(folder, `${process.pid}${ending}`), `${worker}\n`);
}

/** The noted ids of all processes, by pid. */
export function readLockHolders(folder: string): ReadonlyMap<number, readonly string[]> {
  return new Map(
    readdirSync(folder).flatMap((file) => {
      const read = () => readFileSync(path.join(folder, file), "utf8").split("\n");
      if (file.endsWith(ending)) return [[Number.parseInt(file, 10), read().filter(Boolean)]];
      const pid = rustLedger.exec(file)?.[1];
      return pid === undefined ? [] : [[Number(pid), workersOf(read())]];
    }),
  );
}

/** The Rust worker notes its id in its ledger, which ends with half a line when the process is killed. */
function workersOf(lines: readonly string[]): string[] {
  return lines.slice(0, -1).flatMap((line) => {
    const record = JSON.parse(line) as { readonly kind: string; readonly worker?: string };
    return record.kind === "worker" && record.worker !== undefined ? [record.worker] : [];
  });
}
