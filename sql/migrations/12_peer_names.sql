-- The functions of 11_manage_jobs by the peers' names and signatures.

create or replace function graphile_worker.complete_jobs(job_ids bigint[])
returns setof graphile_worker._private_jobs
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: complete_jobs 4
  select * from graphile_worker.taskwright_complete_jobs(job_ids);
$taskwright$;

create or replace function graphile_worker.permanently_fail_jobs(
  job_ids bigint[],
  error_message text default null::text
) returns setof graphile_worker._private_jobs
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: permanently_fail_jobs 4
  select * from graphile_worker.taskwright_permanently_fail_jobs(job_ids, error_message);
$taskwright$;

create or replace function graphile_worker.reschedule_jobs(
  job_ids bigint[],
  run_at timestamptz default null::timestamptz,
  priority int default null::int,
  attempts int default null::int,
  max_attempts int default null::int
) returns setof graphile_worker._private_jobs
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: reschedule_jobs 4
  select * from graphile_worker.taskwright_reschedule_jobs(
    job_ids, run_at, priority, attempts, max_attempts
  );
$taskwright$;

create or replace function graphile_worker.remove_job(job_key text)
returns graphile_worker._private_jobs
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: remove_job 4
begin
  return graphile_worker.taskwright_remove_job(job_key);
end;
$taskwright$;

-- For workers that are known to be dead: their jobs and queues are free at once.
create or replace function graphile_worker.force_unlock_workers(worker_ids text[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: force_unlock_workers 3
  select from graphile_worker.taskwright_unlock_workers(worker_ids);
$taskwright$;
