/* Makes a task's row where it has none. */
/* @name addTask */
insert into graphile_worker._private_tasks (identifier)
values (:identifier!)
on conflict do nothing;

/*
Adds a job that is locked from its first moment, so that no worker can take it. It has neither a queue
nor a key: it stands in nobody's way.
*/
/* @name addHeldJob */
insert into graphile_worker._private_jobs
  (task_id, payload, priority, attempts, max_attempts, locked_by, locked_at)
select
  tasks.id, :payload!::text::json, :priority!, :attempts!, :maxAttempts!, :workerId!, now()
from graphile_worker._private_tasks as tasks
where tasks.identifier = :identifier!
returning
  id::text as "id!",
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' as "now!";

/* Removes a job of addHeldJob, whatever its lock has become. */
/* @name removeHeldJob */
delete from graphile_worker._private_jobs where id = :id!::text::bigint;

/* Every job that is there, and how often it was replaced through its key. */
/* @name listRevisions */
select id::text as "id!", revision as "revision!" from graphile_worker._private_jobs;
