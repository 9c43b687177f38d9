-- Removes locks of workers. A queue is freed only in the statement that unlocks its job. Two statements
-- see two snapshots: between them the worker may settle its job and claim the queue's next one, and a
-- queue that is then freed runs two jobs at once.

-- Frees queues of which no job is locked, and returns their names: a peer, or an older version of
-- ours, may have ended a job without freeing its queue. With holders it checks the queues that these
-- hold; with null it checks all queues that have been locked for four hours.
--
-- No claim takes a queue that is locked, and each writes the queue's row and the job's together. So
-- once this transaction has locked the queue's row, a statement that begins then sees all of its jobs
-- that can be locked. Queues whose rows are locked by others are skipped.
--
-- The cost grows with the number of queues; and with that of jobs, which are gone through once, if a
-- queue has to be looked at.
create or replace function graphile_worker.taskwright_free_queues(holders text[])
returns setof text
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_free_queues 2
declare
  held_ids int[];
  busy_ids int[];
begin
  held_ids := array(
    select queues.id
    from graphile_worker._private_job_queues as queues
    where case
      when holders is null then queues.locked_at < now() - interval '4 hours'
      else queues.locked_by = any (holders)
    end
    for update skip locked
  );
  if cardinality(held_ids) = 0 then
    return;
  end if;
  busy_ids := array(
    select jobs.job_queue_id
    from graphile_worker._private_jobs as jobs
    where jobs.locked_at is not null and jobs.job_queue_id = any (held_ids)
  );
  return query
  update graphile_worker._private_job_queues as queues
  set locked_at = null, locked_by = null
  where queues.id = any (held_ids) and queues.id <> all (busy_ids)
  returning queues.queue_name;
end;
$taskwright$;

-- Takes the locks of workers away, attempts counted, and returns a row for each job and each queue.
--
-- Plans are pinned for the reason given at taskwright_claim_jobs. (Jobs are gone through for their
-- holders, since there is no index by holder.)
create or replace function graphile_worker.taskwright_unlock_workers(worker_ids text[])
returns table (job_id bigint, queue_name text)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_unlock_workers 3
#variable_conflict use_column
begin
  return query
  with unlocked as (
    update graphile_worker._private_jobs as jobs
    set locked_at = null, locked_by = null
    from (select distinct given.id from unnest(worker_ids) as given (id)) as holders
    where jobs.locked_by = holders.id
    returning jobs.id, jobs.job_queue_id, holders.id as holder
  ), freed as (
    update graphile_worker._private_job_queues as queues
    set locked_at = null, locked_by = null
    from unlocked
    where queues.id = any (array[unlocked.job_queue_id]) and queues.locked_by = unlocked.holder
    returning queues.queue_name
  )
  select unlocked.id, null::text from unlocked
  union all
  select null::bigint, freed.queue_name from freed;

  return query
  select null::bigint, freed from graphile_worker.taskwright_free_queues(worker_ids) as freed;
end;
$taskwright$;
