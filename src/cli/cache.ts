import { createHash } from "node:crypto";
import { accessSync, chmodSync, constants, lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** What says where a user's caches are. */
export interface CacheEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
}

/** Write permission of the group or of everybody. */
const writableByOthers = 0o022;

/**
 * The folder for what commands keep of a project between runs: compiled code, which is run, and the
 * password of `dev`'s database. Nobody else on the machine may be able to write to it first. It is
 * `node_modules/.cache/taskwright` of the project, else a folder below the user's own cache folder;
 * undefined when neither is safe or can be written. Its mode is 0700.
 * @param root The project's root; `node_modules` may also be in a folder above it.
 */
export function findCacheFolder(
  root: string,
  { env, home }: CacheEnvironment = { env: process.env, home: homedir() },
): string | undefined {
  const project = createHash("sha256").update(root).digest("hex").slice(0, 16);
  const own = makePrivate(path.join(root, "node_modules"), [".cache", "taskwright"]);
  if (own !== undefined) return own;
  for (const folder of foldersAbove(root)) {
    const modules = path.join(folder, "node_modules");
    const shared = makePrivate(modules, [".cache", "taskwright", project]);
    if (shared !== undefined) return shared;
  }
  const caches = process.platform === "win32" ? env["LOCALAPPDATA"] : env["XDG_CACHE_HOME"];
  if (caches !== undefined && path.isAbsolute(caches)) {
    return makePrivate(caches, ["taskwright", project]);
  }
  return path.isAbsolute(home) ? makePrivate(home, [".cache", "taskwright", project]) : undefined;
}

function foldersAbove(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [] : [parent, ...foldersAbove(parent)];
}

/** Makes folders one below the other in one that exists. Undefined when one of them isn't safe. */
function makePrivate(base: string, names: readonly string[]): string | undefined {
  try {
    let folder = base;
    if (!isOnlyOurs(folder)) return undefined;
    for (const name of names) {
      folder = path.join(folder, name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (!isOnlyOurs(folder)) return undefined;
    }
    chmodSync(folder, 0o700);
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return undefined;
  }
}

/** Whether it is a folder, not a link to one, that this user owns and that nobody else can write to. */
function isOnlyOurs(folder: string): boolean {
  const stats = lstatSync(folder);
  if (!stats.isDirectory()) return false;
  // Windows has no such modes; its profile folders are the user's own.
  if (process.getuid === undefined) return true;
  return stats.uid === process.getuid() && (stats.mode & writableByOthers) === 0;
}
