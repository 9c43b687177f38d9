-- How jobs get in, part two: keys. Whoever holds a key's row, by having inserted or locked it, says
-- what becomes of the key; until then a worker may claim the job, or another call may replace it.
--
-- What rules deadlocks out, so keep it: new names are waited for while nothing is held, tasks by
-- identifier before queues by name. New keys are waited for in the order of the keys, while none but
-- new jobs are held, which nobody sees yet. And an existing job is waited for while nothing is held:
-- workers settle their jobs in any order. Where that order isn't kept, the wait is cut short.

-- Joins two JSON arrays, as texts. Unlike jsonb, text takes every string that JSON has (such as one
-- with a NUL), so that no item keeps others from joining it.
create or replace function graphile_worker.taskwright_join_lists(list json, more json)
returns json
language sql
immutable
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_join_lists 2
  select case
    when items.old = '' then more
    when items.new = '' then list
    else ('[' || items.old || ', ' || items.new || ']')::json
  end
  from (
    select
      -- What stands between the outer brackets.
      btrim(substr(texts.old, 2, length(texts.old) - 2), E' \t\n\r') as old,
      btrim(substr(texts.new, 2, length(texts.new) - 2), E' \t\n\r') as new
    from (
      select btrim(list::text, E' \t\n\r') as old, btrim(more::text, E' \t\n\r') as new
    ) as texts
  ) as items;
$taskwright$;

-- Of some specs, the keys of waiting jobs that are full: lists that would be longer than this many bytes
-- with the spec's items. Each join writes the whole list anew, so without a limit the cost of adding
-- items one by one would grow with the square of their number.
create or replace function graphile_worker.taskwright_full_keys(
  specs graphile_worker.taskwright_job_spec[]
) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_full_keys 1
declare
  max_bytes constant int := 65536;
begin
  return array(
    select jobs.key
    from unnest(specs) as spec
    join graphile_worker._private_jobs as jobs on jobs.key = any (array[spec.job_key])
    where json_typeof(spec.payload) = 'array' and spec.job_key_mode is distinct from 'unsafe_dedupe'
    and jobs.locked_at is null and jobs.attempts < jobs.max_attempts
    and json_typeof(jobs.payload) = 'array'
    and octet_length(jobs.payload::text) + octet_length(spec.payload::text) > max_bytes
  );
end;
$taskwright$;

