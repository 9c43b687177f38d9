-- Deleting the rows of tasks and queues that no job is of.
--
-- A job refers to both by number, without a foreign key, and whoever adds it looks the numbers up
-- first. So a row that is deleted between the look and the commit would leave behind a job that no
-- worker ever finds; graphile-worker's own cleanup can do that. Here each transaction that adds jobs
-- holds an advisory lock, shared (07_enqueue), and deletion wants it for itself: it waits for those
-- under way, and the next ones wait for it. Workers are not concerned.
--
-- It waits a moment only, since whoever adds jobs waits behind it meanwhile, and then answers with
-- null: try again later. It must see what those have committed whom it waited for, so a transaction
-- whose statements all see the same state will not do.

create or replace function graphile_worker.taskwright_lock_names() returns boolean
language plpgsql
set lock_timeout = '100ms'
as $taskwright$
-- taskwright: taskwright_lock_names 1
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

-- Deletes up to max_queues queues without jobs and returns how many. The cost grows with the number of
-- queues and of jobs, which are gone through twice: once with nothing locked, for those that may be
-- deleted, and if there are any again under the lock.
create or replace function graphile_worker.taskwright_delete_unused_queues(max_queues int) returns int
language plpgsql
set plan_cache_mode = force_custom_plan
as $taskwright$
-- taskwright: taskwright_delete_unused_queues 1
declare
  unused int[];
  deleted int;
begin
  unused := array(
    select queues.id from graphile_worker._private_job_queues as queues
    where queues.locked_at is null and not exists (
      select from graphile_worker._private_jobs as jobs where jobs.job_queue_id = queues.id
    )
    limit max_queues
  );
  if cardinality(unused) = 0 then
    return 0;
  elsif not graphile_worker.taskwright_lock_names() then
    return null;
  end if;
  unused := array(
    select queues.id
    from graphile_worker._private_job_queues as queues
    where queues.id = any (unused)
    and queues.locked_at is null
    and queues.id not in (
      select jobs.job_queue_id from graphile_worker._private_jobs as jobs
      where jobs.job_queue_id is not null
    )
    order by queues.id
    for update skip locked
  );
  delete from graphile_worker._private_job_queues as queues where queues.id = any (unused);
  get diagnostics deleted = row_count;
  return deleted;
end;
$taskwright$;

-- The same for tasks, but for those to keep; slots of fleet limits go with their task.
create or replace function graphile_worker.taskwright_delete_unused_tasks(
  max_tasks int,
  identifiers_to_keep text[]
) returns int
language plpgsql
set plan_cache_mode = force_custom_plan
as $taskwright$
-- taskwright: taskwright_delete_unused_tasks 1
declare
  unused int[];
  deleted int;
begin
  unused := array(
    select tasks.id from graphile_worker._private_tasks as tasks
    where tasks.identifier <> all (identifiers_to_keep) and not exists (
      select from graphile_worker._private_jobs as jobs where jobs.task_id = tasks.id
    )
    limit max_tasks
  );
  if cardinality(unused) = 0 then
    return 0;
  elsif not graphile_worker.taskwright_lock_names() then
    return null;
  end if;
  unused := array(
    select tasks.id
    from graphile_worker._private_tasks as tasks
    where tasks.id = any (unused)
    and tasks.id not in (select jobs.task_id from graphile_worker._private_jobs as jobs)
    order by tasks.id
    for update skip locked
  );
  delete from graphile_worker.taskwright_slots as slots where slots.task_id = any (unused);
  delete from graphile_worker._private_tasks as tasks where tasks.id = any (unused);
  get diagnostics deleted = row_count;
  return deleted;
end;
$taskwright$;
