-- Recovers the jobs that dead workers hold. Our sweeps and the function that the Rust crate's
-- sweeps call (recover_dead_worker_jobs) both end here, so that the default is the same:
--
--   - A job that had started keeps its attempt counted and gets the usual back-off, since its worker may
--     have died of it. After max_crashes of such deaths it fails for good.
--   - A job that was only claimed is given back, the attempt uncounted.

-- Whether the handler of a job that is held has started: whether it has a mark under its present lock.
-- False also for a job that a peer's worker holds, since these write no marks.
create or replace function graphile_worker.taskwright_has_started(
  job graphile_worker._private_jobs
) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_has_started 2
  select exists (
    select from graphile_worker.taskwright_starts as starts
    where starts.job_id = job.id
    and starts.worker_id = job.locked_by and starts.locked_at = job.locked_at
  );
$taskwright$;

-- How often a worker died while it ran a job that is held again. A count is void once the job was
-- replaced through its key, or given attempts back: the attempts have then not grown since the crash,
-- or the revision has changed. A key that is only deduplicated changes the revision, too, but not the
-- error that the crash left.
create or replace function graphile_worker.taskwright_count_crashes(
  job graphile_worker._private_jobs
) returns int
language sql stable
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_count_crashes 2
  select coalesce(
    (
      select counted.crashes
      from graphile_worker.taskwright_crashes as counted
      where counted.job_id = job.id and counted.attempts < job.attempts
      and (
        counted.revision = job.revision
        or job.last_error like 'Worker % died while it ran this job (crash %'
      )
    ),
    0
  );
$taskwright$;

-- Recovers jobs of dead workers and frees their queues; returns those that it changed, and whether they
-- failed for good. Without decisions it recovers all jobs of the workers by default; with them, as
-- [{ id, worker_id, locked_at, action, run_at, attempts }], those that are named and are still under
-- that lock. Actions are `default`, `fail` (counted, started or not), `recover` (uncounted) and
-- `reschedule` (uncounted, for run_at, with attempts if given).
--
-- Rows that another transaction has locked are waited for only when asked to: a worker that was cut
-- off may have left a transaction open.
--
-- The caller has locked the workers' rows in _private_workers, so that they claim nothing meanwhile.
-- The jobs' rows are locked by a statement of its own, so that the next one sees all that was
-- committed with them: marks of starts, and of retirements.
--
-- Plans are pinned for the reason given at taskwright_claim_jobs. (Jobs are gone through for their
-- holders, since there is no index by holder.)
create or replace function graphile_worker.taskwright_recover_jobs(
  worker_ids text[],
  decisions json default null,
  recovery_delay interval default interval '0 seconds',
  max_crashes int default 3,
  waits boolean default false
) returns table (job_id bigint, has_failed boolean)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_recover_jobs 4
#variable_conflict use_column
declare
  held_ids bigint[];
