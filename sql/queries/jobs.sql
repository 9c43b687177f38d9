/* Adds jobs that share a key mode; the answer is in the order of the specs. */
/* @name addJobs */
select
  job.id as "id!",
  job.payload as "payload!",
  job.priority as "priority!",
  job.run_at as "runAt!",
  job.attempts as "attempts!",
  job.max_attempts as "maxAttempts!",
  job.last_error as "lastError?",
  job.created_at as "createdAt!",
  job.updated_at as "updatedAt!",
  job.key as "key?",
  job.locked_at as "lockedAt?",
  job.locked_by as "lockedBy?",
  job.revision as "revision!",
  job.flags as "flags?"
from graphile_worker.add_jobs(
  array(
    select (
      spec.identifier, spec.payload::json, spec.queue_name, spec.run_at, spec.max_attempts,
      spec.job_key, spec.priority, spec.flags
    )::graphile_worker.job_spec
    from rows from (
      json_to_recordset(:specs!::json) as (
        identifier text, queue_name text, run_at timestamptz, max_attempts smallint,
        job_key text, priority smallint, flags text[]
      ),
      unnest(:payloads!::text[])
    ) with ordinality as spec (
      identifier, queue_name, run_at, max_attempts, job_key, priority, flags, payload, place
    )
    order by spec.place
  ),
  :preserveRunAt!
) with ordinality as job
order by job.ordinality;
