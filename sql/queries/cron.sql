/*
Makes entries known and returns those that were known before, each with the time up to which its
ticks are settled: as text, in UTC, since drivers make something else of times without an end. What the statement inserts is not visible to its select.
*/
/* @name registerCronEntries */
with registered as (
  insert into graphile_worker._private_known_crontabs (identifier, known_since)
  select id, :knownSince!::timestamptz from unnest(:ids!::text[]) as id
  order by id
  on conflict do nothing
)
select
  known.identifier as "id!",
  (
    to_json(coalesce(known.last_execution, known.known_since) at time zone 'UTC') #>> '{}'
  ) as "since!"
from graphile_worker._private_known_crontabs as known
where known.identifier = any (:ids!::text[]);

/*
Adds the jobs of ticks that no other scheduler was faster with, and returns these. At most one tick
of an entry in a call, and earlier ticks first: moving last_execution forward is what wins a tick,
whatever came before it counts as done, and it commits with the jobs or not at all. The protocol is
graphile-worker's, so that its schedulers and ours share the entries. Rows are locked in the order
of the ticks, which for a crontab is that of its lines, there as here. A last_execution of more than a
day in the future is no scheduler's work; it would silence the entry, so the next tick replaces it.
*/
/* @name scheduleCronTicks */
with ticks as (
  select tick.*
  from rows from (
    json_to_recordset(:ticks!::json) as (
      entry text, ts timestamptz, task text, queue_name text, max_attempts smallint,
      job_key text, priority smallint, flags text[], job_key_mode text
    ),
    unnest(:payloads!::text[])
  ) with ordinality as tick (
    entry, ts, task, queue_name, max_attempts, job_key, priority, flags, job_key_mode, payload,
    place
  )
),
won as (
  insert into graphile_worker._private_known_crontabs as known
    (identifier, known_since, last_execution)
  select ticks.entry, ticks.ts, ticks.ts
  from ticks
  order by ticks.place
  on conflict (identifier) do update set last_execution = excluded.last_execution
  where known.last_execution is null
  or known.last_execution < excluded.last_execution
  or known.last_execution > (now() + interval '1 day')
  returning known.identifier
),
winners as (
  select ticks.*, row_number() over (order by ticks.place) as turn
  from ticks
  join won on won.identifier = ticks.entry
)
select winners.entry as "id!", (added.job).id as "jobId!"
from graphile_worker.taskwright_add_jobs(array(
  select (
    winners.task, winners.payload::json, winners.queue_name, winners.ts, winners.max_attempts,
    winners.job_key, winners.priority, winners.flags, winners.job_key_mode
  )::graphile_worker.taskwright_job_spec
  from winners
  order by winners.turn
)) with ordinality as added
join winners on winners.turn = added.ordinality
order by added.ordinality;

/* All that schedulers have ever made known, each with its last tick. */
/* @name listKnownCronEntries */
select
  identifier as "id!",
  (to_json(known_since at time zone 'UTC') #>> '{}') as "knownSince!",
  (to_json(last_execution at time zone 'UTC') #>> '{}') as "lastExecution?"
from graphile_worker._private_known_crontabs
order by identifier;
