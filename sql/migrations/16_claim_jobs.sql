-- How many of some jobs a claim takes: as many from the first on as have no more than max_bytes of payload
-- together, as JSON text. The first one is always among them, however large it is. Sizes are those that
-- are known already; one that is null is looked up here. That decompresses the payload, so it is done one
-- by one and no further than the limit.
create or replace function graphile_worker.taskwright_count_fitting(
  job_ids bigint[],
  sizes int[],
  max_bytes int
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_count_fitting 1
declare
  count constant int := coalesce(cardinality(job_ids), 0);
  total bigint := 0;
  size int;
begin
  if max_bytes is null then
    return count;
  end if;
  for place in 1 .. count loop
    size := sizes[place];
    if size is null then
      select octet_length(jobs.payload::text) into size
      from graphile_worker._private_jobs as jobs
      where jobs.id = job_ids[place];
    end if;
    total := total + coalesce(size, 0);
    if total > max_bytes and place > 1 then
      return place - 1;
    end if;
  end loop;
  return count;
end;
$taskwright$;

-- The signature from before claims were bounded by bytes. Workers of that version call the new one, whose
-- max_bytes is null then.
drop function if exists graphile_worker.taskwright_claim_jobs(text, int[], text[], int, int, json);

-- The answer from before a slot could be for several jobs had no slot. The signature stays: workers of that
-- version have prepared a statement with it.
do $taskwright$
begin
  if exists (
    select from pg_proc
    where oid = to_regprocedure(
      $name$graphile_worker.taskwright_claim_jobs(text, int[], text[], int, int, json, int)$name$
    )
    and 'slot' <> all (proargnames)
  ) then
    drop function graphile_worker.taskwright_claim_jobs(text, int[], text[], int, int, json, int);
  end if;
end;
$taskwright$;

-- Locks up to max_jobs due jobs for a worker, best first, and counts the attempt.
--
-- A queue's jobs run one at a time, across all workers and both peers: at most one job of a queue is
-- taken, only with that queue's own row locked, and both rows are looked at again under their locks
-- (15_find_queues). Rows that another transaction holds are skipped, never waited for, so claims can't
-- deadlock.
--
-- look_on is that of taskwright_find_queues: what the next claim passes as after_queue, and, when this
-- one found less than it asked for, that there may be more and the next one should come soon. If
-- nothing at all was found, one row says just that, its id null.
--
-- Neither queued nor unqueued jobs starve the other ones: the best of both are taken, in one order.
--
-- What is paused is left alone. Limits are those of taskwright_find_room, or null: a task without room
-- is left alone, too, and of one with room no more is taken. That may leave the claim short while jobs
-- of other tasks wait behind: a claim that brought a limited task's jobs should be followed by another.
-- Of the jobs that have the same slot, the worker may run one at a time.
--
-- The order is exact unless waiting jobs have more than 100 distinct priorities (26_priorities).
--
-- A claim takes no more than max_bytes of payload, as JSON text, but always one job; null is no limit. The
-- jobs that don't fit stay as they are, and is_cut says that there are some. The rest is taken in the order
-- of all jobs: a job that doesn't fit isn't passed by for a smaller one behind it.
--
-- The cost grows with max_jobs, with the number of distinct priorities among waiting jobs, up to 100 of
-- them, with the jobs that stand ahead and that this worker may not run (other tasks, paused tasks, tasks without
-- room, forbidden flags), with unqueued jobs that stand ahead and that other transactions hold, and
-- with the index entries that earlier claims left dead since the last vacuum. It does not grow with the
-- number of queues, of jobs behind busy queues, or of jobs scheduled for later.
--
-- A function, so that its plan can be pinned. A plan that stays prepared while a table was empty
-- (a queue's usual state) may be a sequential scan, and it stays one until the next analyze,
-- however many jobs arrive meanwhile; a plan made for each call costs more than the claim itself.
-- The settings leave only walks along the right index, and hold for this function alone.
--
-- What drivers parse in ways of their own comes as text: numbers that a double can't hold, JSON, and
-- times (ISO, in UTC, whatever the session prefers).
create or replace function graphile_worker.taskwright_claim_jobs(
  worker_id text,
  task_ids int[],
  forbidden_flags text[],
  max_jobs int,
  after_queue int,
  limits json default null,
  max_bytes int default null
) returns table (
  id text,
  task_id int,
  queue_name text,
  payload text,
  priority smallint,
  run_at text,
  attempts smallint,
  max_attempts smallint,
  last_error text,
  created_at text,
  updated_at text,
  key text,
  locked_at text,
  revision int,
  flags text,
  slot int,
  look_on int,
  is_cut boolean
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set jit = off
set plan_cache_mode = force_generic_plan
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_claim_jobs 8
#variable_conflict use_column
declare
  open_ids int[] := task_ids;
  paused_queues int[] := '{}';
  rooms json := '[]';
  limited_ids int[] := '{}';
  head_ids bigint[];
  next_queue int;
  priorities smallint[];
  are_all boolean;
  extreme_ids bigint[] := '{}';
  -- A payload of this stored size or less is measured at once. A larger one may be out of line or
  -- compressed, so that measuring it costs a multiple.
  small constant int := 2000;
begin
  if exists (select from graphile_worker.taskwright_pauses) then
    open_ids := graphile_worker.taskwright_open_tasks(task_ids);
    paused_queues := graphile_worker.taskwright_paused_queues();
  end if;

  if limits is not null then
    rooms := graphile_worker.taskwright_find_room(limits, open_ids, max_jobs);
    limited_ids := array(
      select limited.task_id from json_to_recordset(rooms) as limited (task_id int)
    );
    open_ids := array(
      select given.id
      from unnest(open_ids) as given (id)
      where not exists (
        select from json_to_recordset(rooms) as limited (task_id int, room int)
        where limited.task_id = given.id and limited.room <= 0
      )
    );
  end if;

  select found.head_ids, found.look_on
  into head_ids, next_queue
  from graphile_worker.taskwright_find_queues(
    task_ids, open_ids, paused_queues, forbidden_flags, max_jobs, after_queue
  ) as found;

  select found.priorities, found.are_all
  into priorities, are_all
  from graphile_worker.taskwright_find_priorities(false) as found;
  if not are_all then
    extreme_ids := graphile_worker.taskwright_lock_extreme_jobs(open_ids, forbidden_flags, max_jobs);
  end if;

  return query
  with unqueued as (
    select due.*
    from unnest(priorities) as level (priority)
    cross join lateral (
      select jobs.id, jobs.task_id, jobs.priority, jobs.run_at, null::int as queue_id,
        case when pg_column_size(jobs.payload) <= small then octet_length(jobs.payload::text) end as size
      from graphile_worker._private_jobs as jobs
      where jobs.is_available = true and jobs.job_queue_id is null
      and jobs.priority = level.priority and jobs.run_at <= now()
      and jobs.task_id = any (open_ids) and (jobs.flags ?| forbidden_flags) is not true
      order by jobs.run_at, jobs.id
      limit max_jobs
      for update skip locked
    ) as due
    limit max_jobs
  ),
  -- Locked by taskwright_find_queues and taskwright_lock_extreme_jobs.
  by_id as (
    select head.*
    from unnest(head_ids || extreme_ids) as found (job_id)
    cross join lateral (
      select jobs.id, jobs.task_id, jobs.priority, jobs.run_at, jobs.job_queue_id as queue_id,
        case when pg_column_size(jobs.payload) <= small then octet_length(jobs.payload::text) end as size
      from graphile_worker._private_jobs as jobs
      where jobs.id = found.job_id
      limit 1 -- keeps it from becoming a join, which might begin with all jobs
    ) as head
  ),
  candidates as (
    select * from unqueued union all select * from by_id
  ),
  limited as (
    select
      candidates.*,
      task.room,
      row_number() over (
        partition by candidates.task_id
        order by candidates.priority, candidates.run_at, candidates.id
      ) as place
    from json_to_recordset(rooms) as task (task_id int, room int)
    join candidates on candidates.task_id = task.task_id
  ),
  chosen as (
    select id, priority, run_at, queue_id, size
    from candidates
    where task_id <> all (limited_ids)
    union all
    select id, priority, run_at, queue_id, size
    from limited
    where place <= room
    order by priority, run_at, id
    limit max_jobs
  ),
  fitting as materialized (
    select
      sorted.job_ids[:counted.jobs] as job_ids,
      sorted.queue_ids[:counted.jobs] as queue_ids,
      counted.jobs < cardinality(sorted.job_ids) as is_cut
    from (
      select
        array_agg(chosen.id order by chosen.priority, chosen.run_at, chosen.id) as job_ids,
        array_agg(chosen.queue_id order by chosen.priority, chosen.run_at, chosen.id) as queue_ids,
        array_agg(chosen.size order by chosen.priority, chosen.run_at, chosen.id) as sizes,
        -- The usual case, which needs no function.
        count(*) = count(chosen.size) and coalesce(sum(chosen.size), 0) <= max_bytes as is_fitting
      from chosen
    ) as sorted
    cross join lateral (
      select case
        when sorted.is_fitting then cardinality(sorted.job_ids)
        else graphile_worker.taskwright_count_fitting(sorted.job_ids, sorted.sizes, max_bytes)
      end as jobs
    ) as counted
  ),
  -- By arrays, not by joins: those may begin with all that is in the table.
  locked_queues as (
    update graphile_worker._private_job_queues as queues
    set locked_by = worker_id, locked_at = now()
    where queues.id = any ((select fitting.queue_ids from fitting)::int[])
  ),
  claimed as (
    update graphile_worker._private_jobs as jobs
    set attempts = jobs.attempts + 1, locked_by = worker_id, locked_at = now()
    where jobs.id = any ((select fitting.job_ids from fitting)::bigint[])
    returning jobs.*
  ),
  -- Each slot has one job before any has two.
  of_limited_tasks as (
    select
      claimed.*,
      task.slots[1 + (
        row_number() over (
          partition by claimed.task_id order by claimed.priority, claimed.run_at, claimed.id
        ) - 1
      ) % cardinality(task.slots)] as slot
    from json_to_recordset(rooms) as task (task_id int, slots int[])
    join claimed on claimed.task_id = task.task_id
  ),
  filled as (
    update graphile_worker.taskwright_slots as slots
    set job_ids = filling.job_ids, locked_at = now()
    from (
      select taken.task_id, taken.slot, array_agg(taken.id) as job_ids
      from of_limited_tasks as taken
      where taken.slot is not null
      group by taken.task_id, taken.slot
    ) as filling
    where slots.task_id = filling.task_id and slots.slot = filling.slot
  )
  select
    taken.id::text,
    taken.task_id,
    (
      select queues.queue_name
      from graphile_worker._private_job_queues as queues
      where queues.id = taken.job_queue_id
    ),
    taken.payload::text,
    taken.priority,
    taken.run_at::text,
    taken.attempts,
    taken.max_attempts,
    taken.last_error,
    taken.created_at::text,
    taken.updated_at::text,
    taken.key,
    taken.locked_at::text,
    taken.revision,
    taken.flags::text,
    taken.slot,
    next_queue,
    coalesce((select fitting.is_cut from fitting), false)
  from (select) as always
  left join (
    select claimed.*, null::int as slot from claimed where claimed.task_id <> all (limited_ids)
    union all
    select * from of_limited_tasks
  ) as taken on true
  where taken.id is not null or next_queue is not null
  order by taken.priority, taken.run_at, taken.id;
end;
$taskwright$;
