-- Deleting the rows of tasks and queues that no job is of.
--
-- A job refers to both by number, without a foreign key, and whoever adds it looks the numbers up
-- first. So a row that is deleted between the look and the commit would leave behind a job that no
-- worker ever finds; graphile-worker's own cleanup can do that. Here each transaction that adds jobs
-- holds an advisory lock, shared (07_enqueue), and a cleanup takes it for itself: it waits for those
-- under way, and the next ones wait for it. Workers are not concerned.
--
-- Calls that add jobs wait while a cleanup holds that lock, so nothing under it may take long: there is
-- no index that finds all jobs of a queue or of a task, and a scan of all jobs takes seconds. Each
-- step is a transaction of its own:
--   1. find    without the lock: rows without jobs.
--   2. mark    under the lock: notes the last job's id, and of each of these rows its version. At this
--              moment no transaction is adding jobs.
--   3. check   without the lock: drops those that have a job by now.
--   4. delete  under the lock, some rows at a time: those that got no job since.
-- Why the last step can tell: a job that the check did not see was added, or moved to the row, after
-- the mark. If it was added, its id is greater than the noted one. If it was moved (a key was replaced
-- by a job of another task or queue), the row was locked for it and so has another version
-- (taskwright_mark_moves).
--
-- A step waits for the lock a moment only and then answers with null: try again later. It must see
-- what the transactions that it waited for have committed, so it needs the isolation level READ COMMITTED.

create or replace function graphile_worker.taskwright_lock_names() returns boolean
language plpgsql
set lock_timeout = '100ms'
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_lock_names 2
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'A cleanup needs the isolation level READ COMMITTED.'
      using errcode = 'invalid_transaction_state';
  end if;
  -- "TWRT", "NAME"
  perform pg_advisory_xact_lock(x'54575254'::int, x'4E414D45'::int);
  return true;
exception when lock_not_available then
  return false;
end;
$taskwright$;

-- The greatest id that a job has, or may have been given by now. A sequence that hands out ids in
-- advance tells nothing about that: then it is 0, and all jobs count as added since.
create or replace function graphile_worker.taskwright_last_job_id() returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_last_job_id 2
begin
  return (
    select case when drawn.is_called and settings.seqcache = 1 then drawn.last_value else 0 end
    from graphile_worker.jobs_id_seq1 as drawn
    cross join lateral (
      select pg_sequence.seqcache from pg_sequence where pg_sequence.seqrelid = drawn.tableoid
    ) as settings
  );
end;
$taskwright$;

