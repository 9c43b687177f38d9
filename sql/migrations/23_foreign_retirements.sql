-- Only for a schema whose functions are a newer peer's that retires jobs and writes no marker, such as
-- the Rust crate's revision 21: a trigger writes the marker for it (10_retired_jobs). Where the
-- functions are ours they do that themselves, since a trigger would slow down each claim.

-- Called for a held job that lost its key and its attempts. Ours raise the revision of a job that they
-- replace; the peers' don't.
create or replace function graphile_worker.taskwright_mark_retirement() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $taskwright$
-- taskwright: taskwright_mark_retirement 2
begin
  perform graphile_worker.taskwright_retire_jobs(array[new.id], false);
  return null;
end;
$taskwright$;

do $taskwright$
begin
  drop trigger if exists taskwright_mark_retirement on graphile_worker._private_jobs;
  create trigger taskwright_mark_retirement
    after update of key on graphile_worker._private_jobs
    for each row
    when (
      old.key is not null and new.key is null and new.locked_at is not null
      and new.attempts >= new.max_attempts and new.revision = old.revision
    )
    execute function graphile_worker.taskwright_mark_retirement();
end;
$taskwright$;
