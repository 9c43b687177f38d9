import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The program of `test/interop/rust`. */
    rustProgram: string;
  }
}

const project = path.resolve(import.meta.dirname, "../interop/rust");
/** Outside of the tree, so that a clean clone needn't build the crate anew. */
const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
const target = path.join(cache, "taskwright", "rust");

/** Builds the program, which takes minutes for the first time. */
export default async function setup(test: TestProject): Promise<void> {
  const manifest = path.join(project, "Cargo.toml");
  const cargo = spawn("cargo", ["build", "--locked", "--quiet", "--manifest-path", manifest], {
    env: { ...process.env, CARGO_TARGET_DIR: target },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(cargo, "close").catch((cause: unknown) => {
    throw new Error("The tests beside the Rust crate need cargo; see rustup.rs.", { cause });
  });
  if (code !== 0) throw new Error(`cargo could not build ${manifest}.`);
  test.provide("rustProgram", path.join(target, "debug", "taskwright-interop"));
}
