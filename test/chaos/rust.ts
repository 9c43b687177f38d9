import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** The interop tests' project, which has the worker as its second program. */
const project = path.resolve(import.meta.dirname, "../interop/rust");
/** Where the interop tests build it too (test/support/rust-program.ts). */
const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
const target = path.join(cache, "taskwright", "rust");
const program = path.join(target, "debug/chaos");
/** All of the crate's dependencies are compiled the first time. */
const patienceMs = 15 * 60_000;

export interface RustWorker {
  readonly program?: string;
  /** Why there is none. */
  readonly why?: string;
}

/** Finds the Rust crate's worker; builds it first if told to. */
export async function findRustWorker(build: boolean): Promise<RustWorker> {
  if (!existsSync(path.join(project, "Cargo.toml"))) return { why: "there is no project of it" };
  if (!build) {
    return existsSync(program) ? { program } : { why: "it is not built; --rust builds it" };
  }
  const args = ["build", "--locked", "--bin", "chaos", "--target-dir", target];
  try {
    await promisify(execFile)("cargo", args, { cwd: project, timeout: patienceMs });
    return { program };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}
