import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const noted = /^(.+)\.holders$/u;
const rustLedger = /^(rust\.\d+)\.jsonl$/u;

/** Names a process: a long run uses a pid more than once. */
export function holderName(actor: string, pid: number | undefined): string {
  return `${actor}.${pid}`;
}

/** Notes an id under which this process locks jobs, for who has to free them after its death. */
export function noteLockHolder(folder: string, actor: string, worker: string): void {
  const file = `${holderName(actor, process.pid)}.holders`;
  appendFileSync(path.join(folder, file), `${worker}\n`);
}

/** The noted ids of all processes, by {@link holderName}. */
export function readLockHolders(folder: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    readdirSync(folder).flatMap((file): [string, string[]][] => {
      const read = () => readFileSync(path.join(folder, file), "utf8").split("\n");
      const holder = noted.exec(file)?.[1];
      if (holder !== undefined) return [[holder, read().filter(Boolean)]];
      const rust = rustLedger.exec(file)?.[1];
      return rust === undefined ? [] : [[rust, workersOf(read())]];
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
