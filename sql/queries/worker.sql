/*
Locks due jobs for a worker, best first (sql/migrations/16_claim_jobs.sql). A row whose id is null is
no job: it only carries lookOn. A worker that must be registered and isn't claims nothing: the statement
fails (sql/migrations/22_starts.sql). The condition is looked at when the claim has been made, and only
if it found something, so that a claim that finds nothing writes nothing.
*/
/* @name claimJobs */
select
  id as "id?",
  task_id as "taskId!",
  queue_name as "queueName?",
  payload as "payload!",
  priority as "priority!",
  run_at as "runAt!",
  attempts as "attempts!",
  max_attempts as "maxAttempts!",
  last_error as "lastError?",
  created_at as "createdAt!",
  updated_at as "updatedAt!",
  key as "key?",
  locked_at as "lockedAt!",
  revision as "revision!",
  flags as "flags?",
  slot as "slot?",
  look_on as "lookOn?",
  is_cut as "isCut!"
from graphile_worker.taskwright_claim_jobs(
  :workerId!, :taskIds!, :forbiddenFlags!, :maxJobs!, :afterQueue!, :limits, :maxBytes
) as claimed
where claimed.id is null
or not coalesce(:mustBeRegistered::boolean, false)
or (select graphile_worker.taskwright_require_registration(:workerId!));

/*
  Marks jobs as started and answers with the ids of those that the worker still holds; forgets the marks
  of jobs that have ended. A mark that a crash of the server loses is no harm, so nothing waits for the
  disk. (The setting comes first, since the function is called with what depends on it.)
*/
/* @name markStarts */
select held as "id!"
from set_config('synchronous_commit', 'off', true) as setting
cross join lateral graphile_worker.taskwright_mark_starts(
  case when setting is not null then :workerId!::text end,
  :locks!::text[]::timestamptz[],
  :ids!::text[]::bigint[],
  :endedLocks!::text[]::timestamptz[],
  :endedIds!::text[]::bigint[]
) as held;

/* Whether a job is due that the worker could run if nobody else held it (sql/migrations/25_due_jobs.sql). */
/* @name hasDueJobs */
select graphile_worker.taskwright_has_due_jobs(:taskIds!, :forbiddenFlags!) as "hasDueJobs!";

/*
  Settles claimed jobs and answers with the ids of those that the worker holds no more. A row that
  somebody else has locked, such as by an open transaction that replaced a running job through its key,
  is waited for only briefly: the results of other jobs shouldn't wait with it. (The settings come
  first, since the function is called with what depends on them.)
*/
/* @name settleJobs */
select lost as "id!"
from set_config('lock_timeout', '300ms', true) as patience
cross join lateral graphile_worker.taskwright_settle_jobs(
  case when patience is not null then :workerId!::text end,
  :locks!::text[]::timestamptz[],
  :completedIds!::text[]::bigint[],
  :failedIds!::text[]::bigint[],
  :failedMessages!,
  :failedPayloads!,
  :failedRetries!,
  :returnedIds!::text[]::bigint[],
  :returnedPayloads!
) as lost;

/*
  Of jobs that the worker no longer holds, those that others have taken, and that no earlier statement
  of the worker has settled: a completed job that is still there, and every job if the worker was
  declared dead since it claimed it (a sweep deletes its registration).
*/
/* @name findTakenJobs */
select given.id as "id!"
from rows from (
  unnest(:ids!::text[]), unnest(:locks!::text[]), unnest(:areCompleted!::text[])
) as given (id, locked_at, is_completed)
where (
  given.is_completed::boolean
  and (
    select jobs.id from graphile_worker._private_jobs as jobs where jobs.id = given.id::bigint
  ) is not null
)
or (
  :isRegistered!::boolean
  and (
    select workers.id from graphile_worker._private_workers as workers
    where workers.id = :workerId! and workers.started_at <= given.locked_at::timestamptz
  ) is null
);

