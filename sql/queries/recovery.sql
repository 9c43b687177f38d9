/*
  Says that a worker lives, and whether it was known to. A worker that was registered and isn't any
  more was taken for dead: its jobs may be with others.
*/
/* @name beatHeart */
with before as (
  select exists (
    select from graphile_worker._private_workers as workers where workers.id = :workerId!
  ) as registered
)
select before.registered as "wasRegistered!", beat as "beat?"
from before, graphile_worker.worker_heartbeat(:workerId!, :metadata::text::json) as beat;

/* Forgets a worker that stopped. */
/* @name deregisterWorker */
select graphile_worker.worker_deregister(:workerId!) as "deregistered?";

/*
  Takes the sweep's lock until the end of the transaction; false when another sweep is at work. The
  numbers are the Rust crate's ("GWRS", "SWEP"), so that its sweeps and ours take turns.
*/
/* @name trySweepLock */
select pg_try_advisory_xact_lock(x'47575253'::int, x'53574550'::int) as "acquired!";

/*
  Workers that are dead. Each of ours says in its metadata for how long silence is fine; of others
  nothing is known but the Rust crate's default. A worker that holds a job with a resilient flag is
  given more time. Holders of locks that never registered (Node's peer doesn't) are dead only when
  asked for, since nothing tells a dead one from a slow one but the lock's age.
*/
/* @name findDeadWorkers */
select
  workers.id as "workerId!",
  true as "isRegistered!",
  workers.last_heartbeat_at as "lastSeenAt!"
from graphile_worker._private_workers as workers
cross join lateral (
  select interval '1 millisecond'
    * coalesce((workers.metadata ->> 'sweepThresholdMs')::float8, :foreignThresholdMs!::text::float8)
    as threshold
) as patience
where workers.last_heartbeat_at < now() - patience.threshold
-- The jobs are scanned for workers past their threshold only: there is no index by holder, since
-- every claim would have to maintain it.
and (
  workers.last_heartbeat_at < now() - patience.threshold * :resilientMultiplier!::text::float8
  or not exists (
    select from graphile_worker._private_jobs as jobs
    where jobs.locked_by = workers.id
    and jobs.flags ?| array(select json_array_elements_text(:resilientFlags!::text::json))
  )
)
union all
select locks.locked_by, false, max(locks.locked_at)
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
  < now() - interval '1 millisecond' * :unregisteredThresholdMs::text::float8;

/* The jobs that dead workers hold. */
/* @name listHeldJobs */
select job as "job!"
from graphile_worker.taskwright_read_jobs(array(
  select jobs from graphile_worker._private_jobs as jobs
  where jobs.locked_by = any (array(select json_array_elements_text(:workerIds!::text::json)))
  order by jobs.id
)) as job;

/*
  Does to each held job what was decided, if its holder still holds it: gives it back with the
  attempt uncounted, gives it a new time, or fails the attempt with the usual back-off. Frees the
  queues of these jobs.
*/
/* @name recoverJobs */
with decided as (
  select *
  from json_to_recordset(:decisions!::text::json) as decision (
    id bigint, worker_id text, action text, run_at timestamptz, attempts int
  )
), recovered as (
  update graphile_worker._private_jobs as jobs
  set
    locked_by = null,
    locked_at = null,
    updated_at = now(),
    last_error = 'Job recovered after worker interruption',
    attempts = case
      when decided.action = 'fail' or graphile_worker.taskwright_is_retired(jobs) then jobs.attempts
      else coalesce(decided.attempts, graphile_worker.taskwright_given_back(jobs))
    end,
    run_at = case decided.action
      when 'fail' then greatest(now(), jobs.run_at)
        + interval '1 second' * exp(least(jobs.attempts, 10))
      when 'reschedule' then decided.run_at
      else greatest(jobs.run_at, now() + interval '1 millisecond' * :delayMs!::text::float8)
    end
  from decided
  where jobs.id = decided.id and jobs.locked_by = decided.worker_id
  returning jobs.id, jobs.job_queue_id, decided.worker_id
), freed as (
  update graphile_worker._private_job_queues as queues
  set locked_by = null, locked_at = null
  from recovered
  where queues.id = recovered.job_queue_id and queues.locked_by = recovered.worker_id
)
select recovered.id::text as "id!" from recovered;

/*
  Frees the queues of dead workers that hold no job of them any more (sql/migrations/08_queue_locks.sql);
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
delete from graphile_worker._private_workers as workers
where workers.id = any (array(select json_array_elements_text(:workerIds!::text::json)))
and not exists (
  select from graphile_worker._private_jobs as jobs where jobs.locked_by = workers.id
)
and not exists (
  select from graphile_worker._private_job_queues as queues where queues.locked_by = workers.id
)
returning workers.id as "workerId!";

/* Wakes workers up after jobs were given back; the same shape as an insert's notification. */
/* @name announceJobs */
select pg_notify(
  'jobs:insert',
  json_build_object('r', random(), 'count', :count!::text::int)::text
)::text  as "sent?";
