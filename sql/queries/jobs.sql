/*
Adds jobs, each in its own key mode, and answers every spec in the order of the specs.
Payloads travel as text beside the specs: inside of a larger JSON document PostgreSQL refuses
characters (`\u0000`) that it accepts in a json value.
*/
/* @name addJobs */
select
  (added.job).id as "id!",
  added.task as "task!",
  (added.job).payload as "payload!",
  added.queue as "queueName?",
  (added.job).priority as "priority!",
  (added.job).run_at as "runAt!",
  (added.job).attempts as "attempts!",
  (added.job).max_attempts as "maxAttempts!",
  (added.job).last_error as "lastError?",
  (added.job).created_at as "createdAt!",
  (added.job).updated_at as "updatedAt!",
  (added.job).key as "key?",
  (added.job).locked_at as "lockedAt?",
  (added.job).locked_by as "lockedBy?",
  (added.job).revision as "revision!",
  (added.job).flags as "flags?"
from graphile_worker.taskwright_add_jobs(array(
  select (
    spec.identifier, spec.payload::json, spec.queue_name, spec.run_at, spec.max_attempts,
    spec.job_key, spec.priority, spec.flags, spec.job_key_mode
  )::graphile_worker.taskwright_job_spec
  from rows from (
    json_to_recordset(:specs!::json) as (
      identifier text, queue_name text, run_at timestamptz, max_attempts smallint,
      job_key text, priority smallint, flags text[], job_key_mode text
    ),
    unnest(:payloads!::text[])
  ) with ordinality as spec (
    identifier, queue_name, run_at, max_attempts, job_key, priority, flags, job_key_mode, payload,
    place
  )
  order by spec.place
)) with ordinality as added
order by added.ordinality;
