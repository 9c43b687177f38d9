-- Heartbeats. The table and the functions are those of the Rust crate's revision 20, by name and
-- signature, so that its workers and ours recover each other's jobs. Node's peer ignores them.

create table if not exists graphile_worker._private_workers (
  id text primary key,
  last_heartbeat_at timestamptz not null,
  started_at timestamptz not null default now(),
  metadata jsonb
);

create index if not exists _private_workers_last_heartbeat_at_idx
  on graphile_worker._private_workers (last_heartbeat_at);

-- Registers a worker, or says that it still lives. Metadata of null keeps what is there.
create or replace function graphile_worker.worker_heartbeat(
  worker_id text,
  metadata json default null::json
) returns void
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: worker_heartbeat 2
  insert into graphile_worker._private_workers as workers (id, last_heartbeat_at, metadata)
  values (worker_heartbeat.worker_id, now(), worker_heartbeat.metadata::jsonb)
  on conflict (id) do update set
    last_heartbeat_at = excluded.last_heartbeat_at,
    metadata = coalesce(excluded.metadata, workers.metadata);
$taskwright$;

-- How long a worker may be silent, in milliseconds. Taskwright's workers write it into their metadata. For
-- other workers, and where the metadata has no valid number, it is foreign_ms.
create or replace function graphile_worker.taskwright_silence_limit(
  metadata jsonb,
  foreign_ms float8
) returns float8
language sql
immutable
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: taskwright_silence_limit 2
  select case
    when jsonb_typeof(metadata -> 'sweepThresholdMs') = 'number'
    then case
      when (metadata ->> 'sweepThresholdMs')::numeric between 1 and 2147483647
        then (metadata ->> 'sweepThresholdMs')::float8
      else foreign_ms
    end
    else foreign_ms
  end;
$taskwright$;

create or replace function graphile_worker.worker_deregister(worker_id text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: worker_deregister 2
  delete from graphile_worker._private_workers as workers
  where workers.id = worker_deregister.worker_id;
$taskwright$;

-- Registered workers whose heart has not beaten for longer than the threshold.
create or replace function graphile_worker.list_stale_workers(stale_threshold interval)
returns table (worker_id text)
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: list_stale_workers 2
  select workers.id
  from graphile_worker._private_workers as workers
  where workers.last_heartbeat_at < now() - stale_threshold;
$taskwright$;

-- Holders of locks older than the threshold that never registered, or are registered no more.
create or replace function graphile_worker.list_orphan_locked_workers(stale_threshold interval)
returns table (worker_id text)
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: list_orphan_locked_workers 2
  select locks.locked_by
  from (
    select jobs.locked_by, jobs.locked_at from graphile_worker._private_jobs as jobs
    union all
    select queues.locked_by, queues.locked_at from graphile_worker._private_job_queues as queues
  ) as locks
  where locks.locked_by is not null
  and locks.locked_at < now() - stale_threshold
  and not exists (
    select from graphile_worker._private_workers as workers where workers.id = locks.locked_by
  )
  group by locks.locked_by;
$taskwright$;

-- Frees what dead workers held (24_recover_jobs). Returns how many jobs. Their rows are locked first, so
-- that none of ours claims between this and delete_stale_workers, which the crate's sweep calls next in
-- the same transaction.
create or replace function graphile_worker.recover_dead_worker_jobs(
  worker_ids text[],
  recovery_delay interval default interval '0 seconds'
) returns int
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: recover_dead_worker_jobs 5
declare
  recovered_count int;
begin
  perform from graphile_worker._private_workers as workers
  where workers.id = any (worker_ids)
  order by workers.id
  for update;
  select count(*) into recovered_count
  from graphile_worker.taskwright_recover_jobs(
    worker_ids, recovery_delay => recovery_delay, waits => true
  );
  perform from graphile_worker.taskwright_free_queues(worker_ids);
  return recovered_count;
end;
$taskwright$;

-- Forgets workers, once their jobs were recovered.
create or replace function graphile_worker.delete_stale_workers(worker_ids text[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $taskwright$
  -- taskwright: delete_stale_workers 2
  delete from graphile_worker._private_workers as workers where workers.id = any (worker_ids);
$taskwright$;
