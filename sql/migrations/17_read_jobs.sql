-- How jobs are shown to people and programs that manage them. Nothing here writes or locks.

-- The state of a job, one of those that `JobState` explains. A queue that a job runs of, and a pause
-- of the task or the queue, hold back the others that are due.
create or replace function graphile_worker.taskwright_job_state(
  locked_at timestamptz,
  attempts smallint,
  max_attempts smallint,
  run_at timestamptz,
  task_id int,
  queue_id int
) returns text
language plpgsql stable
as $taskwright$
-- taskwright: taskwright_job_state 1
#variable_conflict use_variable
begin
  if locked_at is not null then
    return 'running';
  elsif attempts >= max_attempts then
    return 'failed';
  elsif run_at > now() then
    return case when attempts = 0 then 'scheduled' else 'retrying' end;
  elsif exists (
    select from graphile_worker._private_job_queues as queues
    where queues.id = queue_id and queues.is_available = false
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
as $taskwright$
  -- taskwright: taskwright_read_jobs 1
  select json_build_object(
    'id', jobs.id::text,
    'task', (
      select tasks.identifier from graphile_worker._private_tasks as tasks
      where tasks.id = jobs.task_id
    ),
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
    'flags', array(select jsonb_object_keys(jobs.flags)),
    'state', graphile_worker.taskwright_job_state(
      jobs.locked_at, jobs.attempts, jobs.max_attempts, jobs.run_at, jobs.task_id, jobs.job_queue_id
    )
  )::text
  from unnest(given) with ordinality as jobs
  order by jobs.ordinality;
$taskwright$;