-- Applies specs to the jobs that have their keys, all of them locked by this transaction. Returns
-- those for which a new job must be inserted: a job that runs, or ran for the last time, knows
-- nothing of the new request, so it gave up its key. It gave up any further attempt too, since the new
-- job does its work; but not where two lists would have been joined, since the new job lacks its items.
-- A list that is full gives up its key, too, and runs with the items that it has.
--
-- After the largest revision the next one is 1: it only tells a job that was changed from one that wasn't.
create or replace function graphile_worker.taskwright_replace_jobs(
  specs graphile_worker.taskwright_job_spec[]
) returns graphile_worker.taskwright_job_spec[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_replace_jobs 6
declare
  deduplicated bigint;
  updated bigint;
  superseded graphile_worker.taskwright_job_spec[];
  superseded_ids bigint[];
  -- Read before the lists are joined: afterwards they might seem full.
  full_keys constant text[] := graphile_worker.taskwright_full_keys(specs);
begin
  update graphile_worker._private_jobs as jobs
  set revision = jobs.revision % 2147483647 + 1, updated_at = now()
  from unnest(specs) as spec
  where jobs.key = any (array[spec.job_key]) and spec.job_key_mode = 'unsafe_dedupe';
  get diagnostics deduplicated = row_count;

  perform graphile_worker.taskwright_mark_moves(specs);
  update graphile_worker._private_jobs as jobs
  set
    job_queue_id = resolved.job_queue_id,
    task_id = resolved.task_id,
    payload = case
      when json_typeof(jobs.payload) = 'array' and json_typeof(resolved.payload) = 'array'
        then graphile_worker.taskwright_join_lists(jobs.payload, resolved.payload)
      else coalesce(resolved.payload, '{}'::json)
    end,
    run_at = case
      when resolved.job_key_mode = 'preserve_run_at' and jobs.attempts = 0 then jobs.run_at
      else coalesce(resolved.run_at, now())
    end,
    max_attempts = coalesce(resolved.max_attempts, 25),
    priority = coalesce(resolved.priority, 0),
    flags = (select jsonb_object_agg(flag, true) from unnest(resolved.flags) as flag),
    revision = jobs.revision % 2147483647 + 1,
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
  -- Spelt out instead of is_available, here and below, so that nothing but the key's index serves.
  and jobs.locked_at is null and jobs.attempts < jobs.max_attempts
  and jobs.key <> all (full_keys)
  and resolved.task_id is not null
  and (resolved.queue_name is null or resolved.job_queue_id is not null);
  get diagnostics updated = row_count;

  with detached as (
    update graphile_worker._private_jobs as jobs
    set
      key = null,
      attempts = case
        when (jobs.locked_at is not null or jobs.attempts < jobs.max_attempts)
          and json_typeof(jobs.payload) = 'array' and json_typeof(spec.payload) = 'array'
          then jobs.attempts
        else jobs.max_attempts
      end,
      -- Tells a replaced job from a removed one, whose handler is aborted.
      revision = jobs.revision % 2147483647 + 1,
      updated_at = now()
    from unnest(specs) as spec
    where jobs.key = any (array[spec.job_key])
    and (
      jobs.locked_at is not null or jobs.attempts >= jobs.max_attempts
      or jobs.key = any (full_keys)
    )
    and spec.job_key_mode is distinct from 'unsafe_dedupe'
    returning
      spec,
      jobs.id,
      json_typeof(jobs.payload) = 'array' and json_typeof(spec.payload) = 'array' as has_items
  )
  select
    coalesce(array_agg(detached.spec), '{}'),
    array_agg(detached.id) filter (where detached.has_items is not true)
  into superseded, superseded_ids
  from detached;
  if superseded_ids is not null then
    perform graphile_worker.taskwright_retire_jobs(superseded_ids, false);
  end if;

  if deduplicated + updated + cardinality(superseded) < cardinality(specs) then
    perform graphile_worker.taskwright_refuse_deleted_names();
  end if;
  return superseded;
end;
$taskwright$;

-- Makes this transaction the holder of one key, by inserting the job or by locking the one that has
-- the key. Returns the spec in the latter case, else nothing.
create or replace function graphile_worker.taskwright_take_key(
  specs graphile_worker.taskwright_job_spec[]
) returns graphile_worker.taskwright_job_spec[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_take_key 2
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
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_take_keys 2
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

-- Puts jobs whose keys are all different into the queue in the order of the specs, so that their ids
-- and with them the order in which they run are that order. Gives up, by an error, as soon as
-- somebody else is busy with one of the keys.
create or replace function graphile_worker.taskwright_put_jobs_in_order(
  specs graphile_worker.taskwright_job_spec[]
) returns bigint[]
language plpgsql
set lock_timeout = '10ms'
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_put_jobs_in_order 2
declare
  existing graphile_worker.taskwright_job_spec[];
  locked bigint;
  superseded graphile_worker.taskwright_job_spec[];
  unkeyed_ids bigint[];
begin
  existing := array(
    select spec
    from unnest(specs) as spec
    where (
      select jobs.id from graphile_worker._private_jobs as jobs where jobs.key = spec.job_key
    ) is not null
  );
  select count(*) into locked
  from unnest(existing) as spec
  cross join lateral (
    select from graphile_worker._private_jobs as jobs
    where jobs.key = spec.job_key
    for update skip locked
  ) as held;
  if locked = cardinality(existing) then
    superseded := graphile_worker.taskwright_replace_jobs(existing);
    unkeyed_ids := graphile_worker.taskwright_insert_all_jobs(array(
      select spec
      from unnest(specs) as spec
      where spec.job_key is null
      or spec.job_key not in (select old.job_key from unnest(existing) as old)
      or spec.job_key in (select old.job_key from unnest(superseded) as old)
    ));
  end if;
  if unkeyed_ids is null then
    raise exception 'A key is in use.' using errcode = 'TWKEY';
  end if;
  return unkeyed_ids;
end;
$taskwright$;

-- Puts jobs whose keys are all different into the queue. Returns the ids of those without a key.
create or replace function graphile_worker.taskwright_put_jobs(
  specs graphile_worker.taskwright_job_spec[]
) returns bigint[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_put_jobs 2
declare
  unkeyed graphile_worker.taskwright_job_spec[];
  keyed graphile_worker.taskwright_job_spec[];
  existing graphile_worker.taskwright_job_spec[] := '{}';
  unkeyed_ids bigint[];
begin
  unkeyed := array(select spec from unnest(specs) as spec where spec.job_key is null);
  if cardinality(specs) = 1 and cardinality(unkeyed) = 0 then
    -- No subtransaction here: PostgreSQL keeps track of no more than 64 well.
    existing := graphile_worker.taskwright_take_key(specs);
  elsif cardinality(unkeyed) < cardinality(specs) then
    begin
      return graphile_worker.taskwright_put_jobs_in_order(specs);
    exception when lock_not_available or deadlock_detected or sqlstate 'TWKEY' then
      keyed := array(
        select spec from unnest(specs) as spec where spec.job_key is not null order by spec.job_key
      );
    end;
    existing := graphile_worker.taskwright_take_keys(keyed);
  end if;
  unkeyed_ids := graphile_worker.taskwright_insert_all_jobs(
    unkeyed || graphile_worker.taskwright_replace_jobs(existing)
  );
  if unkeyed_ids is null then
    perform graphile_worker.taskwright_refuse_deleted_names();
  end if;
  return unkeyed_ids;
end;
$taskwright$;
