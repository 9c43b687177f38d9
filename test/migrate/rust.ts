import type { Pool } from "pg";
import { migratePeer } from "../support/peer.js";

/**
 * Leaves the catalogue that the Rust crate's revisions 19 to 22 leave, written anew from what they do
 * (graphile_worker_migrations 0.4.24); `pnpm test:rust` compares it with the crate's own. Up to 18
 * they make what Node's peer makes. None is flagged as breaking.
 */
export async function migrateAsRust(
  revision: 19 | 20 | 21 | 22,
  pool: Pool,
  connectionString: string,
): Promise<void> {
  await migratePeer(18, connectionString);
  await continueAsRust(revision, pool);
}

/** Goes on from what the ledger says, as the crate's workers do when they start. */
export async function continueAsRust(revision: 19 | 20 | 21 | 22, pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ last: number }>(
    "select max(id) as last from graphile_worker.migrations",
  );
  for (let next = (rows[0]?.last ?? 0) + 1; next <= revision; next++) {
    await pool.query(steps[next as keyof typeof steps]);
    await pool.query("insert into graphile_worker.migrations (id) values ($1)", [next]);
  }
}

/** A row of markers for each of the ids, where the revision has markers. */
const mark = (source: string) =>
  `insert into graphile_worker._private_job_retirements (id) select id from ${source} on conflict do nothing`;

/** Takes the key and the attempts from jobs that run or have failed, then inserts or replaces. */
const addJobs = (hasMarkers: boolean) => `
  create or replace function graphile_worker.add_jobs(
    specs graphile_worker.job_spec[], job_key_preserve_run_at boolean default false
  ) returns setof graphile_worker._private_jobs language plpgsql as $$
  declare unmarked int;
  begin
    perform pg_advisory_xact_lock(hashtext(keys.job_key))
      from (select distinct job_key from unnest(specs) where job_key is not null order by 1) as keys;
    insert into graphile_worker._private_tasks (identifier)
      select distinct identifier from unnest(specs) on conflict do nothing;
    insert into graphile_worker._private_job_queues (queue_name)
      select distinct queue_name from unnest(specs) where queue_name is not null on conflict do nothing;
    with gone as (
      update graphile_worker._private_jobs as jobs
      set key = null, attempts = jobs.max_attempts, updated_at = now()
      from unnest(specs) as spec
      where jobs.key = spec.job_key and not jobs.is_available
      returning jobs.id
    )
    ${hasMarkers ? mark("gone") : "select count(*) from gone into unmarked"};
    perform pg_notify('jobs:insert', json_build_object('r', random(), 'count', cardinality(specs))::text);
    return query
      insert into graphile_worker._private_jobs as jobs
        (job_queue_id, task_id, payload, run_at, max_attempts, key, priority, flags)
      select queues.id, tasks.id, coalesce(spec.payload, '{}'), coalesce(spec.run_at, now()),
        coalesce(spec.max_attempts, 25), spec.job_key, coalesce(spec.priority, 0),
        (select jsonb_object_agg(flag, true) from unnest(spec.flags) as flag)
      from unnest(specs) as spec
      join graphile_worker._private_tasks as tasks on tasks.identifier = spec.identifier
      left join graphile_worker._private_job_queues as queues on queues.queue_name = spec.queue_name
      on conflict (key) do update set
        job_queue_id = excluded.job_queue_id, task_id = excluded.task_id, priority = excluded.priority,
        max_attempts = excluded.max_attempts, flags = excluded.flags, attempts = 0, last_error = null,
        revision = jobs.revision + 1, updated_at = now(),
        payload = case when json_typeof(jobs.payload) = 'array' and json_typeof(excluded.payload) = 'array'
          then (jobs.payload::jsonb || excluded.payload::jsonb)::json else excluded.payload end,
        run_at = case when job_key_preserve_run_at and jobs.attempts = 0
          then jobs.run_at else excluded.run_at end
      where jobs.locked_at is null
      returning *;
  end $$;`;

const addJob = `
  create or replace function graphile_worker.add_job(
    identifier text, payload json default null, queue_name text default null,
    run_at timestamptz default null, max_attempts int default null, job_key text default null,
    priority int default null, flags text[] default null, job_key_mode text default 'replace'
  ) returns graphile_worker._private_jobs language plpgsql as $$
  declare added graphile_worker._private_jobs;
  begin
    if job_key_mode = 'unsafe_dedupe' then
      update graphile_worker._private_jobs as jobs set revision = revision + 1, updated_at = now()
        where jobs.key = job_key returning * into added;
      if found then return added; end if;
    end if;
    select * into added from graphile_worker.add_jobs(array[(
      identifier, payload, queue_name, run_at, max_attempts, job_key, priority, flags
    )::graphile_worker.job_spec], job_key_mode = 'preserve_run_at');
    if added.id is null then
      raise 'No job for this key.' using errcode = 'GWNOR';
    end if;
    return added;
  end $$;`;

