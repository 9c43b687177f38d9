-- Whether a job is due that a worker could run if nobody else held it, its queue, or the slots of its
-- task. What is paused doesn't count, nor do jobs that wait behind a paused one in their queue.
--
-- The cost grows with the number of distinct priorities among waiting jobs, up to 200 of them, and with
-- the due jobs that stand ahead and don't count. Plans are pinned for the reason given at taskwright_claim_jobs.
create or replace function graphile_worker.taskwright_has_due_jobs(
  task_ids int[],
  forbidden_flags text[]
) returns boolean
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_has_due_jobs 3
declare
  open_ids int[] := graphile_worker.taskwright_open_tasks(task_ids);
  paused_queues int[] := graphile_worker.taskwright_paused_queues();
  priorities smallint[];
  are_all boolean;
  are_all_queued boolean;
begin
  select found.priorities || queued.priorities, found.are_all, queued.are_all
  into priorities, are_all, are_all_queued
  from graphile_worker.taskwright_find_priorities(false) as found
  cross join graphile_worker.taskwright_find_priorities(true) as queued;

  return exists (
    select
    from (
      select due.*
      from unnest(priorities) as level (priority)
      cross join lateral (
        select jobs.task_id, jobs.job_queue_id, jobs.flags
        from graphile_worker._private_jobs as jobs
        where jobs.is_available = true
        and jobs.priority = level.priority and jobs.run_at <= now()
        order by jobs.run_at -- keeps it from becoming a join, which might begin with all jobs
      ) as due
      union all
      select due.*
      from unnest(open_ids) as task (id)
      cross join lateral (
        select jobs.task_id, jobs.job_queue_id, jobs.flags
        from graphile_worker._private_jobs as jobs
        where not are_all
        and jobs.is_available = true and jobs.job_queue_id is null
        and (jobs.priority < -32 or jobs.priority > 32)
        and jobs.task_id = task.id and jobs.run_at <= now()
        order by jobs.run_at, jobs.id
      ) as due
      union all
      (
        select jobs.task_id, jobs.job_queue_id, jobs.flags
        from graphile_worker._private_jobs as jobs
        where not are_all_queued
        and jobs.is_available = true and jobs.job_queue_id is not null
        and (jobs.priority < -32 or jobs.priority > 32) and jobs.run_at <= now()
        order by jobs.run_at, jobs.id
      )
    ) as jobs
    where jobs.task_id = any (open_ids) and (jobs.flags ?| forbidden_flags) is not true
    and (
      jobs.job_queue_id is null
      or jobs.job_queue_id <> all (paused_queues)
      and (
        cardinality(open_ids) = cardinality(task_ids)
        or (
          select heads.task_id
          from graphile_worker._private_jobs as heads
          where heads.is_available = true and heads.job_queue_id = jobs.job_queue_id
          and heads.run_at <= now()
          and heads.task_id = any (task_ids) and (heads.flags ?| forbidden_flags) is not true
          order by heads.job_queue_id, heads.priority, heads.run_at, heads.id
          limit 1
        ) = any (open_ids)
      )
    )
    limit 1
  );
end;
$taskwright$;
