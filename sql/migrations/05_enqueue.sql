-- How jobs get in. These functions are ours, behind the peers' add_job and add_jobs and behind our
-- own client: they take every key mode in one call, and neither lose a job nor deadlock.
--
-- What rules deadlocks out, so keep it: new names are waited for while nothing is held, tasks by
-- identifier before queues by name. New keys are waited for in the order of the keys, while none but
-- new jobs are held, which nobody sees yet. And an existing job is waited for while nothing is held:
-- workers settle their jobs in any order.
--
-- Planner trap: a queue may be empty when its statements are planned and hold a million jobs a
-- minute later. So taskwright_add_jobs plans once, without regard to the size of anything, and
-- without sequential scans; and what is looked up is written so that nothing but its unique index
-- serves: as a scalar or lateral subquery, or with `= any (array[…])`, never as a plain join.

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
as $taskwright$
-- taskwright: taskwright_ensure_names 1
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
as $taskwright$
-- taskwright: taskwright_refuse_deleted_names 1
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
as $taskwright$
-- taskwright: taskwright_insert_jobs 1
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

-- Makes this transaction the holder of one key, by inserting the job or by locking the one that has
-- the key. Returns the spec in the latter case, else nothing.
create or replace function graphile_worker.taskwright_take_key(
  specs graphile_worker.taskwright_job_spec[]
) returns graphile_worker.taskwright_job_spec[]
language plpgsql
as $taskwright$
-- taskwright: taskwright_take_key 1
declare
  wanted text := specs[1].job_key;
begin
  -- Each turn means that somebody else deleted the job, or gave its key to another one.
  loop
    perform from graphile_worker._private_jobs as jobs where jobs.key = wanted for update;
    if found then
      return specs;
    end if;
    perform from graphile_worker.taskwright_insert_jobs(specs);
    if found then
      return '{}';
    end if;
    perform graphile_worker.taskwright_ensure_names(specs);
  end loop;
end;
$taskwright$;

-- The same for several keys. Returns the specs whose jobs existed.
create or replace function graphile_worker.taskwright_take_keys(
  specs graphile_worker.taskwright_job_spec[]
) returns graphile_worker.taskwright_job_spec[]
language plpgsql
as $taskwright$
-- taskwright: taskwright_take_keys 1
declare
  inserted text[];
  existing graphile_worker.taskwright_job_spec[];
  locked text[];
  missed text;
begin
  loop
    begin
      inserted := array(
        select jobs.key
        from graphile_worker.taskwright_insert_jobs(array(
          select spec
          from unnest(specs) as spec
          where (
            select jobs.id from graphile_worker._private_jobs as jobs where jobs.key = spec.job_key
          ) is null
        )) as jobs
      );
      existing := array(
        select spec from unnest(specs) as spec where spec.job_key not in (select unnest(inserted))
      );
      locked := array(
        select held.key
        from unnest(existing) as spec
        cross join lateral (
          select jobs.key from graphile_worker._private_jobs as jobs
          where jobs.key = spec.job_key
          for update skip locked
        ) as held
      );
      missed := (
        select min(spec.job_key) from unnest(existing) as spec
        where spec.job_key not in (select unnest(locked))
      );
      exit when missed is null;
      -- Lets go of all that this block inserted and locked.
      raise exception 'A job is in use.' using errcode = 'TWKEY';
    exception when sqlstate 'TWKEY' then
      null;
    end;
    begin
      perform from graphile_worker._private_jobs as jobs where jobs.key = missed for update;
      raise exception 'A job was in use.' using errcode = 'TWKEY';
    exception when sqlstate 'TWKEY' then
      null;
    end;
    perform graphile_worker.taskwright_ensure_names(specs);
  end loop;
  return existing;
end;
$taskwright$;

-- Applies specs to the jobs that have their keys, all of them locked by this transaction.
create or replace function graphile_worker.taskwright_replace_jobs(
  specs graphile_worker.taskwright_job_spec[]
) returns void
language plpgsql
as $taskwright$
-- taskwright: taskwright_replace_jobs 1
declare
  deduplicated bigint;
  updated bigint;
  superseded graphile_worker.taskwright_job_spec[];
  inserted bigint := 0;
