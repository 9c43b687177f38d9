import { ledger } from "./catalogue.js";
import { newest, notOurs, type Findings } from "./findings.js";

/** A peer that took a schema further than graphile-worker 0.18 does. */
export interface NewerPeer {
  readonly revision: number;
  /** For messages. */
  readonly name: string;
  /** The functions that its revisions brought; undefined when that isn't known. */
  readonly functions: ReadonlySet<string> | undefined;
  /** Whether its functions write a marker for each job that they retire. */
  readonly marksRetirements: boolean;
}

/** The Rust crate's table of markers, which its revision 22 makes. */
const rustMarkers = "_private_job_retirements";

const rust21 = [
  "add_job",
  "add_jobs",
  "worker_heartbeat",
  "worker_deregister",
  "list_stale_workers",
  "list_orphan_locked_workers",
  "recover_dead_worker_jobs",
  "delete_stale_workers",
];
const rust22 = [...rust21, "reschedule_jobs", "remove_job", "permanently_fail_jobs"];

/**
 * The peer that took the schema beyond our revision, if any did. The Rust crate's revisions 21 and 22 are
 * known, and recognised by the objects that they leave, since a Node peer may use the same numbers.
 */
export function findNewerPeer(found: Findings): NewerPeer | undefined {
  const revision = newest(found.revisions) ?? 0;
  if (revision <= ledger.latest) return undefined;
  const marksRetirements = found.relations.has(rustMarkers);
  // Node's peer has no heartbeats: where their functions are there, they are ours.
  const isRust = marksRetirements || found.functions.get("worker_heartbeat") === notOurs;
  const name = isRust ? "the Rust crate graphile_worker" : "a newer graphile-worker";
  const known = revision === 22 && marksRetirements ? rust22 : revision === 21 ? rust21 : undefined;
  const functions = isRust && known !== undefined ? new Set(known) : undefined;
  return { revision, name, functions, marksRetirements };
}

/**
 * Whether a function is left as the newer peer brought it. One that carries our mark never is; nor is
 * one from before that peer's revisions, if it is known what they brought. So the functions are the same
 * whether that peer migrated before us or after us.
 */
export function isLeftAlone(name: string, found: Findings, peer = findNewerPeer(found)): boolean {
  if (peer === undefined || found.functions.get(name) !== notOurs) return false;
  return peer.functions?.has(name) ?? true;
}
