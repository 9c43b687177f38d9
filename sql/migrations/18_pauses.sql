-- Tasks and queues that the whole fleet leaves alone for now. Each claim looks here, so a pause holds
-- from the next claim on. The peers' workers don't look.

create table if not exists graphile_worker.taskwright_pauses (
  kind text not null
    constraint taskwright_pauses_kind_check check (kind in ('task', 'queue')),
  name text not null,
  paused_at timestamptz not null default now(),
  reason text,
  constraint taskwright_pauses_pkey primary key (kind, name)
);
alter table graphile_worker.taskwright_pauses enable row level security;

-- Those of the tasks that are not paused. By scalar subqueries, not by joins: those may begin with all
-- that is in the table.
create or replace function graphile_worker.taskwright_open_tasks(task_ids int[]) returns int[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_open_tasks 2
begin
  return array(
    select given.id
    from unnest(task_ids) as given (id)
    where (
      select pauses.name from graphile_worker.taskwright_pauses as pauses
      where pauses.kind = 'task' and pauses.name = (
        select tasks.identifier from graphile_worker._private_tasks as tasks
        where tasks.id = given.id
      )
    ) is null
  );
end;
$taskwright$;

-- The queues that are paused.
create or replace function graphile_worker.taskwright_paused_queues() returns int[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_paused_queues 2
begin
  return array_remove(array(
    select (
      select queues.id from graphile_worker._private_job_queues as queues
      where queues.queue_name = pauses.name
    )
    from graphile_worker.taskwright_pauses as pauses
    where pauses.kind = 'queue'
  ), null);
end;
$taskwright$;
