-- Settles what a worker holds: completed jobs are deleted, failed ones wait for their retry (or
-- stay, permanently failed, once no attempt is left), returned ones are given back with their
-- attempt uncounted. Queues are freed with their jobs.
--
-- Jobs are fenced by who locked them and when: a lock that was taken away is not touched, not even if
-- the same worker has claimed the job again. The ids of jobs that were not the worker's any more are
-- the answer. `locks` are the times of all claims that the jobs come from. (A job that the worker has
-- claimed twice must not be settled for its first claim together with jobs of its second one.)
--
-- A failed payload that is not empty replaces the job's, as JSON text.
--
-- Source of the failure semantics: graphile-worker 0.18, failJobs.
-- Pinned plans, for the reason given at taskwright_claim_jobs; arrays, since joins may begin with all
-- that is in the table.
create or replace function graphile_worker.taskwright_settle_jobs(
  worker_id text,
  locks timestamptz[],
  completed_ids bigint[],
  failed_ids bigint[],
  failed_messages text[],
  failed_payloads text[],
  returned_ids bigint[]
) returns setof bigint
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $taskwright$
-- taskwright: taskwright_settle_jobs 1
#variable_conflict use_column
begin
  return query
  with completed as (
    delete from graphile_worker._private_jobs as jobs
    where jobs.id = any (completed_ids)
    and jobs.locked_by = worker_id and jobs.locked_at = any (locks)
    returning jobs.id, jobs.job_queue_id
  ),
  failed as (
    update graphile_worker._private_jobs as jobs
    set
      last_error = failed_messages[array_position(failed_ids, jobs.id)],
      run_at = greatest(now(), jobs.run_at) + exp(least(jobs.attempts, 10)) * interval '1 second',
      payload = coalesce(
        nullif(failed_payloads[array_position(failed_ids, jobs.id)], '')::json,
        jobs.payload
      ),
      locked_by = null,
      locked_at = null
    where jobs.id = any (failed_ids)
    and jobs.locked_by = worker_id and jobs.locked_at = any (locks)
    returning jobs.id, jobs.job_queue_id
  ),
  returned as (
    update graphile_worker._private_jobs as jobs
    set attempts = greatest(0, jobs.attempts - 1), locked_by = null, locked_at = null
    where jobs.id = any (returned_ids)
    and jobs.locked_by = worker_id and jobs.locked_at = any (locks)
    returning jobs.id, jobs.job_queue_id
  ),
  settled as (
    select * from completed union all select * from failed union all select * from returned
  ),
  freed as (
    update graphile_worker._private_job_queues as queues
    set locked_by = null, locked_at = null
    where queues.id = any (array(select settled.job_queue_id from settled))
    and queues.locked_by = worker_id
  )
  select unnest(completed_ids || failed_ids || returned_ids)
  except
  select settled.id from settled;
end;
$taskwright$;
