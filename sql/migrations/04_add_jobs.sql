-- Enqueueing. The signatures, the error code and the notification are graphile-worker's, so that
-- its clients call these unaware.

create or replace function graphile_worker.add_jobs(
  specs graphile_worker.job_spec[],
  job_key_preserve_run_at boolean default false
) returns setof graphile_worker._private_jobs
language plpgsql
as $taskwright$
-- taskwright: add_jobs 1
begin
  insert into graphile_worker._private_tasks (identifier)
  select distinct spec.identifier
  from unnest(specs) as spec
  where not exists (
    select from graphile_worker._private_tasks as tasks where tasks.identifier = spec.identifier
  )
  order by 1
  on conflict do nothing;

  insert into graphile_worker._private_job_queues (queue_name)
  select distinct spec.queue_name
  from unnest(specs) as spec
  where spec.queue_name is not null
  and not exists (
    select from graphile_worker._private_job_queues as queues
    where queues.queue_name = spec.queue_name
  )
  order by 1
  on conflict do nothing;

  update graphile_worker._private_jobs as jobs
  set key = null, attempts = jobs.max_attempts, updated_at = now()
  from unnest(specs) as spec
  where jobs.key = spec.job_key and not jobs.is_available;

  perform pg_notify(
    'jobs:insert',
    '{"r":' || random()::text || ',"count":' || array_length(specs, 1)::text || '}'
  );

  return query
  insert into graphile_worker._private_jobs as jobs
    (job_queue_id, task_id, payload, run_at, max_attempts, key, priority, flags)
  select
    queues.id,
    tasks.id,
    coalesce(spec.payload, '{}'::json),
    coalesce(spec.run_at, now()),
    coalesce(spec.max_attempts, 25),
    spec.job_key,
    coalesce(spec.priority, 0),
    (select jsonb_object_agg(flag, true) from unnest(spec.flags) as flag)
  from unnest(specs) with ordinality as spec
  join graphile_worker._private_tasks as tasks on tasks.identifier = spec.identifier
  left join graphile_worker._private_job_queues as queues on queues.queue_name = spec.queue_name
  order by spec.ordinality
  on conflict (key) do update set
    job_queue_id = excluded.job_queue_id,
    task_id = excluded.task_id,
    payload = case
      when json_typeof(jobs.payload) = 'array' and json_typeof(excluded.payload) = 'array'
        then (jobs.payload::jsonb || excluded.payload::jsonb)::json
      else excluded.payload
    end,
    run_at = case
      when job_key_preserve_run_at and jobs.attempts = 0 then jobs.run_at
      else excluded.run_at
    end,
    max_attempts = excluded.max_attempts,
    priority = excluded.priority,
    flags = excluded.flags,
    revision = jobs.revision + 1,
    attempts = 0,
    last_error = null,
    updated_at = now()
  where jobs.locked_at is null
  returning *;
end;
$taskwright$;

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
as $taskwright$
-- taskwright: add_job 1
declare
  job graphile_worker._private_jobs;
begin
  if job_key is null or job_key_mode is null or job_key_mode in ('replace', 'preserve_run_at') then
    select * into job from graphile_worker.add_jobs(
      array[(
        identifier, payload, queue_name, run_at, max_attempts::smallint, job_key,
        priority::smallint, flags
      )::graphile_worker.job_spec],
      job_key_mode = 'preserve_run_at'
    );
    return job;
  elsif job_key_mode <> 'unsafe_dedupe' then
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.'
      using errcode = 'GWBKM';
  end if;

  insert into graphile_worker._private_tasks (identifier)
  select add_job.identifier
  where not exists (
    select from graphile_worker._private_tasks as tasks
    where tasks.identifier = add_job.identifier
  )
  on conflict do nothing;

  insert into graphile_worker._private_job_queues (queue_name)
  select add_job.queue_name
  where add_job.queue_name is not null
  and not exists (
    select from graphile_worker._private_job_queues as queues
    where queues.queue_name = add_job.queue_name
  )
  on conflict do nothing;

  insert into graphile_worker._private_jobs as jobs
    (job_queue_id, task_id, payload, run_at, max_attempts, key, priority, flags)
  select
    queues.id,
    tasks.id,
    coalesce(add_job.payload, '{}'::json),
    coalesce(add_job.run_at, now()),
    coalesce(add_job.max_attempts::smallint, 25::smallint),
    add_job.job_key,
    coalesce(add_job.priority::smallint, 0::smallint),
    (select jsonb_object_agg(flag, true) from unnest(add_job.flags) as flag)
  from graphile_worker._private_tasks as tasks
  left join graphile_worker._private_job_queues as queues
    on queues.queue_name = add_job.queue_name
  where tasks.identifier = add_job.identifier
  on conflict (key) do update set revision = jobs.revision + 1, updated_at = now()
  returning * into job;

  if job.revision = 0 then
    perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":1}');
  end if;
  return job;
end;
$taskwright$;
