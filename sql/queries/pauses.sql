/*
  Pauses a task or a queue and tells the workers, which give back what they have claimed and not
  started. Of one that is paused already, only the reason changes, if one is given.
*/
/* @name addPause */
with added as (
  insert into graphile_worker.taskwright_pauses as pauses (kind, name, reason)
  values (:kind!, :name!, :reason)
  on conflict (kind, name) do update set reason = coalesce(excluded.reason, pauses.reason)
  returning pauses.kind, pauses.name
)
select pg_notify(
  'taskwright:pauses',
  json_build_object('schema', :schema!::text, 'kind', added.kind, 'name', added.name)::text
)::text as "sent?"
from added;

/*
  Resumes a task or a queue and wakes the workers up, with the same shape as an insert's notification.
  No row: it wasn't paused. Not every driver can read `void`, hence the text.
*/
/* @name removePause */
with removed as (
  delete from graphile_worker.taskwright_pauses as pauses
  where pauses.kind = :kind! and pauses.name = :name!
  returning pauses.name
)
select pg_notify('jobs:insert', json_build_object('r', random(), 'count', 1)::text)::text as "sent?"
from removed;

/* What is paused, longest first. */
/* @name listPauses */
select
  kind as "kind!",
  name as "name!",
  (to_json(paused_at at time zone 'UTC') #>> '{}') as "pausedAt!",
  reason as "reason?"
from graphile_worker.taskwright_pauses
order by paused_at, kind, name;
