-- Indexes that our claim needs beyond the peers' own. Each is additive, named `taskwright_*`, and
-- made with `if not exists`: on a peer's schema this file runs beside its jobs.
--
-- The planner must have no choice. Its statistics say little about a queue, whose tables are empty now
-- and full a second later, and a wrong index is a walk through all jobs. So each of these is the only
-- one that its queries can use:
--   - The peers' indexes end at run_at, ours at the id (jobs of one call share their run_at); a query
--     that asks for the whole order can't take a peer's index without sorting.
--   - A condition that the table's own check makes true serves as a name: only the queries that state
--     it can use the index that has it.

create index if not exists taskwright_unqueued_jobs_index
  on graphile_worker._private_jobs using btree (priority, run_at, id) include (task_id)
  where (is_available = true and job_queue_id is null);

create index if not exists taskwright_queued_jobs_index
  on graphile_worker._private_jobs using btree (priority, run_at, id)
  include (job_queue_id, task_id)
  where (is_available = true and job_queue_id is not null and max_attempts >= 1);

-- Each queue's jobs stand together here, its head first.
create index if not exists taskwright_queue_heads_index
  on graphile_worker._private_jobs using btree (job_queue_id, priority, run_at, id)
  include (task_id)
  where (is_available = true and job_queue_id is not null);

-- Jobs of extreme priorities by their time: used where there are too many priorities to look at each
-- (26_priorities). Jobs of other priorities have no entry here, so these cost them nothing.
create index if not exists taskwright_extreme_jobs_index
  on graphile_worker._private_jobs using btree (task_id, run_at, id)
  where (is_available = true and job_queue_id is null and (priority < -32 or priority > 32));

create index if not exists taskwright_extreme_queued_jobs_index
  on graphile_worker._private_jobs using btree (run_at, id)
  where (is_available = true and job_queue_id is not null and (priority < -32 or priority > 32));

create index if not exists taskwright_extreme_queue_heads_index
  on graphile_worker._private_jobs using btree (job_queue_id, run_at, id)
  where (is_available = true and job_queue_id is not null and (priority < -32 or priority > 32));
