import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../../src/migrate/index.js";
import { nameOf, readCatalogue as readLines } from "../support/catalogue.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { migratePeer } from "../support/peer.js";

let ours: TestDatabase;
let peers: TestDatabase;
beforeAll(async () => {
  [ours, peers] = await Promise.all([createDatabase(), createDatabase()]);
  await Promise.all([migrate({ pool: ours.pool }), migratePeer(20, peers.connectionString)]);
});
afterAll(() => Promise.all([ours.drop(), peers.drop()]));

/** Without the path that our functions pin, which the peer's don't. */
async function readCatalogue(pool: TestDatabase["pool"]): Promise<string[]> {
  const lines = await readLines(pool);
  return lines.map((line) => line.replace(/ \{"search_path=pg_catalog, pg_temp"\}$/u, ""));
}

test("everything in graphile-worker 0.18's catalogue is in ours, column by column", async () => {
  const [our, their] = await Promise.all([readCatalogue(ours.pool), readCatalogue(peers.pool)]);
  expect(their.length).toBeGreaterThan(90);
  expect(their.filter((line) => !our.includes(line))).toEqual([]);
});

test("what we add is this and nothing else", async () => {
  const [our, their] = await Promise.all([readCatalogue(ours.pool), readCatalogue(peers.pool)]);
  const added = our.filter((line) => !their.includes(line)).map(nameOf);
  const isDetail = /^(column|constraint) /u;
  expect(added.filter((name) => !isDetail.test(name))).toEqual([
    "function delete_stale_workers",
    "function list_orphan_locked_workers",
    "function list_stale_workers",
    "function recover_dead_worker_jobs",
    "function taskwright_add_jobs",
    "function taskwright_adopt_workers",
    "function taskwright_beat",
    "function taskwright_check_queues",
    "function taskwright_check_tasks",
    "function taskwright_claim_jobs",
    "function taskwright_complete_job",
    "function taskwright_complete_jobs",
    "function taskwright_count_crashes",
    "function taskwright_count_fitting",
    "function taskwright_delete_queues",
    "function taskwright_delete_tasks",
    "function taskwright_ensure_names",
    "function taskwright_find_jobs",
    "function taskwright_find_key",
    "function taskwright_find_priorities",
    "function taskwright_find_queues",
    "function taskwright_find_room",
    "function taskwright_find_unused_queues",
    "function taskwright_find_unused_tasks",
    "function taskwright_forget_starts",
    "function taskwright_free_queues",
    "function taskwright_full_keys",
    "function taskwright_given_back",
    "function taskwright_has_due_jobs",
    "function taskwright_has_started",
    "function taskwright_held_jobs",
    "function taskwright_insert_all_jobs",
    "function taskwright_insert_jobs",
    "function taskwright_is_retired",
    "function taskwright_job_state",
    "function taskwright_join_lists",
    "function taskwright_last_job_id",
    "function taskwright_lock_extreme_jobs",
    "function taskwright_lock_free_jobs",
    "function taskwright_lock_names",
    "function taskwright_look_at_jobs",
    "function taskwright_mark_moves",
    "function taskwright_mark_queues",
    "function taskwright_mark_starts",
    "function taskwright_mark_tasks",
    "function taskwright_open_tasks",
    "function taskwright_paused_queues",
    "function taskwright_permanently_fail_jobs",
    "function taskwright_put_jobs",
    "function taskwright_put_jobs_in_order",
    "function taskwright_read_jobs",
    "function taskwright_recover_jobs",
    "function taskwright_refuse_deleted_names",
    "function taskwright_remove_job",
    "function taskwright_removed_jobs",
    "function taskwright_replace_jobs",
    "function taskwright_require_registration",
    "function taskwright_reschedule_jobs",
    "function taskwright_retire_jobs",
    "function taskwright_retry_jobs",
    "function taskwright_retry_time",
    "function taskwright_revive_jobs",
    "function taskwright_run_jobs_now",
    "function taskwright_settle_jobs",
    "function taskwright_silence_limit",
    "function taskwright_take_key",
    "function taskwright_take_keys",
    "function taskwright_unlock_workers",
    "function taskwright_usable_slots",
    "function worker_deregister",
    "function worker_heartbeat",
    "index _private_workers_last_heartbeat_at_idx",
    "index _private_workers_pkey",
    "index taskwright_crashes_pkey",
    "index taskwright_extreme_jobs_index",
    "index taskwright_extreme_queue_heads_index",
    "index taskwright_extreme_queued_jobs_index",
    "index taskwright_pauses_pkey",
    "index taskwright_queue_heads_index",
    "index taskwright_queued_jobs_index",
    "index taskwright_retired_jobs_pkey",
    "index taskwright_slots_pkey",
    "index taskwright_starts_pkey",
    "index taskwright_unqueued_jobs_index",
    "index taskwright_workers_pkey",
    "relation _private_workers",
    "relation taskwright_crashes",
    "relation taskwright_job_spec",
    "relation taskwright_pauses",
    "relation taskwright_retired_jobs",
    "relation taskwright_slots",
    "relation taskwright_starts",
    "relation taskwright_workers",
  ]);
  const details = added.filter((name) => isDetail.test(name));
  expect(details.filter((name) => !/_private_workers|taskwright_/u.test(name))).toEqual([]);
});

test("the ledger has the peer's revisions, with its flags", async () => {
  const read = "select id, breaking from graphile_worker.migrations order by id";
  const [our, their] = await Promise.all([ours.pool.query(read), peers.pool.query(read)]);
  expect(our.rows).toEqual(their.rows);
});

test("every function pins the path in which names are looked up", async () => {
  const functions = (await readLines(ours.pool)).filter((line) => line.startsWith("function "));
  expect(functions.length).toBeGreaterThan(70);
  const isPinned = (line: string) => line.includes('"search_path=pg_catalog, pg_temp"');
  expect(functions.filter((line) => !isPinned(line))).toEqual([]);
});
