-- Enqueueing as graphile-worker's clients call it: its signatures, error code and notification.

-- Unlike the peer's, it answers every spec, in the order of the specs, and takes a key twice.
create or replace function graphile_worker.add_jobs(
  specs graphile_worker.job_spec[],
  job_key_preserve_run_at boolean default false
) returns setof graphile_worker._private_jobs
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: add_jobs 2
begin
  return query
  select (added.job).*
  from graphile_worker.taskwright_add_jobs(array(
    select (
      spec.identifier, spec.payload, spec.queue_name, spec.run_at, spec.max_attempts,
      spec.job_key, spec.priority, spec.flags,
      case when job_key_preserve_run_at then 'preserve_run_at' else 'replace' end
    )::graphile_worker.taskwright_job_spec
    from unnest(specs) as spec
  )) as added;
end;
$taskwright$;

-- Unlike the peer's, it never answers with null.
create or replace function graphile_worker.add_job(
  identifier text,
  payload json default null::json,
  queue_name text default null::text,
  run_at timestamptz default null::timestamptz,
  max_attempts int default null::int,
  job_key text default null::text,
  priority int default null::int,
  flags text[] default null::text[],
  job_key_mode text default 'replace'::text
) returns graphile_worker._private_jobs
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: add_job 2
declare
  added graphile_worker._private_jobs;
begin
  select (answer.job).* into strict added
  from graphile_worker.taskwright_add_jobs(array[(
    identifier, payload, queue_name, run_at, max_attempts::smallint, job_key,
    priority::smallint, flags, job_key_mode
  )::graphile_worker.taskwright_job_spec]) as answer;
  return added;
end;
$taskwright$;
