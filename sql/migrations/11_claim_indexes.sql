-- Indexes that our claim needs beyond the peers' own. Each is additive, named `taskwright_…`, and
-- made with `if not exists`: on a peer's schema this file runs beside its jobs.
--
-- The peers' indexes end at run_at. Ours go on to the id: jobs of one call share their run_at, and
-- an order that only one index can give leaves the planner no choice, whatever the statistics say.

create index if not exists taskwright_unqueued_jobs_index
  on graphile_worker._private_jobs using btree (priority, run_at, id) include (task_id)
  where (is_available = true and job_queue_id is null);

create index if not exists taskwright_queued_jobs_index
  on graphile_worker._private_jobs using btree (priority, run_at, id)
  include (job_queue_id, task_id)
  where (is_available = true and job_queue_id is not null);

-- Each queue's jobs stand together here, its head first.
create index if not exists taskwright_queue_heads_index
  on graphile_worker._private_jobs using btree (job_queue_id, priority, run_at, id)
  include (task_id)
  where (is_available = true and job_queue_id is not null);