/* The ids of tasks by their identifiers. */
/* @name findTasks */
select id, identifier
from graphile_worker._private_tasks
where identifier = any(:identifiers!);

/*
  Makes rows for tasks that have none, without burning ids on the others. One that an open transaction
  is making, with the task's first job perhaps, is waited for only briefly.
*/
/* @name addTasks */
with patience as (
  select set_config('lock_timeout', '100ms', true)
)
insert into graphile_worker._private_tasks (identifier)
select given.identifier
from patience cross join unnest(:identifiers!::text[]) as given (identifier)
where not exists (
  select from graphile_worker._private_tasks as tasks
  where tasks.identifier = given.identifier
)
order by given.identifier
on conflict do nothing;

/* Starts listening on this connection to "jobs:insert", whose colon the query compiler would take for a parameter. */
/* @name listenForJobs */
listen U&"jobs#003Ainsert" uescape '#';

/* Starts listening on this connection to "taskwright:pauses". */
/* @name listenForPauses */
listen U&"taskwright#003Apauses" uescape '#';

/* Answers as long as the connection lives. */
/* @name ping */
select 1 as "one!";

/*
  Whether nothing can be written, on a standby or by default_transaction_read_only; and the isolation of a
  statement that is a transaction of its own.
*/
/* @name readTransactionSettings */
select
  current_setting('transaction_read_only')::boolean as "isReadOnly!",
  current_setting('default_transaction_isolation') as "isolation!";

/* What a worker has locked, according to the database. */
/* @name listLocks */
select id::text as "id!", (to_json(locked_at) #>> '{}') as "lockedAt!"
from graphile_worker._private_jobs
where locked_by = :workerId!;

/* Those of the given jobs that the worker still holds. */
/* @name findHeldJobs */
select held.id::text as "id!", held.key as "key?", held.revision as "revision!"
from graphile_worker.taskwright_held_jobs(
  :workerId!, :locks!::text[]::timestamptz[], :ids!::text[]::bigint[]
) as held;

/* Those of the given jobs that were removed through their key, and not replaced. */
/* @name findRemovedJobs */
select removed::text as "id!"
from graphile_worker.taskwright_removed_jobs(
  :ids!::text[]::bigint[], :keys!::text[]
) as removed;

/* Those of the given jobs that another transaction has locked. */
/* @name findBusyJobs */
select jobs.id::text as "id!"
from graphile_worker.taskwright_find_jobs(:ids!::text[]::bigint[]) as jobs
where jobs.id <> all (array(
  select free from graphile_worker.taskwright_lock_free_jobs(:ids!::text[]::bigint[]) as free
));

/* The transaction that runs this; outside of a transaction each statement has one of its own. */
/* @name readOwnTransaction */
select txid_current()::text as "id!";

/*
  Completes a job inside the transaction that runs this; fails when the worker holds it no more. With a
  transaction's id it does nothing in any other transaction. The transaction may be any driver's, and
  not every one can read `void`, hence the text.
*/
/* @name completeJob */
select own.id as "transactionId!", own.is_expected as "isExpected!", case
  when own.is_expected then graphile_worker.taskwright_complete_job(
    :workerId!, :jobId!::text::bigint, :lockedAt!::text::timestamptz
  )::text
end as "completed?"
from (
  select
    txid_current()::text as id,
    coalesce(txid_current()::text = :transactionId::text, true) as is_expected
  offset 0
) as own;

/* The state of jobs that transactions of their handlers may have completed (sql/migrations/17_settle_jobs.sql). */
/* @name lookAtJobs */
select
  looked.id::text as "id!",
  looked.is_there as "isThere!",
  looked.is_held as "isHeld!",
  looked.is_free as "isFree!",
  looked.is_committed as "isCommitted!"
from graphile_worker.taskwright_look_at_jobs(
  :workerId!, :locks!::text[]::timestamptz[], :ids!::text[]::bigint[], :transactions!
) as looked;
