/*
Adds jobs, each in its own key mode, and answers every spec in the order of the specs.
It runs through whatever driver the caller's transaction is of. Drivers differ in how they write
arrays and JSON, and in how they read JSON, numbers and times, so text is all that goes in and comes
out, times in UTC. A payload is text inside of its spec: as a part of a larger JSON document
PostgreSQL refuses characters (`\u0000`) that it accepts in a json value.
*/
/* @name addJobs */
select
  (added.job).id::text as "id!",
  added.task as "task!",
  (added.job).payload::text as "payload!",
  added.queue as "queueName?",
  (added.job).priority::text as "priority!",
  (to_json((added.job).run_at at time zone 'UTC') #>> '{}') as "runAt!",
  (added.job).attempts::text as "attempts!",
  (added.job).max_attempts::text as "maxAttempts!",
  (added.job).last_error as "lastError?",
  (to_json((added.job).created_at at time zone 'UTC') #>> '{}') as "createdAt!",
  (to_json((added.job).updated_at at time zone 'UTC') #>> '{}') as "updatedAt!",
  (added.job).key as "key?",
  (to_json((added.job).locked_at at time zone 'UTC') #>> '{}') as "lockedAt?",
  (added.job).locked_by as "lockedBy?",
  (added.job).revision::text as "revision!",
  (added.job).flags::text as "flags?"
from graphile_worker.taskwright_add_jobs(array(
  select (
    spec.identifier, spec.payload::json, spec.queue_name, spec.run_at, spec.max_attempts,
    spec.job_key, spec.priority, spec.flags, spec.job_key_mode
  )::graphile_worker.taskwright_job_spec
  from rows from (
    json_to_recordset(:specs!::text::json) as (
      identifier text, payload text, queue_name text, run_at timestamptz, max_attempts smallint,
      job_key text, priority smallint, flags text[], job_key_mode text
    )
  ) with ordinality as spec (
    identifier, payload, queue_name, run_at, max_attempts, job_key, priority, flags, job_key_mode,
    place
  )
  order by spec.place
)) with ordinality as added
order by added.ordinality;
