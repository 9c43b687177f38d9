-- Locks up to max_jobs due jobs for a worker, best first, and counts the attempt.
--
-- A queue's jobs run one at a time, across all workers and both peers: at most one job of a queue is
-- taken, only with that queue's own row locked, and both rows are looked at again under their locks.
-- Rows that another claim holds are skipped, never waited for, so claims can't deadlock.
--
-- The cost grows with max_jobs, with the number of distinct priorities among waiting jobs, with the
-- jobs that stand ahead and that this worker may not run (other tasks, forbidden flags), and with
-- the index entries that earlier claims left dead since the last vacuum. It does not grow with the
-- number of queues, of jobs behind busy queues, or of jobs scheduled for later.
--
-- A function, so that its plan can be pinned. A plan that stays prepared while a table was empty
-- (a queue's usual state) may be a sequential scan, and it stays one until the next analyze,
-- however many jobs arrive meanwhile; a plan made for each call costs more than the claim itself.
-- The settings leave only walks along the right index, and hold for this function alone.
--
-- What drivers parse in ways of their own comes as text: numbers that a double can't hold, JSON, and
-- times (ISO, in UTC, whatever the session prefers).
create or replace function graphile_worker.taskwright_claim_jobs(
  worker_id text,
  task_ids int[],
  forbidden_flags text[],
  max_jobs int
) returns table (
  id text,
  task_id int,
  queue_name text,
  payload text,
  priority smallint,
  run_at text,
  attempts smallint,
  max_attempts smallint,
  last_error text,
  created_at text,
  updated_at text,
  key text,
  locked_at text,
  revision int,
  flags text
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set jit = off
set plan_cache_mode = force_generic_plan
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $taskwright$
-- taskwright: taskwright_claim_jobs 1
#variable_conflict use_column
declare
  queue_ids int[];
  head_ids bigint[];
begin
  select array_agg(found.queue_id), array_agg(found.job_id)
  into queue_ids, head_ids
  from graphile_worker.taskwright_find_queues(task_ids, forbidden_flags, max_jobs) as found;

  return query
  with recursive priorities (priority) as (
    (
      select jobs.priority
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is null
      order by jobs.priority desc
      limit 1
    )
    union all
    select next.priority
    from priorities
    cross join lateral (
      select jobs.priority
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is null
      and jobs.priority < priorities.priority
      order by jobs.priority desc
      limit 1
    ) as next
  ),
  unqueued as (
    select due.*
    from (select priority from priorities order by priority) as level
    cross join lateral (
      select jobs.id, jobs.priority, jobs.run_at, null::int as queue_id, null::text as queue_name
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is null
      and jobs.priority = level.priority and jobs.run_at <= now()
      and jobs.task_id = any (task_ids) and (jobs.flags ?| forbidden_flags) is not true
      order by jobs.run_at, jobs.id
      limit max_jobs
      for update skip locked
    ) as due
    limit max_jobs
  ),
  queued as (
    select head.*, queue.*
    from unnest(queue_ids, head_ids) as found (queue_id, job_id)
    cross join lateral (
      select queues.id, queues.queue_name
      from graphile_worker._private_job_queues as queues
      where queues.id = found.queue_id and queues.is_available = true
      for update skip locked
    ) as queue
    -- The lateral reference makes sure that the queue's row is locked before the job's.
    cross join lateral (
      select jobs.id, jobs.priority, jobs.run_at
      from graphile_worker._private_jobs as jobs
      where jobs.id = found.job_id and jobs.job_queue_id = queue.id
      and jobs.is_available = true and jobs.run_at <= now()
      and jobs.task_id = any (task_ids) and (jobs.flags ?| forbidden_flags) is not true
      for update skip locked
    ) as head
  ),
  chosen as (
    select * from unqueued
    union all
    select * from queued
    order by priority, run_at, id
    limit max_jobs
  ),
  locked_queues as (
    update graphile_worker._private_job_queues as queues
    set locked_by = worker_id, locked_at = now()
    from chosen
    where queues.id = chosen.queue_id
  ),
  claimed as (
    update graphile_worker._private_jobs as jobs
    set attempts = jobs.attempts + 1, locked_by = worker_id, locked_at = now()
    from chosen
    where jobs.id = chosen.id
    returning jobs.*, chosen.queue_name
  )
  select
    claimed.id::text,
    claimed.task_id,
    claimed.queue_name,
    claimed.payload::text,
    claimed.priority,
    claimed.run_at::text,
    claimed.attempts,
    claimed.max_attempts,
    claimed.last_error,
    claimed.created_at::text,
    claimed.updated_at::text,
    claimed.key,
    claimed.locked_at::text,
    claimed.revision,
    claimed.flags::text
  from claimed
  order by claimed.priority, claimed.run_at, claimed.id;
end;
$taskwright$;