begin
  if decisions is not null then
    held_ids := array(
      select held.id
      from json_to_recordset(decisions) as decision (
        id bigint, worker_id text, locked_at timestamptz
      )
      cross join lateral (
        select jobs.id from graphile_worker._private_jobs as jobs
        where jobs.id = decision.id
        and jobs.locked_by = decision.worker_id and jobs.locked_at = decision.locked_at
        for update skip locked
      ) as held
      where decision.worker_id = any (worker_ids)
    );
  elsif waits then
    held_ids := array(
      select jobs.id from graphile_worker._private_jobs as jobs
      where jobs.locked_by = any (worker_ids)
      order by jobs.id
      for update
    );
  else
    held_ids := array(
      select jobs.id from graphile_worker._private_jobs as jobs
      where jobs.locked_by = any (worker_ids)
      for update skip locked
    );
  end if;

  return query
  with held as (
    select
      (found.job).id,
      (found.job).locked_by as holder,
      coalesce(decision.action, 'default') as action,
      decision.run_at,
      decision.attempts,
      graphile_worker.taskwright_has_started(found.job) as has_started,
      graphile_worker.taskwright_count_crashes(found.job) + 1 as crash,
      graphile_worker.taskwright_given_back(found.job) as attempts_given_back,
      graphile_worker.taskwright_is_retired(found.job) as is_retired
    from unnest(held_ids) as given (id)
    cross join lateral (
      select jobs as job from graphile_worker._private_jobs as jobs where jobs.id = given.id
      limit 1
    ) as found
    left join json_to_recordset(coalesce(decisions, '[]')) as decision (
      id bigint, action text, run_at timestamptz, attempts int
    ) on decision.id = given.id
  ),
  decided as (
    select
      held.*,
      held.action = 'fail' or held.action = 'default' and held.has_started as is_counted,
      held.action in ('default', 'fail') and held.has_started and held.crash >= max_crashes
        as is_final
    from held
  ),
  recovered as (
    update graphile_worker._private_jobs as jobs
    set
      locked_by = null,
      locked_at = null,
      updated_at = now(),
      last_error = case
        when decided.has_started then format(
          'Worker %s died while it ran this job (crash %s of %s).%s',
          decided.holder,
          decided.crash,
          max_crashes,
          case when decided.is_final then ' The job is not tried again.' else '' end
        )
        else 'Job recovered after worker interruption'
      end,
      -- As permanently_fail_jobs does.
      attempts = case
        when decided.is_final then greatest(jobs.attempts, jobs.max_attempts)
        when decided.is_counted or decided.is_retired then jobs.attempts
        else coalesce(decided.attempts, decided.attempts_given_back)
      end,
      run_at = case
        when decided.is_final then jobs.run_at
        when decided.is_counted then greatest(
          -- The end of time has no second after it.
          greatest(now(), least(jobs.run_at, timestamptz '294000-01-01'))
            + exp(least(greatest(jobs.attempts, 0), 10)) * interval '1 second',
          now() + recovery_delay
        )
        when decided.action = 'reschedule' then decided.run_at
        else greatest(jobs.run_at, now() + recovery_delay)
      end
    from decided
    where jobs.id = any (array[decided.id])
    returning
      jobs.id, jobs.job_queue_id, jobs.attempts, jobs.max_attempts, jobs.revision,
      decided.holder, decided.has_started, decided.crash, decided.is_counted, decided.is_retired
  ),
  -- In the same statement as the jobs: see 09_queue_locks.
  freed as (
    update graphile_worker._private_job_queues as queues
    set locked_by = null, locked_at = null
    from recovered
    where queues.id = any (array[recovered.job_queue_id]) and queues.locked_by = recovered.holder
  ),
  counted as (
    insert into graphile_worker.taskwright_crashes (job_id, crashes, attempts, revision)
    select recovered.id, recovered.crash, recovered.attempts, recovered.revision
    from recovered
    where recovered.has_started
    on conflict on constraint taskwright_crashes_pkey do update
    set crashes = excluded.crashes, attempts = excluded.attempts, revision = excluded.revision
  ),
  -- A worker that keeps some of its jobs stays registered. Its next heartbeat tells it by this that it
  -- was declared dead, and nobody takes its registration for older than these recoveries.
  declared as (
    update graphile_worker._private_workers as workers
    set started_at = clock_timestamp()
    where workers.id = any (array(select recovered.holder from recovered))
  )
  select
    recovered.id,
    recovered.is_counted and not recovered.is_retired
      and recovered.attempts >= recovered.max_attempts
  from recovered;
end;
$taskwright$;

-- Registers our workers that hold locks without being registered, with a heartbeat so old that every
-- sweep declares them dead: their rows were deleted by hand or by a peer's sweep, so no sweep would find
-- their locks. Unregistered workers that hold nothing are forgotten.
--
-- A worker that registers locks its row here first (taskwright_beat), and is passed by.
create or replace function graphile_worker.taskwright_adopt_workers() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_adopt_workers 2
declare
  lost_ids text[];
begin
  lost_ids := array(
    select known.id
    from graphile_worker.taskwright_workers as known
    where not exists (
      select from graphile_worker._private_workers as workers where workers.id = known.id
    )
    for update skip locked
  );
  if cardinality(lost_ids) = 0 then
    return;
  end if;

  insert into graphile_worker._private_workers (id, last_heartbeat_at, metadata)
  select holders.id, to_timestamp(0), '{"client": "taskwright", "marksStarts": true}'
  from (
    select jobs.locked_by as id from graphile_worker._private_jobs as jobs
    where jobs.locked_by = any (lost_ids)
    union
    select queues.locked_by from graphile_worker._private_job_queues as queues
    where queues.locked_by = any (lost_ids)
  ) as holders
  on conflict do nothing;

  delete from graphile_worker.taskwright_workers as known
  where known.id = any (lost_ids) and not exists (
    select from graphile_worker._private_workers as workers where workers.id = known.id
  );
end;
$taskwright$;

-- Deletes marks of starts whose lock is gone, and counts of crashes whose job is. Rows that a worker is
-- writing are left.
create or replace function graphile_worker.taskwright_forget_starts() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_forget_starts 2
begin
  delete from graphile_worker.taskwright_starts as starts
  using (
    select marks.job_id, marks.locked_at
    from graphile_worker.taskwright_starts as marks
    where not exists (
      select from graphile_worker._private_jobs as jobs
      where jobs.id = marks.job_id
      and jobs.locked_by = marks.worker_id and jobs.locked_at = marks.locked_at
    )
    for update skip locked
  ) as stale
  -- The time again, since a worker may have marked a later start of the job.
  where starts.job_id = stale.job_id and starts.locked_at = stale.locked_at;

  delete from graphile_worker.taskwright_crashes as counted
  where not exists (
    select from graphile_worker._private_jobs as jobs where jobs.id = counted.job_id
  );
end;
$taskwright$;