-- Locks the rows of tasks and queues that existing jobs move to, in a mode that others may hold, too: the
-- lock changes the row's version (xmax). The jobs are those that have the keys of the specs.
create or replace function graphile_worker.taskwright_mark_moves(
  specs graphile_worker.taskwright_job_spec[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_mark_moves 2
declare
  task_ids int[];
  queue_ids int[];
begin
  select array_agg(moved.task_id), array_agg(moved.queue_id)
  into task_ids, queue_ids
  from (
    select
      (
        select tasks.id from graphile_worker._private_tasks as tasks
        where tasks.identifier = spec.identifier
      ) as task_id,
      (
        select queues.id from graphile_worker._private_job_queues as queues
        where queues.queue_name = spec.queue_name
      ) as queue_id,
      held.task_id as old_task_id,
      held.job_queue_id as old_queue_id
    from unnest(specs) as spec
    cross join lateral (
      select jobs.task_id, jobs.job_queue_id from graphile_worker._private_jobs as jobs
      where jobs.key = spec.job_key
      limit 1
    ) as held
    where spec.job_key_mode is distinct from 'unsafe_dedupe'
    offset 0
  ) as moved
  where moved.task_id is distinct from moved.old_task_id
  or moved.queue_id is distinct from moved.old_queue_id;

  if task_ids is not null then
    perform from graphile_worker._private_tasks as tasks
    where tasks.id = any (task_ids) order by tasks.id for key share;
    perform from graphile_worker._private_job_queues as queues
    where queues.id = any (queue_ids) order by queues.id for key share;
  end if;
end;
$taskwright$;

-- Queues without jobs, up to max_queues of them. Goes through all jobs once.
create or replace function graphile_worker.taskwright_find_unused_queues(
  max_queues int
) returns int[]
language plpgsql stable
set enable_nestloop = off
set jit = off
set plan_cache_mode = force_custom_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_find_unused_queues 2
begin
  return array(
    select queues.id from graphile_worker._private_job_queues as queues
    where queues.locked_at is null
    and not exists (
      select from graphile_worker._private_jobs as jobs where jobs.job_queue_id = queues.id
    )
    limit max_queues
  );
end;
$taskwright$;

-- Notes the last job's id and the versions of queues.
create or replace function graphile_worker.taskwright_mark_queues(
  ids int[],
  out last_id bigint,
  out marked json
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_mark_queues 2
begin
  if not graphile_worker.taskwright_lock_names() then
    return;
  end if;
  last_id := graphile_worker.taskwright_last_job_id();
  marked := (
    select coalesce(
      json_agg(json_build_object(
        'id', queues.id, 'version', concat_ws(' ', queues.ctid, queues.xmin, queues.xmax)
      )),
      '[]'
    )
    from graphile_worker._private_job_queues as queues
    where queues.id = any (ids) and queues.locked_at is null
  );
end;
$taskwright$;

-- Those of the marked queues that have no job. Goes through all jobs once.
create or replace function graphile_worker.taskwright_check_queues(marked json) returns json
language plpgsql stable
set enable_nestloop = off
set jit = off
set plan_cache_mode = force_custom_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_check_queues 2
begin
  return (
    select coalesce(json_agg(given), '[]')
    from json_to_recordset(marked) as given (id int, version text)
    where not exists (
      select from graphile_worker._private_jobs as jobs where jobs.job_queue_id = given.id
    )
  );
end;
$taskwright$;

-- Deletes those of the checked queues that got no job since they were marked, and returns how many.
-- The cost grows with their number and with the number of jobs that were added since.
create or replace function graphile_worker.taskwright_delete_queues(
  checked json,
  last_id bigint
) returns int
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_delete_queues 2
declare
  unused int[];
  deleted int;
begin
  if not graphile_worker.taskwright_lock_names() then
    return null;
  end if;
  unused := array(
    select given.id from json_to_recordset(checked) as given (id int)
    except
    select jobs.job_queue_id from graphile_worker._private_jobs as jobs where jobs.id > last_id
  );
  unused := array(
    select same.id
    from json_to_recordset(checked) as given (id int, version text)
    cross join lateral (
      select queues.id from graphile_worker._private_job_queues as queues
      where queues.id = given.id and given.id = any (unused)
      and concat_ws(' ', queues.ctid, queues.xmin, queues.xmax) = given.version
      for update skip locked
    ) as same
  );
  delete from graphile_worker._private_job_queues as queues where queues.id = any (unused);
  get diagnostics deleted = row_count;
  return deleted;
end;
$taskwright$;

-- Tasks without jobs, up to max_tasks of them, but for those to keep. Goes through all jobs once.
create or replace function graphile_worker.taskwright_find_unused_tasks(
  max_tasks int,
  identifiers_to_keep text[]
) returns int[]
language plpgsql stable
set enable_nestloop = off
set jit = off
set plan_cache_mode = force_custom_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_find_unused_tasks 2
begin
  return array(
    select tasks.id from graphile_worker._private_tasks as tasks
    where tasks.identifier <> all (identifiers_to_keep)
    and not exists (
      select from graphile_worker._private_jobs as jobs where jobs.task_id = tasks.id
    )
    limit max_tasks
  );
end;
$taskwright$;

-- Notes the last job's id and the versions of tasks.
create or replace function graphile_worker.taskwright_mark_tasks(
  ids int[],
  out last_id bigint,
  out marked json
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_mark_tasks 2
begin
  if not graphile_worker.taskwright_lock_names() then
    return;
  end if;
  last_id := graphile_worker.taskwright_last_job_id();
  marked := (
    select coalesce(
      json_agg(json_build_object(
        'id', tasks.id, 'version', concat_ws(' ', tasks.ctid, tasks.xmin, tasks.xmax)
      )),
      '[]'
    )
    from graphile_worker._private_tasks as tasks
    where tasks.id = any (ids)
  );
end;
$taskwright$;

-- Those of the marked tasks that have no job. Goes through all jobs once.
create or replace function graphile_worker.taskwright_check_tasks(marked json) returns json
language plpgsql stable
set enable_nestloop = off
set jit = off
set plan_cache_mode = force_custom_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_check_tasks 2
begin
  return (
    select coalesce(json_agg(given), '[]')
    from json_to_recordset(marked) as given (id int, version text)
    where not exists (
      select from graphile_worker._private_jobs as jobs where jobs.task_id = given.id
    )
  );
end;
$taskwright$;

-- Deletes those of the checked tasks that got no job since they were marked, and returns how many.
-- The cost grows with their number and with the number of jobs that were added since.
create or replace function graphile_worker.taskwright_delete_tasks(
  checked json,
  last_id bigint
) returns int
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_delete_tasks 2
declare
  unused int[];
  deleted int;
begin
  if not graphile_worker.taskwright_lock_names() then
    return null;
  end if;
  unused := array(
    select given.id from json_to_recordset(checked) as given (id int)
    except
    select jobs.task_id from graphile_worker._private_jobs as jobs where jobs.id > last_id
  );
  unused := array(
    select same.id
    from json_to_recordset(checked) as given (id int, version text)
    cross join lateral (
      select tasks.id from graphile_worker._private_tasks as tasks
      where tasks.id = given.id and given.id = any (unused)
      and concat_ws(' ', tasks.ctid, tasks.xmin, tasks.xmax) = given.version
      for update skip locked
    ) as same
  );
  delete from graphile_worker.taskwright_slots as slots where slots.task_id = any (unused);
  delete from graphile_worker._private_tasks as tasks where tasks.id = any (unused);
  get diagnostics deleted = row_count;
  return deleted;
end;
$taskwright$;
