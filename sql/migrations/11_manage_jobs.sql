-- What may be done to jobs by hand. A job that a worker holds is left alone, unless its lock is so
-- old (four hours) that every peer declares the worker dead. A job that is deleted then frees its
-- queue with it (09_queue_locks).
--
-- Plans are pinned for the reason given at taskwright_claim_jobs, and rows of other tables are found by
-- arrays: a join may begin with all that is in the table. The peers' names for these functions stand
-- in 12_peer_names, since their settings are to be the peers' too.

create or replace function graphile_worker.taskwright_complete_jobs(job_ids bigint[])
returns setof graphile_worker._private_jobs
language sql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_complete_jobs 2
  with completed as (
    delete from graphile_worker._private_jobs as jobs
    where jobs.id = any (job_ids)
    and (jobs.locked_at is null or jobs.locked_at < now() - interval '4 hours')
    returning *
  ), freed as (
    update graphile_worker._private_job_queues as queues
    set locked_by = null, locked_at = null
    where queues.id = any (array(select completed.job_queue_id from completed))
    and queues.locked_by = any (array(
      select completed.locked_by from completed where completed.job_queue_id = queues.id
    ))
  )
  select * from completed;
$taskwright$;

-- One that a worker still holds fails for good even if that worker gives it back.
create or replace function graphile_worker.taskwright_permanently_fail_jobs(
  job_ids bigint[],
  error_message text default null::text
) returns setof graphile_worker._private_jobs
language sql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_permanently_fail_jobs 2
  with failed as (
    update graphile_worker._private_jobs as jobs
    set
      last_error = coalesce(error_message, 'Manually marked as failed'),
      attempts = jobs.max_attempts,
      updated_at = now()
    where jobs.id = any (job_ids)
    and (jobs.locked_at is null or jobs.locked_at < now() - interval '4 hours')
    returning *
  )
  select failed.*
  from graphile_worker.taskwright_retire_jobs(
    array(select held.id from failed as held where held.locked_at is not null), false
  ) as retired
  cross join failed;
$taskwright$;

-- Also gives a retired job that a worker still holds a new chance (10_retired_jobs).
create or replace function graphile_worker.taskwright_reschedule_jobs(
  job_ids bigint[],
  run_at timestamptz default null::timestamptz,
  priority int default null::int,
  attempts int default null::int,
  max_attempts int default null::int
) returns setof graphile_worker._private_jobs
language sql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_reschedule_jobs 2
  with rescheduled as (
    update graphile_worker._private_jobs as jobs
    set
      run_at = coalesce(taskwright_reschedule_jobs.run_at, jobs.run_at),
      priority = coalesce(taskwright_reschedule_jobs.priority::smallint, jobs.priority),
      -- The peer takes less than zero, too, and fails at the job's next failure.
      attempts = greatest(0, coalesce(taskwright_reschedule_jobs.attempts, jobs.attempts))::smallint,
      max_attempts = coalesce(taskwright_reschedule_jobs.max_attempts::smallint, jobs.max_attempts),
      updated_at = now()
    where jobs.id = any (job_ids)
    and (jobs.locked_at is null or jobs.locked_at < now() - interval '4 hours')
    returning *
  )
  select rescheduled.*
  from graphile_worker.taskwright_revive_jobs(array(
    select changed.id from rescheduled as changed
  )) as revived
  cross join rescheduled;
$taskwright$;

-- Deletes the job of a key. One that runs can't be deleted: it loses its key and any retry.
create or replace function graphile_worker.taskwright_remove_job(job_key text)
returns graphile_worker._private_jobs
language plpgsql strict
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_remove_job 2
declare
  job graphile_worker._private_jobs;
begin
  -- Locked first, so that no worker claims it between the look and the deed.
  select * into job from graphile_worker._private_jobs as jobs
  where jobs.key = taskwright_remove_job.job_key
  for update;
  if not found then
    return null;
  end if;
  if job.locked_at is null or job.locked_at < now() - interval '4 hours' then
    with deleted as (
      delete from graphile_worker._private_jobs as jobs
      where jobs.id = job.id
      returning jobs.job_queue_id, jobs.locked_by
    )
    update graphile_worker._private_job_queues as queues
    set locked_by = null, locked_at = null
    where queues.id = any (array(select deleted.job_queue_id from deleted))
    and queues.locked_by = any (array(select deleted.locked_by from deleted));
    perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":-1}');
    return job;
  end if;
  update graphile_worker._private_jobs as jobs
  set key = null, attempts = jobs.max_attempts, updated_at = now()
  where jobs.id = job.id
  returning * into job;
  perform graphile_worker.taskwright_retire_jobs(array[job.id], true);
  return job;
end;
$taskwright$;

-- Makes failed jobs, and those that wait for their retry, due. A failed one has all attempts again.
-- Crashes that were counted are forgotten.
create or replace function graphile_worker.taskwright_retry_jobs(job_ids bigint[])
returns setof graphile_worker._private_jobs
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_retry_jobs 2
begin
  return query
  with retried as (
    update graphile_worker._private_jobs as jobs
    set
      attempts = case when jobs.attempts >= jobs.max_attempts then 0 else jobs.attempts end,
      run_at = now(),
      updated_at = now()
    where jobs.id = any (job_ids)
    and jobs.locked_at is null
    and (jobs.attempts >= jobs.max_attempts or jobs.attempts > 0 and jobs.run_at > now())
    returning *
  ), forgiven as (
    delete from graphile_worker.taskwright_crashes as counted
    where counted.job_id = any (array(select changed.id from retried as changed))
  )
  select retried.*
  from graphile_worker.taskwright_revive_jobs(array(
    select changed.id from retried as changed
  )) as revived
  cross join retried;
end;
$taskwright$;

-- Makes jobs due that are scheduled for later or wait for their retry; due ones keep their place.
create or replace function graphile_worker.taskwright_run_jobs_now(job_ids bigint[])
returns setof graphile_worker._private_jobs
language sql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_run_jobs_now 2
  with hastened as (
    update graphile_worker._private_jobs as jobs
    set run_at = least(jobs.run_at, now()), updated_at = now()
    where jobs.id = any (job_ids)
    and jobs.locked_at is null and jobs.attempts < jobs.max_attempts
    returning *
  )
  select hastened.*
  from graphile_worker.taskwright_revive_jobs(array(
    select changed.id from hastened as changed
  )) as revived
  cross join hastened;
$taskwright$;
