import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ending = ".holders";

/** Notes an id under which this process locks jobs, for who has to free them after its death. */
export function noteLockHolder(folder: string, worker: string): void {
  appendFileSync(path.join(folder, `${process.pid}${ending}`), `${worker}\n`);
}

/** The noted ids of all processes, by pid. */
export function readLockHolders(folder: string): ReadonlyMap<number, readonly string[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith(ending));
  return new Map(
    files.map((file) => {
      const workers = readFileSync(path.join(folder, file), "utf8").split("\n");
      return [Number.parseInt(file, 10), workers.filter((worker) => worker !== "")];
    }),
  );
}