begin
  update graphile_worker._private_jobs as jobs
  set revision = jobs.revision + 1, updated_at = now()
  from unnest(specs) as spec
  where jobs.key = any (array[spec.job_key]) and spec.job_key_mode = 'unsafe_dedupe';
  get diagnostics deduplicated = row_count;

  update graphile_worker._private_jobs as jobs
  set
    job_queue_id = resolved.job_queue_id,
    task_id = resolved.task_id,
    payload = case
      when json_typeof(jobs.payload) = 'array' and json_typeof(resolved.payload) = 'array'
        then (jobs.payload::jsonb || resolved.payload::jsonb)::json
      else coalesce(resolved.payload, '{}'::json)
    end,
    run_at = case
      when resolved.job_key_mode = 'preserve_run_at' and jobs.attempts = 0 then jobs.run_at
      else coalesce(resolved.run_at, now())
    end,
    max_attempts = coalesce(resolved.max_attempts, 25),
    priority = coalesce(resolved.priority, 0),
    flags = (select jsonb_object_agg(flag, true) from unnest(resolved.flags) as flag),
    revision = jobs.revision + 1,
    attempts = 0,
    last_error = null,
    updated_at = now()
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
    from unnest(specs) as spec
    where spec.job_key_mode is distinct from 'unsafe_dedupe'
    offset 0
  ) as resolved
  where jobs.key = any (array[resolved.job_key])
  and jobs.is_available
  and resolved.task_id is not null
  and (resolved.queue_name is null or resolved.job_queue_id is not null);
  get diagnostics updated = row_count;

  -- A job that runs, or ran for the last time, knows nothing of the new request: it gives up its
  -- key and any further attempt, and a new job takes its place.
  with detached as (
    update graphile_worker._private_jobs as jobs
    set key = null, attempts = jobs.max_attempts, updated_at = now()
    from unnest(specs) as spec
    where jobs.key = any (array[spec.job_key])
    and not jobs.is_available
    and spec.job_key_mode is distinct from 'unsafe_dedupe'
    returning spec
  )
  select array_agg(detached.spec) into superseded from detached;
  if superseded is not null then
    select count(*) into inserted from graphile_worker.taskwright_insert_jobs(superseded);
  end if;

  if deduplicated + updated + inserted < cardinality(specs) then
    perform graphile_worker.taskwright_refuse_deleted_names();
  end if;
end;
$taskwright$;

-- Adds jobs whose keys are all different, sorted by key. Returns how many were not deduplicated.
create or replace function graphile_worker.taskwright_put_keyed_jobs(
  specs graphile_worker.taskwright_job_spec[]
) returns bigint
language plpgsql
as $taskwright$
-- taskwright: taskwright_put_keyed_jobs 1
declare
  existing graphile_worker.taskwright_job_spec[];
begin
  -- One key needs no subtransaction, of which PostgreSQL keeps track of 64 in a transaction.
  if cardinality(specs) = 1 then
    existing := graphile_worker.taskwright_take_key(specs);
  else
    existing := graphile_worker.taskwright_take_keys(specs);
  end if;
  if cardinality(existing) = 0 then
    return cardinality(specs);
  end if;
  perform graphile_worker.taskwright_replace_jobs(existing);
  return cardinality(specs) - (
    select count(*) from unnest(existing) as spec where spec.job_key_mode = 'unsafe_dedupe'
  );
end;
$taskwright$;

-- Adds jobs and answers each spec with its job, in the order of the specs. Specs that share a key
-- act as if they had come one after another, so they share the answer too.
create or replace function graphile_worker.taskwright_add_jobs(
  specs graphile_worker.taskwright_job_spec[]
) returns table (task text, queue text, job graphile_worker._private_jobs)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $taskwright$
-- taskwright: taskwright_add_jobs 1
declare
  unkeyed graphile_worker.taskwright_job_spec[];
  unkeyed_ids bigint[];
  turn graphile_worker.taskwright_job_spec[];
  added bigint;
begin
  if coalesce(cardinality(specs), 0) = 0 then
    return;
  end if;
  if exists (
    select from unnest(specs) as spec
    where spec.job_key is not null
    and spec.job_key_mode not in ('replace', 'preserve_run_at', 'unsafe_dedupe')
  ) then
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.'
      using errcode = 'GWBKM';
  end if;
  perform graphile_worker.taskwright_ensure_names(specs);

  unkeyed := array(select spec from unnest(specs) as spec where spec.job_key is null);
  unkeyed_ids := array(
    select jobs.id from graphile_worker.taskwright_insert_jobs(unkeyed) as jobs order by jobs.id
  );
  added := cardinality(unkeyed_ids);
  if added < cardinality(unkeyed) then
    perform graphile_worker.taskwright_refuse_deleted_names();
  end if;

  -- The first specs of all keys, then the second ones, and so on.
  for turn in
    select array_agg(keyed.spec order by (keyed.spec).job_key)
    from (
      select placed.spec, row_number() over (
        partition by (placed.spec).job_key order by placed.place
      ) as turn
      from (select spec, row_number() over () as place from unnest(specs) as spec) as placed
      where (placed.spec).job_key is not null
    ) as keyed
    group by keyed.turn
    order by keyed.turn
  loop
    added := added + graphile_worker.taskwright_put_keyed_jobs(turn);
  end loop;

  if added > 0 then
    perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":' || added::text || '}');
  end if;

  return query
  select
    (select tasks.identifier from graphile_worker._private_tasks as tasks where tasks.id = jobs.task_id),
    (
      select queues.queue_name from graphile_worker._private_job_queues as queues
      where queues.id = jobs.job_queue_id
    ),
    jobs
  from (
    select
      spec.ordinality as place,
      spec.job_key,
      count(*) filter (where spec.job_key is null) over (order by spec.ordinality) as nth_unkeyed
    from unnest(specs) with ordinality as spec
  ) as wanted
  join graphile_worker._private_jobs as jobs on jobs.id = any (array[
    case
      when wanted.job_key is null then unkeyed_ids[wanted.nth_unkeyed]
      else (select keyed.id from graphile_worker._private_jobs as keyed where keyed.key = wanted.job_key)
    end
  ])
  order by wanted.place;
end;
$taskwright$;
