-- Which queues give a job now, and which job: the part of a claim that looks for queued jobs and locks
-- them, with their queues' rows.
--
-- Three scans, because each one alone has a pathological case:
--   walk  goes through the due queued jobs in the order in which they should run, up to a length. It
--         never sees jobs that are scheduled for later, but a long backlog behind a busy queue fills
--         it. Unless it is filled it has seen all there is, and the order across queues is exact.
--   tail  goes through the due queued jobs from the newest back, up to a length: what became due
--         just now is found behind any backlog.
--   ring  goes from queue to queue, past any backlog, from after_queue on and up to a length.
-- Tail and ring only come when the walk was filled and gave too little; the order is then exact
-- among the queues that they saw.
--
-- A queue or a job that another transaction has locked is passed over: the look goes on with the next
-- best one. So an open transaction that holds the first jobs of any number of queues stops these
-- queues and no other one. (A queue whose first job is locked waits for it, to keep its order.)
--
-- No queue starves. The ring moves on with each claim that uses it, whether the claim found enough or
-- not: the caller passes look_on as the next after_queue. Let m be max_jobs and Q the number of queues
-- with available jobs. A round of the ring takes at most Q / (2 m + 50) + 2 claims that use it, and
-- looks at every queue. When it comes to a queue that is free, that queue's first due job is taken
-- unless the claim takes m other jobs that precede it. So a job that r runnable jobs precede is taken
-- after at most r / m + 1 rounds. (Claims that don't use the ring have taken m jobs that precede it.)
--
-- look_on is null when everything was seen and nothing is to be looked at again, or when the walk gave
-- enough. Otherwise it is the queue after which the next claim should look on: 0, from the first queue,
-- when the ring came to its end, or when the claim saw everything and something was locked.
--
-- Of the worker's tasks only those in open_ids may run now. A queue whose first job is of another one
-- waits with it, so that neither a pause nor a limit changes the order in a queue. A queue is
-- not blocked by jobs whose task or flags this worker may not run: other workers will take them.
--
-- Where waiting queued jobs have too many distinct priorities to look at each (26_priorities), walk,
-- tail and ring see jobs of extreme priorities by their time, the walk and the tail at most as many as
-- their length, the ring 10 of each queue. Then "first" and "precede" mean: among these.
--
-- The cost grows with max_jobs, with the number of distinct priorities among waiting queued jobs, up to
-- 100 of them, and with the jobs at a queue's head that this worker may not run. It does not grow with
-- the number of queues, of locked queues, of jobs behind busy queues, or of jobs scheduled for later.
create or replace function graphile_worker.taskwright_find_queues(
  task_ids int[],
  open_ids int[],
  paused_queues int[],
  forbidden_flags text[],
  max_jobs int,
  after_queue int,
  out queue_ids int[],
  out head_ids bigint[],
  out look_on int
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_find_queues 4
#variable_conflict use_column
declare
  walk_length constant int := 4 * max_jobs + 50;
  tail_length constant int := 50;
  ring_length constant int := 2 * max_jobs + 50;
  extreme_length constant int := 10;
  priorities smallint[];
  are_all boolean;
  walked int;
  tried int[];
begin
  select found.priorities, found.are_all
  into priorities, are_all
  from graphile_worker.taskwright_find_priorities(true) as found;

  -- One index range for each priority: a range over several would hold the jobs for later, too.
  with walk as materialized (
    (
      select due.*, false as is_extreme
      from unnest(priorities) as level (priority)
      cross join lateral (
        select jobs.id, jobs.job_queue_id, jobs.task_id, jobs.priority, jobs.run_at, jobs.flags
        from graphile_worker._private_jobs as jobs
        where jobs.is_available = true and jobs.job_queue_id is not null and jobs.max_attempts >= 1
        and jobs.priority = level.priority and jobs.run_at <= now()
        order by jobs.run_at, jobs.id
        limit walk_length
      ) as due
      limit walk_length
    )
    union all
    (
      select jobs.id, jobs.job_queue_id, jobs.task_id, jobs.priority, jobs.run_at, jobs.flags, true
      from graphile_worker._private_jobs as jobs
      where not are_all
      and jobs.is_available = true and jobs.job_queue_id is not null
      and (jobs.priority < -32 or jobs.priority > 32) and jobs.run_at <= now()
      order by jobs.run_at, jobs.id
      limit walk_length
    )
  ),
  heads as (
    select distinct on (walk.job_queue_id) walk.*
    from walk
    where walk.task_id = any (task_ids) and (walk.flags ?| forbidden_flags) is not true
    order by walk.job_queue_id, walk.priority, walk.run_at, walk.id
  ),
  free as materialized (
    select heads.*
    from heads
    cross join lateral (
      select from graphile_worker._private_job_queues as queues
      where queues.id = heads.job_queue_id and queues.is_available = true
      limit 1
    ) as queue
    where heads.task_id = any (open_ids) and heads.job_queue_id <> all (paused_queues)
    order by heads.priority, heads.run_at, heads.id
  ),
  locked as materialized (
    select queue.id as queue_id, head.id
    from free
    -- In the order of `free`, and no further than the limit. Both rows are looked at again under
    -- their locks.
    cross join lateral (
      select queues.id
      from graphile_worker._private_job_queues as queues
      where queues.id = free.job_queue_id and queues.is_available = true
      for no key update skip locked
    ) as queue
    -- After the queue, since it refers to it. Spelt out instead of is_available, so that nothing but
    -- the primary key can be used.
    cross join lateral (
      select jobs.id
      from graphile_worker._private_jobs as jobs
      where jobs.id = free.id and jobs.job_queue_id = queue.id
      and jobs.locked_at is null and jobs.attempts < jobs.max_attempts and jobs.run_at <= now()
      and jobs.task_id = any (open_ids) and (jobs.flags ?| forbidden_flags) is not true
      for update skip locked
    ) as head
    limit max_jobs
  )
  select
    (
      select greatest(
        count(*) filter (where walk.is_extreme), count(*) filter (where not walk.is_extreme)
      )
      from walk
    ),
    (select coalesce(array_agg(free.job_queue_id), '{}') from free),
    coalesce(array_agg(locked.queue_id), '{}'),
    coalesce(array_agg(locked.id), '{}')
  into walked, tried, queue_ids, head_ids
  from locked;

  if cardinality(queue_ids) >= max_jobs then
    return;
  elsif walked < walk_length then
    look_on := case when cardinality(queue_ids) < cardinality(tried) then 0 end;
    return;
  end if;

  with recursive ring (queue_id, place) as (
    select after_queue, 0
    union all
    select next.job_queue_id, ring.place + 1
    from ring
    cross join lateral (
      select jobs.job_queue_id
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id > ring.queue_id
      order by jobs.job_queue_id, jobs.priority, jobs.run_at, jobs.id
      limit 1
    ) as next
    where ring.place < ring_length
  ),
  tail as (
    select due.job_queue_id
    from unnest(priorities) as level (priority)
    cross join lateral (
      select jobs.job_queue_id
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is not null and jobs.max_attempts >= 1
      and jobs.priority = level.priority and jobs.run_at <= now()
      order by jobs.run_at desc, jobs.id desc
      limit tail_length
    ) as due
    union all
    (
      select jobs.job_queue_id
      from graphile_worker._private_jobs as jobs
      where not are_all
      and jobs.is_available = true and jobs.job_queue_id is not null
      and (jobs.priority < -32 or jobs.priority > 32) and jobs.run_at <= now()
      order by jobs.run_at desc, jobs.id desc
      limit tail_length
    )
  ),
  seen (queue_id) as (
    select ring.queue_id from ring
    union
    select tail.job_queue_id from tail
    except
    select unnest(tried || paused_queues)
  ),
  free as materialized (
    select seen.queue_id, head.*
    from seen
    cross join lateral (
      select from graphile_worker._private_job_queues as queues
      where queues.id = seen.queue_id and queues.is_available = true
      limit 1
    ) as queue
    cross join lateral (
      (
        select first.*
        from unnest(priorities) as level (priority)
        cross join lateral (
          select jobs.priority, jobs.run_at, jobs.id, jobs.task_id
          from graphile_worker._private_jobs as jobs
          where jobs.is_available = true and jobs.job_queue_id = seen.queue_id
          and jobs.priority = level.priority and jobs.run_at <= now()
          and jobs.task_id = any (task_ids) and (jobs.flags ?| forbidden_flags) is not true
          order by jobs.run_at, jobs.id
          limit 1
        ) as first
        limit 1
      )
      union all
      (
        select jobs.priority, jobs.run_at, jobs.id, jobs.task_id
        from graphile_worker._private_jobs as jobs
        where not are_all
        and jobs.is_available = true and jobs.job_queue_id = seen.queue_id
        and (jobs.priority < -32 or jobs.priority > 32) and jobs.run_at <= now()
        and jobs.task_id = any (task_ids) and (jobs.flags ?| forbidden_flags) is not true
        order by jobs.run_at, jobs.id
        limit extreme_length
      )
      order by priority, run_at, id
      limit 1
    ) as head
    where head.task_id = any (open_ids)
    order by head.priority, head.run_at, head.id
  ),
  -- As above.
  locked as materialized (
    select queue.id as queue_id, head.id
    from free
    cross join lateral (
      select queues.id
      from graphile_worker._private_job_queues as queues
      where queues.id = free.queue_id and queues.is_available = true
      for no key update skip locked
    ) as queue
    cross join lateral (
      select jobs.id
      from graphile_worker._private_jobs as jobs
      where jobs.id = free.id and jobs.job_queue_id = queue.id
      and jobs.locked_at is null and jobs.attempts < jobs.max_attempts and jobs.run_at <= now()
      and jobs.task_id = any (open_ids) and (jobs.flags ?| forbidden_flags) is not true
      for update skip locked
    ) as head
    limit max_jobs - cardinality(queue_ids)
  )
  select
    queue_ids || coalesce(array_agg(locked.queue_id), '{}'),
    head_ids || coalesce(array_agg(locked.id), '{}'),
    coalesce(
      (select ring.queue_id from ring where ring.place = ring_length),
      case
        when after_queue > 0
        or cardinality(queue_ids) + count(*) < cardinality(tried) + (select count(*) from free)
          then 0
      end
    )
  into queue_ids, head_ids, look_on
  from locked;
end;
$taskwright$;
