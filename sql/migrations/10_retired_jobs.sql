-- Retired jobs: jobs that were replaced, removed or failed by hand while a worker held them. A running
-- job can't be deleted, so it loses its attempts instead. When its worker gives it back, the attempt
-- that is being given back must not make it runnable again.
--
-- Nothing in the job's row tells a retired job from one that is on its last attempt, and times can't
-- decide either: the transaction that retires a job may have begun before the claim. So every
-- function that retires a job writes a marker, which counts only while the job has the same lock.
-- A marker that outlives its lock is harmless, and later markers delete it.
--
-- The Rust crate has a table of markers of its own from its revision 22 on. Its workers read only that
-- one and its functions write only that one, so ours write both and read both. Its migration creates
-- the table without `if not exists`, which is why it isn't made here.

do $taskwright$
begin
  if to_regclass($name$graphile_worker.taskwright_retired_jobs$name$) is null then
    create table graphile_worker.taskwright_retired_jobs (
      job_id bigint constraint taskwright_retired_jobs_pkey primary key,
      locked_at timestamptz not null,
      -- Removed, and nothing took its place: its handler need not go on.
      is_removed boolean not null default false
    );
    alter table graphile_worker.taskwright_retired_jobs enable row level security;

    -- Jobs that were retired before there were markers, as far as anything tells.
    insert into graphile_worker.taskwright_retired_jobs (job_id, locked_at)
    select jobs.id, jobs.locked_at
    from graphile_worker._private_jobs as jobs
    where jobs.locked_at is not null and jobs.updated_at > jobs.locked_at
    and jobs.key is null and jobs.attempts >= jobs.max_attempts;
  end if;
end;
$taskwright$;

-- Marks those of the jobs that a worker holds as retired. The caller has changed their rows in this
-- transaction, so they can't be given back before the marker is there.
create or replace function graphile_worker.taskwright_retire_jobs(
  job_ids bigint[],
  are_removed boolean
) returns void
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_retire_jobs 3
declare
  held_ids bigint[];
  stale_ids bigint[];
begin
  insert into graphile_worker.taskwright_retired_jobs as markers (job_id, locked_at, is_removed)
  select jobs.id, jobs.locked_at, are_removed
  from graphile_worker._private_jobs as jobs
  where jobs.id = any (job_ids) and jobs.locked_at is not null
  on conflict (job_id) do update set
    locked_at = excluded.locked_at, is_removed = excluded.is_removed;
  if not found then
    return;
  end if;

  if to_regclass($name$graphile_worker._private_job_retirements$name$) is not null then
    held_ids := array(
      select jobs.id from graphile_worker._private_jobs as jobs
      where jobs.id = any (job_ids) and jobs.locked_at is not null
    );
    execute $sql$
      insert into graphile_worker._private_job_retirements (id) select unnest($1)
      on conflict do nothing
    $sql$ using held_ids;
  end if;

  -- Deletes some markers whose lock is gone, the oldest first, without waiting for anybody. Two for
  -- each new one, so that their number doesn't grow. No other marker is locked: whoever retires its
  -- job again would wait for this transaction.
  stale_ids := array(
    select markers.job_id
    from graphile_worker.taskwright_retired_jobs as markers
    where (
      select jobs.locked_at from graphile_worker._private_jobs as jobs
      where jobs.id = markers.job_id
    ) is distinct from markers.locked_at
    order by markers.job_id
    limit 2 * cardinality(job_ids)
    for update skip locked
  );
  -- Again, under the locks: one that was written anew meanwhile counts.
  delete from graphile_worker.taskwright_retired_jobs as markers
  where markers.job_id = any (stale_ids)
  and (
    select jobs.locked_at from graphile_worker._private_jobs as jobs
    where jobs.id = markers.job_id
  ) is distinct from markers.locked_at;
end;
$taskwright$;

-- Whether a job that a worker holds was retired under its present lock.
--
-- Volatile, and not in plain SQL: an update that waited for the job's row calls it again for the row
-- that it then finds, and each call must see the marker that was committed with that row. A subquery
-- in the update itself would look at the state from before the wait.
create or replace function graphile_worker.taskwright_is_retired(
  job graphile_worker._private_jobs
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_is_retired 2
declare
  is_retired boolean;
begin
  -- Each retired job is without an attempt, until somebody gives it new ones.
  if job.attempts < job.max_attempts then
    return false;
  end if;
  is_retired := (
    select markers.locked_at = job.locked_at
    from graphile_worker.taskwright_retired_jobs as markers
    where markers.job_id = job.id
  );
  if is_retired then
    return true;
  end if;
  if to_regclass($name$graphile_worker._private_job_retirements$name$) is null then
    return false;
  end if;
  execute $sql$
    select exists (select from graphile_worker._private_job_retirements where id = $1)
  $sql$ into is_retired using job.id;
  return is_retired;
end;
$taskwright$;

-- The attempts of a job that is given back: the interrupted one isn't counted, unless the job was
-- retired while it was held.
create or replace function graphile_worker.taskwright_given_back(
  job graphile_worker._private_jobs
) returns smallint
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_given_back 3
begin
  if graphile_worker.taskwright_is_retired(job) then
    return job.attempts;
  end if;
  return greatest(0, job.attempts - 1)::smallint;
end;
$taskwright$;

-- Deletes the markers of jobs that are to run again; the caller has locked the jobs' rows. A locked marker
-- is skipped: another transaction is deleting it as stale, and a marker counts only under a lock that is
-- gone by now. Waiting for it could deadlock with a transaction that concerns other jobs.
create or replace function graphile_worker.taskwright_revive_jobs(job_ids bigint[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_revive_jobs 3
begin
  if coalesce(cardinality(job_ids), 0) = 0 then
    return;
  end if;
  delete from graphile_worker.taskwright_retired_jobs as markers
  where markers.job_id = any (array(
    select ours.job_id
    from graphile_worker.taskwright_retired_jobs as ours
    where ours.job_id = any (job_ids)
    for update skip locked
  ));
  if to_regclass($name$graphile_worker._private_job_retirements$name$) is not null then
    execute $sql$
      delete from graphile_worker._private_job_retirements where id = any ($1)
    $sql$ using job_ids;
  end if;
end;
$taskwright$;

-- Those of the jobs, all of which lost their key, that were removed. Of a job that a function of a peer
-- retired only this is known: a job with the key took its place, unless that has ended already.
create or replace function graphile_worker.taskwright_removed_jobs(job_ids bigint[], keys text[])
returns setof bigint
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_removed_jobs 2
begin
  return query
  select given.id
  from unnest(job_ids, keys) as given (id, key)
  where coalesce((
    select markers.is_removed from graphile_worker.taskwright_retired_jobs as markers
    where markers.job_id = given.id
  ), false)
  or (
    select jobs.id from graphile_worker._private_jobs as jobs where jobs.key = given.key
  ) is null;
end;
$taskwright$;
