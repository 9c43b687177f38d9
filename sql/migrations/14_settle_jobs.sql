-- Settles what a worker holds: completed jobs are deleted, failed ones wait for their retry (or
-- stay, permanently failed, once no attempt is left), returned ones are given back with their
-- attempt uncounted. Queues are freed with their jobs.
--
-- Each job is fenced by who locked it and when: a lock that was taken away, even if the same worker
-- claimed the job again, is not touched. The ids of such jobs are the answer.
--
-- Source of the failure semantics: graphile-worker 0.18, failJobs.
-- Pinned plans, for the reason given at taskwright_claim_jobs.
create or replace function graphile_worker.taskwright_settle_jobs(
  worker_id text,
  completed_ids bigint[],
  completed_locks timestamptz[],
  failures json,
  returned_ids bigint[],
  returned_locks timestamptz[]
) returns setof bigint
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $taskwright$
-- taskwright: taskwright_settle_jobs 1
#variable_conflict use_column
begin
  return query
  with failure as materialized (
    select *
    from json_to_recordset(failures) as failure (
      id bigint, locked_at timestamptz, message text, payload json
    )
  ),
  completed as (
    delete from graphile_worker._private_jobs as jobs
    using unnest(completed_ids, completed_locks) as done (id, locked_at)
    where jobs.id = done.id and jobs.locked_by = worker_id and jobs.locked_at = done.locked_at
    returning jobs.id, jobs.job_queue_id
  ),
  failed as (
    update graphile_worker._private_jobs as jobs
    set
      last_error = failure.message,
      run_at = greatest(now(), jobs.run_at) + exp(least(jobs.attempts, 10)) * interval '1 second',
      payload = coalesce(failure.payload, jobs.payload),
      locked_by = null,
      locked_at = null
    from failure
    where jobs.id = failure.id and jobs.locked_by = worker_id
    and jobs.locked_at = failure.locked_at
    returning jobs.id, jobs.job_queue_id
  ),
  returned as (
    update graphile_worker._private_jobs as jobs
    set attempts = greatest(0, jobs.attempts - 1), locked_by = null, locked_at = null
    from unnest(returned_ids, returned_locks) as given (id, locked_at)
    where jobs.id = given.id and jobs.locked_by = worker_id and jobs.locked_at = given.locked_at
    returning jobs.id, jobs.job_queue_id
  ),
  settled as (
    select * from completed union all select * from failed union all select * from returned
  ),
  freed as (
    update graphile_worker._private_job_queues as queues
    set locked_by = null, locked_at = null
    from settled
    where queues.id = settled.job_queue_id and queues.locked_by = worker_id
  )
  (
    select unnest(completed_ids)
    union all
    select failure.id from failure
    union all
    select unnest(returned_ids)
  )
  except
  select settled.id from settled;
end;
$taskwright$;
