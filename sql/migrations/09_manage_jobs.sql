-- What may be done to jobs by hand. A job that a worker holds is left alone, unless its lock is so
-- old (four hours) that every peer takes the worker for dead.

create or replace function graphile_worker.complete_jobs(job_ids bigint[])
returns setof graphile_worker._private_jobs
language sql
as $taskwright$
  -- taskwright: complete_jobs 1
  delete from graphile_worker._private_jobs as jobs
  where jobs.id = any (job_ids)
  and (jobs.locked_at is null or jobs.locked_at < now() - interval '4 hours')
  returning *;
$taskwright$;

create or replace function graphile_worker.permanently_fail_jobs(
  job_ids bigint[],
  error_message text default null::text
) returns setof graphile_worker._private_jobs
language sql
as $taskwright$
  -- taskwright: permanently_fail_jobs 1
  update graphile_worker._private_jobs as jobs
  set
    last_error = coalesce(error_message, 'Manually marked as failed'),
    attempts = jobs.max_attempts,
    updated_at = now()
  where jobs.id = any (job_ids)
  and (jobs.locked_at is null or jobs.locked_at < now() - interval '4 hours')
  returning *;
$taskwright$;

create or replace function graphile_worker.reschedule_jobs(
  job_ids bigint[],
  run_at timestamptz default null::timestamptz,
  priority int default null::int,
  attempts int default null::int,
  max_attempts int default null::int
) returns setof graphile_worker._private_jobs
language sql
as $taskwright$
  -- taskwright: reschedule_jobs 1
  update graphile_worker._private_jobs as jobs
  set
    run_at = coalesce(reschedule_jobs.run_at, jobs.run_at),
    priority = coalesce(reschedule_jobs.priority::smallint, jobs.priority),
    attempts = coalesce(reschedule_jobs.attempts::smallint, jobs.attempts),
    max_attempts = coalesce(reschedule_jobs.max_attempts::smallint, jobs.max_attempts),
    updated_at = now()
  where jobs.id = any (job_ids)
  and (jobs.locked_at is null or jobs.locked_at < now() - interval '4 hours')
  returning *;
$taskwright$;

-- Deletes the job of a key. One that runs can't be deleted: it loses its key and any retry.
create or replace function graphile_worker.remove_job(job_key text)
returns graphile_worker._private_jobs
language plpgsql strict
as $taskwright$
-- taskwright: remove_job 1
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
    delete from graphile_worker._private_jobs as jobs where jobs.id = job.id;
    perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":-1}');
    return job;
  end if;
  update graphile_worker._private_jobs as jobs
  set key = null, attempts = jobs.max_attempts, updated_at = now()
  where jobs.id = job.id
  returning * into job;
  return job;
end;
$taskwright$;

-- For workers that are known to be dead: their jobs and queues are free at once.
create or replace function graphile_worker.force_unlock_workers(worker_ids text[])
returns void
language sql
as $taskwright$
  -- taskwright: force_unlock_workers 1
  update graphile_worker._private_jobs as jobs
  set locked_at = null, locked_by = null
  where jobs.locked_by = any (worker_ids);

  update graphile_worker._private_job_queues as queues
  set locked_at = null, locked_by = null
  where queues.locked_by = any (worker_ids);
$taskwright$;
