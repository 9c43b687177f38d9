-- Which queues could give a job now: the part of a claim that looks for them, locking nothing.
--
-- Two looks, since either alone has a case that it can't bear:
--   walk  goes through the due queued jobs in the order in which they should run, up to a length.
--         It sees past jobs that are scheduled for later, however many, but a long backlog behind
--         a busy queue fills it.
--   ring  only when the walk was filled and found too little. It goes from queue to queue through
--         the heads index, past any backlog, up to a length, and the next claim on this connection
--         goes on where it stopped: each queue has its turn, none starves.
-- So the order across queues is exact (priority, run_at, id) unless a backlog of jobs that can't run
-- fills the walk and, at the same time, more queues have jobs than the ring is long.
--
-- The cost grows with max_jobs and with the number of distinct priorities among waiting jobs, and,
-- inside the ring, with the jobs at a queue's head that this worker may not run. It does not grow
-- with the number of queues, of jobs behind busy queues, or of jobs scheduled for later.
create or replace function graphile_worker.taskwright_find_queues(
  task_ids int[],
  forbidden_flags text[],
  max_jobs int
) returns table (queue_id int, job_id bigint)
language plpgsql
as $taskwright$
-- taskwright: taskwright_find_queues 1
#variable_conflict use_column
declare
  walk_length constant int := 4 * max_jobs + 50;
  ring_length constant int := 2 * max_jobs + 100;
  -- A setting of the session holds the place: any value of it is right, so it needs no more care.
  ring_start int := coalesce(nullif(current_setting('taskwright.ring_start', true), ''), '0');
  walked int;
  walked_queues int[];
  walked_jobs bigint[];
  ringed int;
  ringed_queues int[];
  ringed_jobs bigint[];
begin
  -- One index range for each priority: a range over priorities would walk the jobs scheduled for
  -- later. Priorities are found from the far end, where no claim has left dead entries.
  with recursive priorities (priority) as (
    (
      select jobs.priority
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is not null
      order by jobs.priority desc
      limit 1
    )
    union all
    select next.priority
    from priorities
    cross join lateral (
      select jobs.priority
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is not null
      and jobs.priority < priorities.priority
      order by jobs.priority desc
      limit 1
    ) as next
  ),
  walk as materialized (
    select due.*
    from (select priority from priorities order by priority) as level
    cross join lateral (
      select jobs.id, jobs.job_queue_id, jobs.task_id, jobs.priority, jobs.run_at, jobs.flags
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is not null
      and jobs.priority = level.priority and jobs.run_at <= now()
      order by jobs.run_at, jobs.id
      limit walk_length
    ) as due
    limit walk_length
  ),
  heads as (
    select distinct on (walk.job_queue_id) walk.*
    from walk
    where walk.task_id = any (task_ids) and (walk.flags ?| forbidden_flags) is not true
    order by walk.job_queue_id, walk.priority, walk.run_at, walk.id
  ),
  free as (
    select heads.*
    from heads
    cross join lateral (
      select from graphile_worker._private_job_queues as queues
      where queues.id = heads.job_queue_id and queues.is_available = true
      limit 1
    ) as queue
    order by heads.priority, heads.run_at, heads.id
    limit max_jobs
  )
  select
    (select count(*) from walk),
    coalesce(array_agg(free.job_queue_id), '{}'),
    coalesce(array_agg(free.id), '{}')
  into walked, walked_queues, walked_jobs
  from free;

  return query select * from unnest(walked_queues, walked_jobs);
  if walked < walk_length or cardinality(walked_queues) >= max_jobs then
    return;
  end if;

  -- The second lap is for a ring that came to its end without finding anything.
  for lap in 1..2 loop
    with recursive ring (queue_id, place) as (
      select ring_start, 0
      union all
      select next.queue_id, ring.place + 1
      from ring
      cross join lateral (
        select jobs.job_queue_id as queue_id
        from graphile_worker._private_jobs as jobs
        where jobs.is_available = true and jobs.job_queue_id > ring.queue_id
        order by jobs.job_queue_id
        limit 1
      ) as next
      where ring.place < ring_length
    ),
    free as (
      select ring.queue_id, head.*
      from ring
      cross join lateral (
        select from graphile_worker._private_job_queues as queues
        where queues.id = ring.queue_id and queues.is_available = true
        limit 1
      ) as queue
      cross join lateral (
        with recursive priorities (priority) as (
          (
            select jobs.priority
            from graphile_worker._private_jobs as jobs
            where jobs.is_available = true and jobs.job_queue_id = ring.queue_id
            order by jobs.priority
            limit 1
          )
          union all
          select next.priority
          from priorities
          cross join lateral (
            select jobs.priority
            from graphile_worker._private_jobs as jobs
            where jobs.is_available = true and jobs.job_queue_id = ring.queue_id
            and jobs.priority > priorities.priority
            order by jobs.priority
            limit 1
          ) as next
        )
        select first.*
        from priorities
        cross join lateral (
          select jobs.priority, jobs.run_at, jobs.id
          from graphile_worker._private_jobs as jobs
          where jobs.is_available = true and jobs.job_queue_id = ring.queue_id
          and jobs.priority = priorities.priority and jobs.run_at <= now()
          and jobs.task_id = any (task_ids) and (jobs.flags ?| forbidden_flags) is not true
          order by jobs.run_at, jobs.id
          limit 1
        ) as first
        limit 1
      ) as head
      where ring.queue_id <> all (walked_queues)
      order by head.priority, head.run_at, head.id
      limit max_jobs - cardinality(walked_queues)
    )
    select
      (select count(*) - 1 from ring),
      (select max(ring.queue_id) from ring),
      array_agg(free.queue_id),
      array_agg(free.id)
    into ringed, ring_start, ringed_queues, ringed_jobs
    from free;
    if ringed < ring_length then
      ring_start := 0;
    end if;
    exit when ringed = ring_length or ringed_jobs is not null;
  end loop;

  perform set_config('taskwright.ring_start', ring_start::text, false);
  return query select * from unnest(ringed_queues, ringed_jobs);
end;
$taskwright$;
