-- When a failed job is tried again. What is asked for is nothing for the usual back-off, an ISO 8601
-- duration from now, a time, or `never`, which leaves the time alone.
create or replace function graphile_worker.taskwright_retry_time(
  asked text,
  attempts int,
  run_at timestamptz
) returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_retry_time 3
  select case
    -- Whoever reschedules a job by hand may have given it any attempts; exp(-800) is an error.
    when asked = ''
      then greatest(now(), run_at) + exp(greatest(0, least(attempts, 10))) * interval '1 second'
    when asked = 'never' then run_at
    when asked like 'P%' then now() + asked::interval
    else greatest(now(), asked::timestamptz)
  end;
$taskwright$;

-- Settles what a worker holds: completed jobs are deleted, failed ones wait for their retry (or
-- stay, permanently failed, once no attempt is left), returned ones are given back with their
-- attempt uncounted. Queues are freed with their jobs.
--
-- Jobs are fenced by who locked them and when: a lock that was taken away is not touched, not even if
-- the same worker has claimed the job again. The ids of jobs that were not the worker's any more are
-- the answer. `locks` are the times of all claims that the jobs come from. (A job that the worker has
-- claimed twice must not be settled for its first claim together with jobs of its second one.)
--
-- A failed or returned payload that is not empty replaces the job's, as JSON text: what remains to be
-- done of a batch. A failed job's retry says when, or whether, it is tried again.
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
  failed_retries text[],
  returned_ids bigint[],
  returned_payloads text[]
) returns setof bigint
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_settle_jobs 3
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
      run_at = graphile_worker.taskwright_retry_time(
        failed_retries[array_position(failed_ids, jobs.id)], jobs.attempts, jobs.run_at
      ),
      -- As permanently_fail_jobs does.
      attempts = case failed_retries[array_position(failed_ids, jobs.id)]
        when 'never' then greatest(jobs.attempts, jobs.max_attempts)
        else jobs.attempts
      end,
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
    set
      attempts = graphile_worker.taskwright_given_back(jobs),
      payload = coalesce(
        nullif(returned_payloads[array_position(returned_ids, jobs.id)], '')::json,
        jobs.payload
      ),
      locked_by = null,
      locked_at = null
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

-- Which of its jobs a worker still holds, fenced as above; and of these, what tells whether they were
-- removed through their key: a job that runs can't be deleted, it loses its key and any retry. One that
-- was replaced looks the same but for its revision.
create or replace function graphile_worker.taskwright_held_jobs(
  worker_id text,
  locks timestamptz[],
  ids bigint[]
) returns table (id bigint, key text, revision int)
language sql
set enable_seqscan = off
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_held_jobs 2
  select jobs.id, jobs.key, jobs.revision
  from graphile_worker._private_jobs as jobs
  where jobs.id = any (taskwright_held_jobs.ids)
  and jobs.locked_by = taskwright_held_jobs.worker_id
  and jobs.locked_at = any (taskwright_held_jobs.locks);
$taskwright$;

-- Completes one job as part of the caller's transaction and frees its queue with it. When the worker
-- holds the job no more it raises an error, so that the transaction can't commit.
create or replace function graphile_worker.taskwright_complete_job(
  worker_id text,
  job_id bigint,
  lock_time timestamptz
) returns void
language plpgsql
set enable_seqscan = off
set jit = off
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_complete_job 2
declare
  is_queued boolean;
begin
  is_queued := (
    select jobs.job_queue_id is not null
    from graphile_worker._private_jobs as jobs
    where jobs.id = job_id
  );
  if exists (
    select from graphile_worker.taskwright_settle_jobs(
      worker_id, array[lock_time], array[job_id], '{}', '{}', '{}', '{}', '{}', '{}'
    )
  ) then
    raise exception 'Worker % does not hold job %.', worker_id, job_id using errcode = 'TWLST';
  end if;
  -- Heard at the commit: the queue's next job needn't wait for the handler's end.
  if is_queued then
    perform pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":1}');
  end if;
end;
$taskwright$;

-- What became of jobs that transactions of their handlers may have completed: whether a job's row is
-- there, whether the worker still holds it, whether it is free of locks that a statement would wait
-- for, and whether one of the given transactions committed. `transactions` has the ids of each job's
-- transactions, separated by commas.
--
-- A row that is held and free was not completed, and no transaction that is open completes it. A row
-- that is gone was completed if a transaction committed; otherwise another worker or an operator ended
-- the job. This query may run in such a transaction itself (in tests): then that one counts as committed.
-- An id that the server hasn't reached yet is from before a fail-over, which lost the transaction. One
-- that is so old that the server no longer knows its result counts as committed.
create or replace function graphile_worker.taskwright_look_at_jobs(
  worker_id text,
  locks timestamptz[],
  ids bigint[],
  transactions text[]
) returns table (id bigint, is_there boolean, is_held boolean, is_free boolean, is_committed boolean)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_look_at_jobs 2
#variable_conflict use_column
begin
  return query
  with free as (
    select jobs.id
    from graphile_worker._private_jobs as jobs
    where jobs.id = any (ids) and jobs.locked_by = worker_id
    for update skip locked
  ),
  present as (
    select jobs.id, jobs.locked_by = worker_id and jobs.locked_at = any (locks) as is_held
    from graphile_worker._private_jobs as jobs
    where jobs.id = any (ids)
  )
  select
    given.id,
    exists (select from present where present.id = given.id),
    exists (select from present where present.id = given.id and present.is_held),
    exists (select from free where free.id = given.id),
    exists (
      select from unnest(string_to_array(given.transactions, ',')::bigint[]) as own (id)
      where case
        when own.id = txid_current_if_assigned() then true
        when own.id >= txid_snapshot_xmax(txid_current_snapshot()) then false
        else coalesce(txid_status(own.id) = 'committed', true)
      end
    )
  from unnest(ids, transactions) as given (id, transactions);
end;
$taskwright$;
