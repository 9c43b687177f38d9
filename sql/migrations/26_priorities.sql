-- At which priorities a claim looks for due jobs, and what it does where there are too many.
--
-- Within one priority the due jobs are one index range, and a claim never meets the jobs that are
-- scheduled for later. So it looks at each distinct priority by itself. A producer that gives each job
-- another priority would make every claim look up to 65,536 times. So a claim looks at no more than 100:
-- where waiting jobs have more distinct priorities than that, only the ordinary ones, from -32 to 32,
-- are looked at one by one. All others are extreme; their due jobs are found by their time (the indexes
-- of 14_claim_indexes).
--
-- What this does to the order: up to 100 distinct priorities, it is exact. Past them, it is exact among
-- the jobs that the claim sees: all of ordinary priorities, and of extreme ones those that are due
-- for the longest time, at least 4 m + 50 of them, m being max_jobs (of n tasks, 4 m / n + 50 each).
--
-- No job starves by it: it only waits for others. A due job of an extreme priority is seen once fewer
-- than 50 jobs of its task have been due for longer, and each claim takes m jobs unless it takes all that
-- it sees. From then on it waits only for jobs that precede it in the exact order. So if r jobs of
-- extreme priorities have been due for longer, and s precede it, it is taken after at most
-- (r + s) / m + 1 claims that take jobs of extreme priorities.

-- The distinct priorities of the waiting jobs, queued or unqueued, lowest first; only the ordinary ones
-- when are_all is false.
--
-- They are found from the far end, because the near one is where claims leave dead entries behind.
-- `max_attempts >= 1` is always true; it names the index (see 14_claim_indexes).
create or replace function graphile_worker.taskwright_find_priorities(
  are_queued boolean,
  out priorities smallint[],
  out are_all boolean
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_find_priorities 1
#variable_conflict use_column
declare
  max_count constant int := 100;
  lowest smallint := -32768;
  highest smallint := 32767;
begin
  loop
    if are_queued then
      priorities := array(
        with recursive levels (priority) as (
          (
            select jobs.priority
            from graphile_worker._private_jobs as jobs
            where jobs.is_available = true and jobs.job_queue_id is not null
            and jobs.max_attempts >= 1
            and jobs.priority between lowest and highest
            order by jobs.priority desc, jobs.run_at desc, jobs.id desc
            limit 1
          )
          union all
          select next.priority
          from levels
          cross join lateral (
            select jobs.priority
            from graphile_worker._private_jobs as jobs
            where jobs.is_available = true and jobs.job_queue_id is not null
            and jobs.max_attempts >= 1
            and jobs.priority < levels.priority and jobs.priority >= lowest
            order by jobs.priority desc, jobs.run_at desc, jobs.id desc
            limit 1
          ) as next
        ),
        -- Stops the recursion.
        first as (select priority from levels limit max_count + 1)
        select priority from first order by priority
      );
    else
      priorities := array(
        with recursive levels (priority) as (
          (
            select jobs.priority
            from graphile_worker._private_jobs as jobs
            where jobs.is_available = true and jobs.job_queue_id is null
            and jobs.priority between lowest and highest
            order by jobs.priority desc, jobs.run_at desc, jobs.id desc
            limit 1
          )
          union all
          select next.priority
          from levels
          cross join lateral (
            select jobs.priority
            from graphile_worker._private_jobs as jobs
            where jobs.is_available = true and jobs.job_queue_id is null
            and jobs.priority < levels.priority and jobs.priority >= lowest
            order by jobs.priority desc, jobs.run_at desc, jobs.id desc
            limit 1
          ) as next
        ),
        -- Stops the recursion.
        first as (select priority from levels limit max_count + 1)
        select priority from first order by priority
      );
    end if;
    are_all := lowest < -32 and cardinality(priorities) <= max_count;
    exit when are_all or lowest = -32;
    lowest := -32;
    highest := 32;
  end loop;
end;
$taskwright$;

-- Locks up to max_jobs unqueued due jobs of extreme priorities: of those that have been due for the
-- longest time, the best. When other transactions hold these, the ones that follow in time.
create or replace function graphile_worker.taskwright_lock_extreme_jobs(
  open_ids int[],
  forbidden_flags text[],
  max_jobs int
) returns bigint[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_lock_extreme_jobs 1
#variable_conflict use_column
declare
  walk_length constant int := 4 * max_jobs / greatest(1, cardinality(open_ids)) + 50;
  seen int;
  locked bigint[];
begin
  with due as materialized (
    select oldest.*
    from unnest(open_ids) as task (id)
    cross join lateral (
      select jobs.id, jobs.priority, jobs.run_at
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is null
      and (jobs.priority < -32 or jobs.priority > 32)
      and jobs.task_id = task.id and jobs.run_at <= now()
      and (jobs.flags ?| forbidden_flags) is not true
      order by jobs.run_at, jobs.id
      limit walk_length
    ) as oldest
    order by oldest.priority, oldest.run_at, oldest.id
  ),
  held as (
    select job.id
    from due
    -- By the primary key: what makes a job available is spelt out. It is looked at again under the lock.
    cross join lateral (
      select jobs.id
      from graphile_worker._private_jobs as jobs
      where jobs.id = due.id and jobs.job_queue_id is null
      and jobs.locked_at is null and jobs.attempts < jobs.max_attempts and jobs.run_at <= now()
      and jobs.task_id = any (open_ids) and (jobs.flags ?| forbidden_flags) is not true
      for update skip locked
    ) as job
    limit max_jobs
  )
  select (select count(*) from due), coalesce(array_agg(held.id), '{}')
  into seen, locked
  from held;

  if cardinality(locked) >= least(seen, max_jobs) then
    return locked;
  end if;
  return locked || array(
    select oldest.id
    from unnest(open_ids) as task (id)
    cross join lateral (
      select jobs.id
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is null
      and (jobs.priority < -32 or jobs.priority > 32)
      and jobs.task_id = task.id and jobs.run_at <= now()
      and (jobs.flags ?| forbidden_flags) is not true and jobs.id <> all (locked)
      order by jobs.run_at, jobs.id
      limit max_jobs
      for update skip locked
    ) as oldest
    limit max_jobs - cardinality(locked)
  );
end;
$taskwright$;
