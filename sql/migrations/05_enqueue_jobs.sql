-- How jobs get in, part one: what a job is made of. The functions of parts one to three are ours,
-- behind the peers' add_job and add_jobs and behind our own client: they take every key mode in one
-- call, and neither lose a job nor deadlock.
--
-- Planner trap: a queue may be empty when its statements are planned and hold a million jobs a
-- minute later. So taskwright_add_jobs plans once, without regard to the size of anything, and
-- without sequential scans; and what is looked up is written so that nothing but its unique index
-- serves: as a scalar or lateral subquery, or with `= any (array[...])`, never as a plain join.

do $taskwright$
begin
  -- The peers' job_spec with a key mode of its own; a mode of null means replace.
  create type graphile_worker.taskwright_job_spec as (
    identifier text,
    payload json,
    queue_name text,
    run_at timestamptz,
    max_attempts smallint,
    job_key text,
    priority smallint,
    flags text[],
    job_key_mode text
  );
exception when duplicate_object then
  null;
end;
$taskwright$;

-- Creates the tasks and queues that are not there yet. Looking first spares the identity columns,
-- which an insert uses up even when it conflicts.
create or replace function graphile_worker.taskwright_ensure_names(
  specs graphile_worker.taskwright_job_spec[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_ensure_names 2
begin
  insert into graphile_worker._private_tasks (identifier)
  select names.identifier
  from (select distinct spec.identifier from unnest(specs) as spec) as names
  where (
    select tasks.id from graphile_worker._private_tasks as tasks
    where tasks.identifier = names.identifier
  ) is null
  order by names.identifier
  on conflict do nothing;

  insert into graphile_worker._private_job_queues (queue_name)
  select names.queue_name
  from (
    select distinct spec.queue_name from unnest(specs) as spec where spec.queue_name is not null
  ) as names
  where (
    select queues.id from graphile_worker._private_job_queues as queues
    where queues.queue_name = names.queue_name
  ) is null
  order by names.queue_name
  on conflict do nothing;
end;
$taskwright$;

-- A cleanup deleted a task or a queue between our look and our insert. Rather than lose a job, the
-- call fails as a serialization does, and may be made again.
create or replace function graphile_worker.taskwright_refuse_deleted_names() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_refuse_deleted_names 2
begin
  raise serialization_failure
    using message = 'A task or a queue was deleted while jobs were added to it. Try again.';
end;
$taskwright$;

-- Inserts a job for each spec, in their order, but for those whose key is taken. A spec whose task
-- or queue a cleanup just deleted is left out too: callers compare the counts.
create or replace function graphile_worker.taskwright_insert_jobs(
  specs graphile_worker.taskwright_job_spec[]
) returns setof graphile_worker._private_jobs
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_insert_jobs 2
begin
  return query
  insert into graphile_worker._private_jobs
    (job_queue_id, task_id, payload, run_at, max_attempts, key, priority, flags)
  select
    resolved.job_queue_id,
    resolved.task_id,
    coalesce(resolved.payload, '{}'::json),
    coalesce(resolved.run_at, now()),
    coalesce(resolved.max_attempts, 25),
    resolved.job_key,
    coalesce(resolved.priority, 0),
    (select jsonb_object_agg(flag, true) from unnest(resolved.flags) as flag)
  from (
    select
      spec.*,
      (
        select tasks.id from graphile_worker._private_tasks as tasks
        where tasks.identifier = spec.identifier
      ) as task_id,
      (
        select queues.id from graphile_worker._private_job_queues as queues
        where queues.queue_name = spec.queue_name
      ) as job_queue_id
    from unnest(specs) with ordinality as spec
    offset 0 -- keeps the planner from looking each name up twice
  ) as resolved
  where resolved.task_id is not null
  and (resolved.queue_name is null or resolved.job_queue_id is not null)
  order by resolved.ordinality
  on conflict (key) do nothing
  returning *;
end;
$taskwright$;

-- Inserts a job for every spec. Returns the ids of those without a key, in the order of the specs,
-- or null when one was left out.
create or replace function graphile_worker.taskwright_insert_all_jobs(
  specs graphile_worker.taskwright_job_spec[]
) returns bigint[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_insert_all_jobs 2
declare
  inserted bigint;
  unkeyed_ids bigint[];
begin
  select count(*), coalesce(array_agg(jobs.id order by jobs.id) filter (where jobs.key is null), '{}')
  into inserted, unkeyed_ids
  from graphile_worker.taskwright_insert_jobs(specs) as jobs;
  return case when inserted = cardinality(specs) then unkeyed_ids end;
end;
$taskwright$;
