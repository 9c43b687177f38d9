import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findCacheFolder } from "../cache.js";

const name = "dev-database";

/**
 * The file that gives the project's other commands access to the database of a running `dev`: a line
 * with its URL, password included, and a line with the process id of `dev`. Only its owner can read it.
 */
export class AccessFile implements Disposable {
  readonly path: string;
  readonly #temporary: string | undefined;

  constructor(root: string, connectionString: string) {
    const cache = findCacheFolder(root);
    if (cache === undefined) this.#temporary = mkdtempSync(path.join(tmpdir(), "taskwright-dev-"));
    this.path = path.join(cache ?? this.#temporary ?? root, name);
    // An older file keeps its mode when it is written to.
    rmSync(this.path, { force: true });
    writeFileSync(this.path, `${connectionString}\n${process.pid}\n`, { mode: 0o600, flag: "wx" });
  }

  [Symbol.dispose](): void {
    // Another `dev` of this project may have replaced it meanwhile.
    if (readAccess(this.path)?.pid === process.pid) rmSync(this.path, { force: true });
    if (this.#temporary !== undefined) rmSync(this.#temporary, { recursive: true, force: true });
  }
}

/** The URL of the database of the `dev` that runs for a project; undefined when none does. */
export function findDevDatabase(root: string): string | undefined {
  const cache = findCacheFolder(root);
  const access = cache === undefined ? undefined : readAccess(path.join(cache, name));
  return access !== undefined && isRunning(access.pid) ? access.connectionString : undefined;
}

function readAccess(
  file: string,
): { readonly connectionString: string; readonly pid: number } | undefined {
  try {
    const [connectionString = "", pid = ""] = readFileSync(file, "utf8").split("\n");
    return { connectionString, pid: Number(pid) };
  } catch {
    return undefined;
  }
}

/** A `dev` that was killed leaves its file behind. */
function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
