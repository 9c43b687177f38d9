-- Functions that find and read jobs. Nothing here writes. Plans are pinned
-- for the reason given at taskwright_claim_jobs.
--
-- Other programs may have written the rows, so nothing is assumed that the table doesn't enforce:
-- flags may be any JSON, the rows of a task or a queue may be gone, attempts may be negative. Such a job
-- must be listed, so that it can be found and removed.

-- The state of a job, one of those that `JobState` explains. A queue that a job runs of, and a pause
-- of the task or the queue, hold back the others that are due; so does a queue whose row is gone, since
-- a claim locks that.
create or replace function graphile_worker.taskwright_job_state(
  locked_at timestamptz,
  attempts smallint,
  max_attempts smallint,
  run_at timestamptz,
  task_id int,
  queue_id int
) returns text
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_job_state 4
#variable_conflict use_variable
begin
  if locked_at is not null then
    return 'running';
  elsif attempts >= max_attempts then
    return 'failed';
  elsif run_at > now() then
    return case when attempts <= 0 then 'scheduled' else 'retrying' end;
  elsif queue_id is not null and not exists (
    select from graphile_worker._private_job_queues as queues
    where queues.id = queue_id and queues.is_available = true
  ) or exists (
    select from graphile_worker.taskwright_pauses as pauses
    where pauses.kind = 'task' and pauses.name = (
      select tasks.identifier from graphile_worker._private_tasks as tasks where tasks.id = task_id
    )
    or pauses.kind = 'queue' and pauses.name = (
      select queues.queue_name from graphile_worker._private_job_queues as queues
      where queues.id = queue_id
    )
  ) then
    return 'waiting';
  end if;
  return 'ready';
end;
$taskwright$;

-- Each of the jobs as the text of a JSON object, in their order: what drivers make of numbers, times
-- and JSON differs. Times are in UTC.
create or replace function graphile_worker.taskwright_read_jobs(
  given graphile_worker._private_jobs[]
) returns setof text
language sql stable
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_read_jobs 4
  select json_build_object(
    'id', jobs.id::text,
    'task', coalesce((
      select tasks.identifier from graphile_worker._private_tasks as tasks
      where tasks.id = jobs.task_id
    ), format('(deleted task %s)', jobs.task_id)),
    'payload', jobs.payload,
    'queueName', (
      select queues.queue_name from graphile_worker._private_job_queues as queues
      where queues.id = jobs.job_queue_id
    ),
    'priority', jobs.priority,
    'runAt', jobs.run_at at time zone 'UTC',
    'attempts', jobs.attempts,
    'maxAttempts', jobs.max_attempts,
    'lastError', jobs.last_error,
    'createdAt', jobs.created_at at time zone 'UTC',
    'updatedAt', jobs.updated_at at time zone 'UTC',
    'key', jobs.key,
    'lockedAt', jobs.locked_at at time zone 'UTC',
    'lockedBy', jobs.locked_by,
    'revision', jobs.revision,
    -- As the operator ?| sees them, by which claims leave jobs alone.
    'flags', array(
      select jsonb_object_keys(
        case when jsonb_typeof(jobs.flags) = 'object' then jobs.flags end
      )
      union all
      select flag.value #>> '{}'
      from jsonb_array_elements(
        case jsonb_typeof(jobs.flags)
          when 'array' then jobs.flags
          when 'string' then jsonb_build_array(jobs.flags)
        end
      ) as flag
      where jsonb_typeof(flag.value) = 'string'
    ),
    'state', graphile_worker.taskwright_job_state(
      jobs.locked_at, jobs.attempts, jobs.max_attempts, jobs.run_at, jobs.task_id, jobs.job_queue_id
    )
  )::text
  from unnest(given) with ordinality as jobs
  order by jobs.ordinality;
$taskwright$;

-- The jobs with these ids, oldest first.
create or replace function graphile_worker.taskwright_find_jobs(job_ids bigint[])
returns setof graphile_worker._private_jobs
language sql stable
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_find_jobs 2
  select jobs.* from graphile_worker._private_jobs as jobs
  where jobs.id = any (job_ids)
  order by jobs.id;
$taskwright$;

-- The id of the job that has the key.
create or replace function graphile_worker.taskwright_find_key(job_key text) returns bigint
language sql stable
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_find_key 2
  select jobs.id from graphile_worker._private_jobs as jobs where jobs.key = job_key;
$taskwright$;

-- Those of the jobs that no other transaction has locked; they are locked until the transaction ends.
create or replace function graphile_worker.taskwright_lock_free_jobs(job_ids bigint[])
returns setof bigint
language sql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_lock_free_jobs 2
  select jobs.id from graphile_worker._private_jobs as jobs
  where jobs.id = any (job_ids)
  for update skip locked;
$taskwright$;
