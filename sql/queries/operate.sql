/*
  A page of queues by name. The cost grows with the number of jobs, which are gone through once, and
  with a search with the number of queues up to the page's end. Times are in UTC.
*/
/* @name listQueues */
with page as (
  select queues.id, queues.queue_name, queues.locked_at, queues.locked_by
  from graphile_worker._private_job_queues as queues
  where (:afterName::text is null or queues.queue_name > :afterName::text)
  and (:search::text is null or strpos(lower(queues.queue_name), lower(:search::text)) > 0)
  order by queues.queue_name
  limit :maxQueues!::text::int
), counted as (
  select
    jobs.job_queue_id as queue_id,
    count(*) as jobs,
    count(*) filter (where jobs.is_available and jobs.run_at <= now()) as due,
    count(*) filter (where jobs.locked_at is null and not jobs.is_available) as failed,
    min(jobs.run_at) filter (where jobs.is_available and jobs.run_at <= now()) as oldest_due_at
  from graphile_worker._private_jobs as jobs
  where jobs.job_queue_id = any (array(select page.id from page))
  group by jobs.job_queue_id
)
select
  page.queue_name as "name!",
  coalesce(counted.jobs, 0)::text as "jobs!",
  coalesce(counted.due, 0)::text as "due!",
  coalesce(counted.failed, 0)::text as "failed!",
  (to_json(counted.oldest_due_at at time zone 'UTC') #>> '{}') as "oldestDueAt?",
  page.locked_by as "lockedBy?",
  (to_json(page.locked_at at time zone 'UTC') #>> '{}') as "lockedAt?",
  exists (
    select from graphile_worker.taskwright_pauses as pauses
    where pauses.kind = 'queue' and pauses.name = page.queue_name
  ) as "isPaused!"
from page
left join counted on counted.queue_id = page.id
order by page.queue_name;

/*
  Workers that are registered, and those that hold locks without being so: a Node peer doesn't
  register. The cost grows with the number of jobs and queues, since there is no index by holder.
*/
/* @name listWorkers */
with locks as (
  select held.id, sum(held.jobs) as jobs, sum(held.queues) as queues, min(held.locked_at) as oldest
  from (
    select jobs.locked_by as id, 1 as jobs, 0 as queues, jobs.locked_at
    from graphile_worker._private_jobs as jobs
    where jobs.locked_by is not null
    union all
    select queues.locked_by, 0, 1, queues.locked_at
    from graphile_worker._private_job_queues as queues
    where queues.locked_by is not null
  ) as held
  group by held.id
)
select
  coalesce(workers.id, locks.id) as "id!",
  workers.id is not null as "isRegistered!",
  (to_json(workers.started_at at time zone 'UTC') #>> '{}') as "startedAt?",
  (to_json(workers.last_heartbeat_at at time zone 'UTC') #>> '{}') as "lastHeartbeatAt?",
  coalesce(
    workers.last_heartbeat_at < (now() - (
      interval '1 millisecond' * graphile_worker.taskwright_silence_limit(
        workers.metadata, :foreignThresholdMs!::text::float8
      )
    )),
    -- Unregistered, and once ours: the next sweep declares it dead.
    exists (select from graphile_worker.taskwright_workers as known where known.id = locks.id)
  ) as "isOverdue!",
  workers.metadata::text as "metadata?",
  coalesce(locks.jobs, 0)::text as "jobs!",
  coalesce(locks.queues, 0)::text as "queues!",
  (to_json(locks.oldest at time zone 'UTC') #>> '{}') as "oldestLockAt?"
from graphile_worker._private_workers as workers
full join locks on locks.id = workers.id
order by coalesce(workers.started_at, locks.oldest), coalesce(workers.id, locks.id);

/* Takes the locks of workers away, as graphile-worker's force_unlock_workers, and says which. */
/* @name forceUnlockWorkers */
select unlocked.job_id::text as "jobId?", unlocked.queue_name as "queueName?"
from graphile_worker.taskwright_unlock_workers(
  array(select json_array_elements_text(:workerIds!::text::json))
) as unlocked;

/*
  How many jobs there are by task and state; the states are those of taskwright_job_state. The cost
  grows with the number of jobs, which are gone through once, and of queues that have some.
*/
/* @name countJobs */
with counted as (
  select
    jobs.task_id,
    jobs.job_queue_id,
    count(*) filter (where jobs.locked_at is not null) as running,
    count(*) filter (where jobs.locked_at is null and not jobs.is_available) as failed,
    count(*) filter (where jobs.is_available and jobs.run_at > now() and jobs.attempts <= 0)
      as scheduled,
    count(*) filter (where jobs.is_available and jobs.run_at > now() and jobs.attempts > 0)
      as retrying,
    count(*) filter (where jobs.is_available and jobs.run_at <= now()) as due,
    min(jobs.run_at) filter (where jobs.is_available and jobs.run_at <= now()) as oldest_due_at
  from graphile_worker._private_jobs as jobs
  group by jobs.task_id, jobs.job_queue_id
), held as (
  select
    coalesce(tasks.identifier, format('(deleted task %s)', counted.task_id)) as identifier,
    counted.*,
    -- A queue whose row is gone holds its jobs back, too.
    counted.job_queue_id is not null and queues.is_available is not true
    or exists (
      select from graphile_worker.taskwright_pauses as pauses
      where pauses.kind = 'task' and pauses.name = tasks.identifier
      or pauses.kind = 'queue' and pauses.name = queues.queue_name
    ) as is_held
  from counted
  left join graphile_worker._private_tasks as tasks on tasks.id = counted.task_id
  left join graphile_worker._private_job_queues as queues on queues.id = counted.job_queue_id
)
select
  held.identifier as "task!",
  coalesce(sum(held.due) filter (where not held.is_held), 0)::text as "ready!",
  coalesce(sum(held.due) filter (where held.is_held), 0)::text as "waiting!",
  sum(held.scheduled)::text as "scheduled!",
  sum(held.retrying)::text as "retrying!",
  sum(held.running)::text as "running!",
  sum(held.failed)::text as "failed!",
  (to_json(min(held.oldest_due_at) at time zone 'UTC') #>> '{}') as "oldestDueAt?",
  -- An infinite time has no difference to another. "greatest" ignores nulls: without a due job it
  -- would return the bound.
  (
    case when count(held.oldest_due_at) > 0 then extract(
      epoch from now() - greatest(min(held.oldest_due_at), '4713-01-01 00:00:00+00 BC'::timestamptz)
    ) * 1000 end
  )::text as "oldestDueAgeMs?"
from held
group by held.identifier
order by held.identifier;

/* How many jobs there are, and how many ids were ever drawn for one. */
/* @name sampleJobs */
select
  (select count(*) from graphile_worker._private_jobs)::text as "jobs!",
  (
    select case when ids.is_called then ids.last_value else ids.last_value - 1 end
    from graphile_worker.jobs_id_seq1 as ids
  )::text as "drawnIds!",
  (extract(epoch from clock_timestamp()) * 1000)::text as "atMs!";

/*
  Deletes those of a stretch of jobs, along the primary key, that have failed for good. It looks at no
  more than maxLooks jobs and waits for no lock.
*/
/* @name deleteFailedJobs */
with looked as (
  select jobs.id, jobs.locked_at is null and jobs.attempts >= jobs.max_attempts as has_failed
  from graphile_worker._private_jobs as jobs
  where jobs.id > :afterId!::text::bigint
  order by jobs.id
  limit :maxLooks!::text::int
), free as (
  select jobs.id
  from graphile_worker._private_jobs as jobs
  where jobs.id = any (array(select looked.id from looked where looked.has_failed))
  and jobs.locked_at is null and jobs.attempts >= jobs.max_attempts
  for update skip locked
), deleted as (
  delete from graphile_worker._private_jobs as jobs
  where jobs.id = any (array(select free.id from free))
  returning jobs.id
)
select
  (select count(*) from deleted)::text as "deleted!",
  (select max(looked.id) from looked)::text as "lastId?",
  (select count(*) from looked) < :maxLooks!::text::int as "isEnd!";

/* Finds queues without jobs, as JSON; the first step of sql/migrations/21_cleanup.sql. */
/* @name findUnusedQueues */
select to_json(graphile_worker.taskwright_find_unused_queues(:maxQueues!::text::int))::text as "ids!";

/* Marks queues that may be deleted; null: try again later. */
/* @name markQueues */
select marks.last_id::text as "lastId?", marks.marked::text as "marked?"
from graphile_worker.taskwright_mark_queues(
  array(select json_array_elements_text(:ids!::text::json)::int)
) as marks;

/* Those of the marked queues that have no job by now. */
/* @name checkQueues */
select graphile_worker.taskwright_check_queues(:marked!::text::json)::text as "checked!";

/* Deletes those of the checked queues that got no job since they were marked; null: try again later. */
/* @name deleteQueues */
select graphile_worker.taskwright_delete_queues(
  :checked!::text::json, :lastId!::text::bigint
)::text as "deleted?";

/* Finds tasks without jobs, as JSON; the first step of sql/migrations/21_cleanup.sql. */
/* @name findUnusedTasks */
select to_json(graphile_worker.taskwright_find_unused_tasks(
  :maxTasks!::text::int,
  array(select json_array_elements_text(:identifiersToKeep!::text::json))
))::text as "ids!";

/* Marks tasks that may be deleted; null: try again later. */
/* @name markTasks */
select marks.last_id::text as "lastId?", marks.marked::text as "marked?"
from graphile_worker.taskwright_mark_tasks(
  array(select json_array_elements_text(:ids!::text::json)::int)
) as marks;

/* Those of the marked tasks that have no job by now. */
/* @name checkTasks */
select graphile_worker.taskwright_check_tasks(:marked!::text::json)::text as "checked!";

/* Deletes those of the checked tasks that got no job since they were marked; null: try again later. */
/* @name deleteTasks */
select graphile_worker.taskwright_delete_tasks(
  :checked!::text::json, :lastId!::text::bigint
)::text as "deleted?";
