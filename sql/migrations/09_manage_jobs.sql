-- What may be done to jobs by hand. A job that a worker holds is left alone, unless its lock is so
-- old (four hours) that every peer takes the worker for dead. A job that is deleted then frees its
-- queue with it (08_queue_locks).

create or replace function graphile_worker.complete_jobs(job_ids bigint[])
returns setof graphile_worker._private_jobs
language sql
as $taskwright$
  -- taskwright: complete_jobs 2
  with completed as (
    delete from graphile_worker._private_jobs as jobs
    where jobs.id = any (job_ids)
    and (jobs.locked_at is null or jobs.locked_at < now() - interval '4 hours')
    returning *
  ), freed as (
    update graphile_worker._private_job_queues as queues
    set locked_by = null, locked_at = null
    from completed
    where queues.id = completed.job_queue_id and queues.locked_by = completed.locked_by
  )
  select * from completed;
$taskwright$;

-- One that a worker still holds fails for good even if that worker gives it back.
create or replace function graphile_worker.permanently_fail_jobs(
  job_ids bigint[],
  error_message text default null::text
) returns setof graphile_worker._private_jobs
language sql
as $taskwright$
  -- taskwright: permanently_fail_jobs 2
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

-- Also gives a retired job that a worker still holds a new chance (08_retired_jobs).
create or replace function graphile_worker.reschedule_jobs(
  job_ids bigint[],
  run_at timestamptz default null::timestamptz,
  priority int default null::int,
  attempts int default null::int,
  max_attempts int default null::int
) returns setof graphile_worker._private_jobs
language sql
as $taskwright$
  -- taskwright: reschedule_jobs 2
  with rescheduled as (
    update graphile_worker._private_jobs as jobs
    set
      run_at = coalesce(reschedule_jobs.run_at, jobs.run_at),
      priority = coalesce(reschedule_jobs.priority::smallint, jobs.priority),
      attempts = coalesce(reschedule_jobs.attempts::smallint, jobs.attempts),
      max_attempts = coalesce(reschedule_jobs.max_attempts::smallint, jobs.max_attempts),
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
create or replace function graphile_worker.remove_job(job_key text)
returns graphile_worker._private_jobs
language plpgsql strict
as $taskwright$
-- taskwright: remove_job 2
declare
  job graphile_worker._private_jobs;
begin
  -- Locked first, so that no worker claims it between the look and the deed.
  select * into job from graphile_worker._private_jobs as jobs
  where jobs.key = remove_job.job_key
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
    from deleted
    where queues.id = deleted.job_queue_id and queues.locked_by = deleted.locked_by;
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

-- For workers that are known to be dead: their jobs and queues are free at once.
create or replace function graphile_worker.force_unlock_workers(worker_ids text[])
returns void
language sql
as $taskwright$
  -- taskwright: force_unlock_workers 2
  select from graphile_worker.taskwright_unlock_workers(worker_ids);
$taskwright$;
