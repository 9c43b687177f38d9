-- How jobs get in, part three: the whole of a call.

-- Adds jobs and answers each spec with its job, in the order of the specs. Specs that share a key
-- act as if they had come one after another, so they share the answer too.
create or replace function graphile_worker.taskwright_add_jobs(
  specs graphile_worker.taskwright_job_spec[]
) returns table (task text, queue text, job graphile_worker._private_jobs)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_add_jobs 3
declare
  unkeyed_ids bigint[];
  turn graphile_worker.taskwright_job_spec[];
  deduplicated bigint;
begin
  if coalesce(cardinality(specs), 0) = 0 then
    return;
  end if;
  if exists (
    select from unnest(specs) as spec
    where spec.job_key is not null
    and spec.job_key_mode not in ('replace', 'preserve_run_at', 'unsafe_dedupe')
  ) then
    raise exception 'Invalid job_key_mode value, expected ''replace'', ''preserve_run_at'' or ''unsafe_dedupe''.'
      using errcode = 'GWBKM';
  end if;
  -- Until the commit no cleanup deletes a task or a queue that is looked up here (21_cleanup).
  perform pg_advisory_xact_lock_shared(x'54575254'::int, x'4E414D45'::int);
  perform graphile_worker.taskwright_ensure_names(specs);

  -- First the specs without a key and the first ones of all keys, then the second ones, and so on.
  for turn in
    select array_agg(placed.spec order by placed.place)
    from (
      select
        numbered.spec,
        numbered.place,
        case
          when (numbered.spec).job_key is null then 1
          else row_number() over (partition by (numbered.spec).job_key order by numbered.place)
        end as turn
      from (select spec, row_number() over () as place from unnest(specs) as spec) as numbered
    ) as placed
    group by placed.turn
    order by placed.turn
  loop
    if unkeyed_ids is null then
      unkeyed_ids := graphile_worker.taskwright_put_jobs(turn);
    else
      perform graphile_worker.taskwright_put_jobs(turn);
    end if;
  end loop;

  deduplicated := (
    select count(*) from unnest(specs) as spec
    where spec.job_key_mode = 'unsafe_dedupe'
    and (
      select jobs.created_at from graphile_worker._private_jobs as jobs
      where jobs.key = spec.job_key
    ) < now()
  );
  if deduplicated < cardinality(specs) then
    perform pg_notify(
      'jobs:insert',
      '{"r":' || random()::text || ',"count":' || (cardinality(specs) - deduplicated)::text || '}'
    );
  end if;

  return query
  select
    (select tasks.identifier from graphile_worker._private_tasks as tasks where tasks.id = jobs.task_id),
    (
      select queues.queue_name from graphile_worker._private_job_queues as queues
      where queues.id = jobs.job_queue_id
    ),
    jobs
  from (
    select
      spec.ordinality as place,
      spec.job_key,
      count(*) filter (where spec.job_key is null) over (order by spec.ordinality) as nth_unkeyed
    from unnest(specs) with ordinality as spec
  ) as wanted
  join graphile_worker._private_jobs as jobs on jobs.id = any (array[
    case
      when wanted.job_key is null then unkeyed_ids[wanted.nth_unkeyed]
      else (select keyed.id from graphile_worker._private_jobs as keyed where keyed.key = wanted.job_key)
    end
  ])
  order by wanted.place;
end;
$taskwright$;
