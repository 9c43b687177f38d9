/*
  Says that a worker lives, and whether it was known to. A worker that was registered and isn't any
  more was declared dead: other workers may have its jobs.
*/
/* @name beatHeart */
select graphile_worker.taskwright_beat(:workerId!, :metadata!::text::json) as "wasRegistered!";

/* Forgets a worker that stopped and holds nothing. */
/* @name deregisterWorker */
with forgotten as (
  delete from graphile_worker.taskwright_workers as known where known.id = :workerId!
)
select graphile_worker.worker_deregister(:workerId!) as "deregistered?";

/*
  Takes the sweep's lock until the end of the transaction; false when another sweep is at work. The
  numbers are the Rust crate's ("GWRS", "SWEP"), so that its sweeps and ours take turns.
*/
/* @name trySweepLock */
select pg_try_advisory_xact_lock(x'47575253'::int, x'53574550'::int) as "acquired!";

/*
  Registers our workers that hold locks without being registered, as dead ones
  (sql/migrations/24_recover_jobs.sql).
*/
/* @name adoptWorkers */
select graphile_worker.taskwright_adopt_workers()::text as "adopted?";

/*
  Workers that are dead, their rows locked, so that they claim nothing and no heartbeat comes through
  until the end of the transaction. One whose row is locked is skipped: it is claiming, so it is alive.
  Each of ours has the silence that it may keep in its metadata; for others the Rust crate's default
  counts. A worker that holds a job with a resilient flag is given more time. Holders of locks that never
  registered (Node's peer doesn't) are dead only when asked for, since only the lock's age distinguishes
  a dead one from a slow one.
*/
/* @name findDeadWorkers */
with registered as (
  select workers.id
  from graphile_worker._private_workers as workers
  cross join lateral (
    select interval '1 millisecond' * graphile_worker.taskwright_silence_limit(
      workers.metadata, :foreignThresholdMs!::text::float8
    ) as threshold
  ) as patience
  where workers.last_heartbeat_at < (now() - patience.threshold)
  -- The jobs are scanned for workers past their threshold only: there is no index by holder, since
  -- every claim would have to maintain it.
  and (
    workers.last_heartbeat_at < (
      now() - (patience.threshold * :resilientMultiplier!::text::float8)
    )
    or not exists (
      select from graphile_worker._private_jobs as jobs
      where jobs.locked_by = workers.id
      and jobs.flags ?| array(select json_array_elements_text(:resilientFlags!::text::json))
    )
  )
  for update of workers skip locked
)
select registered.id as "workerId!" from registered
union all
select locks.locked_by
from (
  select jobs.locked_by, jobs.locked_at from graphile_worker._private_jobs as jobs
  where jobs.locked_by is not null
  union all
  select queues.locked_by, queues.locked_at from graphile_worker._private_job_queues as queues
  where queues.locked_by is not null
) as locks
where :unregisteredThresholdMs::text::float8 is not null
and not exists (
  select from graphile_worker._private_workers as workers where workers.id = locks.locked_by
)
group by locks.locked_by
having max(locks.locked_at)
  < (now() - (interval '1 millisecond' * :unregisteredThresholdMs::text::float8));

/*
  The jobs that dead workers hold, for the hook. Whether one has started isn't known when its worker
  writes no marks. Crashes count this one, if it is one. Times are exact, and in UTC.
*/
/* @name listHeldJobs */
select
  held.id::text as "id!",
  (select job from graphile_worker.taskwright_read_jobs(array[held]) as job) as "job!",
  held.locked_by as "workerId!",
  (to_json(held.locked_at) #>> '{}') as "lockedAt!",
  case
    when started.has_started then true
    when (
      select workers.metadata ->> 'marksStarts' from graphile_worker._private_workers as workers
      where workers.id = held.locked_by
    ) = 'true' then false
  end as "hasStarted?",
  graphile_worker.taskwright_count_crashes(held) + started.has_started::int as "crashes!"
from graphile_worker._private_jobs as held
cross join lateral (
  select graphile_worker.taskwright_has_started(held) as has_started
) as started
where held.locked_by = any (array(select json_array_elements_text(:workerIds!::text::json)))
order by held.id;

/* Recovers the jobs of dead workers: all by default, or as decided (sql/migrations/24_recover_jobs.sql). */
/* @name recoverJobs */
select recovered.job_id::text as "id!", recovered.has_failed as "hasFailed!"
from graphile_worker.taskwright_recover_jobs(
  array(select json_array_elements_text(:workerIds!::text::json)),
  :decisions::text::json,
  interval '1 millisecond' * :delayMs!::text::float8,
  :maxCrashes!::text::int
) as recovered
order by recovered.job_id;

/*
  Frees the queues of dead workers that hold no job of them any more (sql/migrations/09_queue_locks.sql);
  without workers, those that anybody has held for four hours.
*/
/* @name freeQueues */
select freed as "queueName!"
from graphile_worker.taskwright_free_queues(
  case when :workerIds::text is not null
    then array(select json_array_elements_text(:workerIds::text::json))
  end
) as freed;

/* Forgets those of the workers that hold nothing. */
/* @name forgetWorkers */
with forgotten as (
  delete from graphile_worker._private_workers as workers
  where workers.id = any (array(select json_array_elements_text(:workerIds!::text::json)))
  and not exists (
    select from graphile_worker._private_jobs as jobs where jobs.locked_by = workers.id
  )
  and not exists (
    select from graphile_worker._private_job_queues as queues where queues.locked_by = workers.id
  )
  returning workers.id
), unknown as (
  delete from graphile_worker.taskwright_workers as known
  where known.id = any (array(select forgotten.id from forgotten))
)
select forgotten.id as "workerId!" from forgotten;

/* Deletes marks and counts of crashes that nothing belongs to any more. */
/* @name forgetStarts */
select graphile_worker.taskwright_forget_starts()::text as "forgotten?";

/* Wakes workers up after jobs were given back; the same shape as an insert's notification. */
/* @name announceJobs */
select pg_notify(
  'jobs:insert',
  json_build_object('r', random(), 'count', :count!::text::int)::text
)::text  as "sent?";
