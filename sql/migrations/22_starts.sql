-- What sweeps know of a dead worker's jobs: which of them had started, how often a worker died while it
-- ran them, and which holders of locks are Taskwright workers.

-- Jobs whose handler has started. A mark counts only while its job is still under the same lock, as a
-- slot does, so nothing has to delete it: whatever ends the lock makes the mark void. Unlogged, since a
-- worker may write one for each job that it runs; a crash of the server, or a fail-over, forgets them.
create unlogged table if not exists graphile_worker.taskwright_starts (
  job_id bigint not null,
  worker_id text not null,
  locked_at timestamptz not null,
  constraint taskwright_starts_pkey primary key (job_id)
);
alter table graphile_worker.taskwright_starts enable row level security;

-- How often a worker died while it ran a job. Written by recoveries alone; the count is void once the
-- job was replaced or got attempts back (see taskwright_count_crashes).
create table if not exists graphile_worker.taskwright_crashes (
  job_id bigint not null,
  crashes int not null,
  attempts int not null,
  revision int not null,
  constraint taskwright_crashes_pkey primary key (job_id)
);
alter table graphile_worker.taskwright_crashes enable row level security;

-- Taskwright workers that have registered and did not sign off, whatever became of their rows in
-- _private_workers since. A holder of locks that is here and not there is dead, or was declared dead:
-- it claims nothing until it has registered again.
create table if not exists graphile_worker.taskwright_workers (
  id text not null,
  constraint taskwright_workers_pkey primary key (id)
);
alter table graphile_worker.taskwright_workers enable row level security;

-- Marks those of the given jobs as started that the worker still holds, fenced as in
-- taskwright_settle_jobs, and answers with their ids. Marks of jobs that have ended are deleted.
create or replace function graphile_worker.taskwright_mark_starts(
  worker_id text,
  locks timestamptz[],
  job_ids bigint[],
  ended_locks timestamptz[],
  ended_ids bigint[]
) returns setof bigint
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_mark_starts 2
#variable_conflict use_variable
begin
  return query
  with held as (
    select jobs.id, jobs.locked_at
    from graphile_worker._private_jobs as jobs
    where jobs.id = any (job_ids)
    and jobs.locked_by = worker_id and jobs.locked_at = any (locks)
  ),
  ended as (
    delete from graphile_worker.taskwright_starts as starts
    where starts.job_id = any (ended_ids) and starts.job_id <> all (job_ids)
    and starts.worker_id = taskwright_mark_starts.worker_id
    and starts.locked_at = any (ended_locks)
  ),
  marked as (
    insert into graphile_worker.taskwright_starts (job_id, worker_id, locked_at)
    select held.id, taskwright_mark_starts.worker_id, held.locked_at from held order by held.id
    on conflict on constraint taskwright_starts_pkey do update
    set worker_id = excluded.worker_id, locked_at = excluded.locked_at
  )
  select held.id from held;
end;
$taskwright$;

-- Writes a worker's heartbeat, and returns whether it was registered until now. One that was registered
-- before and isn't any more was declared dead: other workers may have its jobs.
--
-- The row may be deleted by a sweep that this waits for; an insert that updates on conflict could not
-- tell. A sweep that left some of the worker's jobs kept the row, and set started_at to a time after the
-- last heartbeat (24_recover_jobs). The worker begins anew then, as if the row had been deleted.
create or replace function graphile_worker.taskwright_beat(worker_id text, metadata json)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_beat 3
declare
  beat_at constant timestamptz := clock_timestamp();
begin
  update graphile_worker._private_workers as workers
  set last_heartbeat_at = beat_at, metadata = taskwright_beat.metadata::jsonb
  where workers.id = taskwright_beat.worker_id and workers.started_at <= workers.last_heartbeat_at;
  if found then
    return true;
  end if;
  update graphile_worker._private_workers as workers
  set
    last_heartbeat_at = beat_at,
    started_at = beat_at,
    metadata = taskwright_beat.metadata::jsonb
  where workers.id = taskwright_beat.worker_id;
  if found then
    return false;
  end if;
  -- Locked first: taskwright_adopt_workers passes by whoever is registering.
  insert into graphile_worker.taskwright_workers as known (id) values (taskwright_beat.worker_id)
  on conflict (id) do update set id = excluded.id;
  perform graphile_worker.worker_heartbeat(taskwright_beat.worker_id, taskwright_beat.metadata);
  return false;
end;
$taskwright$;

-- Fails unless the worker is registered, and keeps it registered until the end of the transaction. To
-- be called by each claim that has found something: a worker that was declared dead must not lock jobs
-- that no sweep would find. A sweep locks the worker's row before it looks at its jobs; then this skips
-- it.
create or replace function graphile_worker.taskwright_require_registration(worker_id text)
returns boolean
language plpgsql
set enable_seqscan = off
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_require_registration 2
begin
  perform from graphile_worker._private_workers as workers
  where workers.id = taskwright_require_registration.worker_id
  for key share skip locked;
  if not found then
    raise exception 'Worker % is not registered.', worker_id using errcode = 'TWUNR';
  end if;
  return true;
end;
$taskwright$;
