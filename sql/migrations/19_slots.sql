-- Slots of the tasks that may run only so many jobs at once across the fleet.
--
-- A claim takes a slot for one job or, where jobs are short, for several, which its worker runs one after
-- another. A slot is taken as long as one of the jobs that were claimed with it is still under that claim's
-- lock. So a claim is all that writes here: whatever ends or takes away the locks (a settle, a sweep, a
-- peer) frees the slot with them, and nothing can leave one behind.

create table if not exists graphile_worker.taskwright_slots (
  task_id int not null,
  slot int not null,
  job_ids bigint[],
  locked_at timestamptz,
  constraint taskwright_slots_pkey primary key (task_id, slot)
);

-- A slot was for one job before.
do $taskwright$
begin
  if exists (
    select from pg_attribute
    where attrelid = to_regclass($name$graphile_worker.taskwright_slots$name$)
    and attname = 'job_id' and not attisdropped
  ) then
    alter table graphile_worker.taskwright_slots rename column job_id to job_ids;
    alter table graphile_worker.taskwright_slots
      alter column job_ids type bigint[] using case when job_ids is not null then array[job_ids] end;
  end if;
end;
$taskwright$;
alter table graphile_worker.taskwright_slots enable row level security;

-- How many of the slots, from the first on, a claim may fill: the largest n for which n and the taken
-- slots behind it are no more than the limit. That is all of them unless the limit was lowered while
-- slots behind the new one are taken. Claims that fill free slots up to n need not know of each other.
create or replace function graphile_worker.taskwright_usable_slots(
  task_id int,
  fleet int
) returns int
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_usable_slots 3
#variable_conflict use_variable
declare
  taken int[];
begin
  if not exists (
    select from graphile_worker.taskwright_slots as slots
    where slots.task_id = task_id and slots.slot > fleet
  ) then
    return fleet;
  end if;
  taken := array(
    select slots.slot
    from graphile_worker.taskwright_slots as slots
    where slots.task_id = task_id
    and (
      select jobs.id from graphile_worker._private_jobs as jobs
      where jobs.id = any (slots.job_ids) and jobs.locked_at = slots.locked_at
      limit 1
    ) is not null
    order by slots.slot desc
  );
  -- The nth taken slot from the end stands at taken[n]: with fleet - n slots, n must be behind them.
  return greatest(0, (
    select max(fleet - behind)
    from generate_series(0, least(fleet, cardinality(taken))) as behind
    where coalesce(taken[behind + 1], 0) <= fleet - behind
  ));
end;
$taskwright$;

-- For a claim: how many jobs it may take of each limited task, and with which slots. Those are free,
-- and locked until the claim ends; slots that another claim has locked are passed by.
--
-- Limits are [{ task_id, room, fleet, slots, per_slot }]: how many jobs the worker has room for, how many
-- slots there are, how many of them it may take (null: as many as jobs), and how many jobs with each (null:
-- one). A fleet of null is no limit. The answer is [{ task_id, room, slots }].
create or replace function graphile_worker.taskwright_find_room(
  limits json,
  task_ids int[],
  max_jobs int
) returns json
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_find_room 4
declare
  limited record;
  room int;
  usable int;
  free int[];
  rooms jsonb := '[]';
begin
  for limited in
    select given.*
    from json_to_recordset(limits)
      as given (task_id int, room int, fleet int, slots int, per_slot int)
    where given.task_id = any (task_ids)
    order by given.task_id
  loop
    room := least(limited.room, max_jobs);
    free := null;
    if limited.fleet is not null and room > 0 then
      -- The last one is there when all are: they come in one statement.
      if not exists (
        select from graphile_worker.taskwright_slots as slots
        where slots.task_id = limited.task_id and slots.slot = limited.fleet
      ) then
        insert into graphile_worker.taskwright_slots (task_id, slot)
        select limited.task_id, slot from generate_series(1, limited.fleet) as slot
        order by slot
        on conflict do nothing;
      end if;

      usable := graphile_worker.taskwright_usable_slots(limited.task_id, limited.fleet);
      free := array(
        select slots.slot
        from graphile_worker.taskwright_slots as slots
        where slots.task_id = limited.task_id and slots.slot <= usable
        and (
          select jobs.id from graphile_worker._private_jobs as jobs
          where jobs.id = any (slots.job_ids) and jobs.locked_at = slots.locked_at
          limit 1
        ) is null
        order by slots.slot
        limit least(room, limited.slots)
        for update of slots skip locked
      );
      -- Again, under the locks: a claim that ended since the statement above began may have taken
      -- slots that it then saw free of jobs, since it looked at the jobs as of its beginning.
      free := array(
        select slots.slot
        from graphile_worker.taskwright_slots as slots
        where slots.task_id = limited.task_id and slots.slot = any (free)
        and (
          select jobs.id from graphile_worker._private_jobs as jobs
          where jobs.id = any (slots.job_ids) and jobs.locked_at = slots.locked_at
          limit 1
        ) is null
        order by slots.slot
      );
      room := least(room, cardinality(free) * coalesce(limited.per_slot, 1));
    end if;
    rooms := rooms || jsonb_build_object('task_id', limited.task_id, 'room', room, 'slots', free);
  end loop;
  return rooms;
end;
$taskwright$;