const workers = `
  create table if not exists graphile_worker._private_workers (
    id text primary key, last_heartbeat_at timestamptz not null,
    started_at timestamptz not null default now(), metadata jsonb
  );
  create index if not exists _private_workers_last_heartbeat_at_idx
    on graphile_worker._private_workers (last_heartbeat_at);
  create or replace function graphile_worker.worker_heartbeat(worker_id text, metadata json default null::json)
    returns void language sql as $$
      insert into graphile_worker._private_workers as workers values ($1, now(), now(), $2::jsonb)
      on conflict (id) do update set
        last_heartbeat_at = now(), metadata = coalesce(excluded.metadata, workers.metadata)
    $$;
  create or replace function graphile_worker.worker_deregister(worker_id text) returns void language sql
    as 'delete from graphile_worker._private_workers where id = $1';
  create or replace function graphile_worker.list_stale_workers(stale_threshold interval)
    returns table (worker_id text) language sql
    as 'select id from graphile_worker._private_workers where last_heartbeat_at < now() - $1';
  create or replace function graphile_worker.list_orphan_locked_workers(stale_threshold interval)
    returns table (worker_id text) language sql as $$
      select locked_by from (
        select locked_by, locked_at from graphile_worker._private_jobs
        union select locked_by, locked_at from graphile_worker._private_job_queues
      ) as locks
      where locked_at < now() - $1 and locked_by not in (select id from graphile_worker._private_workers)
      group by locked_by
    $$;
  create or replace function graphile_worker.delete_stale_workers(worker_ids text[]) returns void
    language sql as 'delete from graphile_worker._private_workers where id = any ($1)';`;

const recover = (hasMarkers: boolean) => `
  create or replace function graphile_worker.recover_dead_worker_jobs(
    worker_ids text[], recovery_delay interval default interval '0 seconds'
  ) returns int language plpgsql as $$
  declare recovered int;
  begin
    update graphile_worker._private_jobs as jobs set
      attempts = ${
        hasMarkers
          ? `case when id in (select id from graphile_worker._private_job_retirements)
               then attempts else greatest(0, attempts - 1) end`
          : "greatest(0, attempts - 1)"
      },
      locked_by = null, locked_at = null, run_at = greatest(run_at, now() + recovery_delay),
      last_error = 'Job recovered after worker interruption', updated_at = now()
    where locked_by = any (worker_ids);
    get diagnostics recovered = row_count;
    update graphile_worker._private_job_queues set locked_by = null, locked_at = null
    where locked_by = any (worker_ids);
    return recovered;
  end $$;`;

const isFree = "(jobs.locked_at is null or jobs.locked_at < now() - interval '4 hours')";

const markers = `
  create table graphile_worker._private_job_retirements (
    id bigint primary key references graphile_worker._private_jobs on delete cascade
  );
  create or replace function graphile_worker.reschedule_jobs(
    job_ids bigint[], run_at timestamptz default null::timestamptz, priority int default null::int,
    attempts int default null::int, max_attempts int default null::int
  ) returns setof graphile_worker._private_jobs language plpgsql as $$
  begin
    delete from graphile_worker._private_job_retirements as markers
    using graphile_worker._private_jobs as jobs
    where jobs.id = any (job_ids) and ${isFree} and markers.id = jobs.id;
    return query
      update graphile_worker._private_jobs as jobs set
        run_at = coalesce(reschedule_jobs.run_at, jobs.run_at),
        priority = coalesce(reschedule_jobs.priority, jobs.priority),
        attempts = coalesce(reschedule_jobs.attempts, jobs.attempts),
        max_attempts = coalesce(reschedule_jobs.max_attempts, jobs.max_attempts), updated_at = now()
      where jobs.id = any (job_ids) and ${isFree} returning *;
  end $$;
  create or replace function graphile_worker.remove_job(job_key text)
    returns graphile_worker._private_jobs language plpgsql strict as $$
  declare removed graphile_worker._private_jobs;
  begin
    delete from graphile_worker._private_jobs as jobs where key = job_key and ${isFree}
    returning * into removed;
    if removed is null then
      update graphile_worker._private_jobs as jobs
      set key = null, attempts = jobs.max_attempts, updated_at = now()
      where key = job_key returning * into removed;
      ${mark("(select removed.id) as gone where id is not null")};
    end if;
    return removed;
  end $$;
  create or replace function graphile_worker.permanently_fail_jobs(
    job_ids bigint[], error_message text default null::text
  ) returns setof graphile_worker._private_jobs language sql as $$
    with gone as (
      update graphile_worker._private_jobs as jobs set
        last_error = coalesce(error_message, 'Manually marked as failed'),
        attempts = max_attempts, updated_at = now()
      where jobs.id = any (job_ids) and ${isFree} returning *
    ), marked as (${mark("gone")})
    select * from gone
  $$;
  create function graphile_worker._private_return_jobs(
    worker_id text, job_ids bigint[], recovery_delay_ms bigint default null,
    recovery_error text default null, update_recovery_metadata boolean default false
  ) returns void language plpgsql as $$
  begin
    with returned as (
      update graphile_worker._private_jobs as jobs set
        attempts = case when id in (select id from graphile_worker._private_job_retirements)
          then attempts else greatest(0, attempts - 1) end,
        locked_by = null, locked_at = null
      where jobs.id = any (job_ids) and jobs.locked_by = worker_id returning job_queue_id
    )
    update graphile_worker._private_job_queues as queues set locked_by = null, locked_at = null
    from returned where queues.id = returned.job_queue_id and queues.locked_by = worker_id;
  end $$;`;

const steps = {
  19: addJobs(false) + addJob,
  20: workers + recover(false),
  21: addJobs(false) + addJob + workers + recover(false),
  22: markers + addJobs(true) + recover(true),
} as const;
