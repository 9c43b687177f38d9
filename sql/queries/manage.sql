/*
  All that these statements are told is text, lists as JSON or with commas, and so is most of what they
  answer: they run through whatever driver the caller has, and drivers differ in what they make of
  arrays, numbers and times.
*/

/* The jobs with these ids, oldest first. */
/* @name findJobs */
select job as "job!"
from graphile_worker.taskwright_read_jobs(array(
  select found
  from graphile_worker.taskwright_find_jobs(string_to_array(:ids!::text, ',')::bigint[]) as found
)) as job;

/* The states of the jobs with these ids. */
/* @name findJobStates */
select
  jobs.id::text as "id!",
  graphile_worker.taskwright_job_state(
    jobs.locked_at, jobs.attempts, jobs.max_attempts, jobs.run_at, jobs.task_id, jobs.job_queue_id
  ) as "state!"
from graphile_worker.taskwright_find_jobs(string_to_array(:ids!::text, ',')::bigint[]) as jobs;

/*
  One look for jobs that pass filters, along the primary key from one id on: it reads no more than
  maxLooks jobs, whatever the filters, so that it never takes long. Null filters let all pass. A row
  without a job says where the look ended, and whether that was the end of all jobs.

  The cost grows with maxLooks; with a search also with the size of the payloads and errors looked at,
  since these are read whole.
*/
/* @name listJobs */
with bounds as (
  -- A key names one job at most.
  select graphile_worker.taskwright_find_key(:key::text) as key_id
), looked as (
  (
    select jobs as job, jobs.*
    from graphile_worker._private_jobs as jobs
    where not :newestFirst!::text::boolean and jobs.id > :afterId!::text::bigint
    and (:key::text is null or jobs.id = (select key_id from bounds))
    order by jobs.id
    limit :maxLooks!::text::int
  )
  union all
  (
    select jobs as job, jobs.*
    from graphile_worker._private_jobs as jobs
    where :newestFirst!::text::boolean and jobs.id < :afterId!::text::bigint
    and (:key::text is null or jobs.id = (select key_id from bounds))
    order by jobs.id desc
    limit :maxLooks!::text::int
  )
), passed as (
  select looked.id, looked.job
  from looked
  where (
    :tasks::text is null or looked.task_id = any (array(
      select tasks.id from graphile_worker._private_tasks as tasks
      where tasks.identifier = any (array(select json_array_elements_text(:tasks::text::json)))
    ))
  )
  and (
    :queueName::text is null or looked.job_queue_id = (
      select queues.id from graphile_worker._private_job_queues as queues
      where queues.queue_name = :queueName::text
    )
  )
  and (
    :flags::text is null
    or looked.flags ?| array(select json_array_elements_text(:flags::text::json))
  )
  and (
    :states::text is null or graphile_worker.taskwright_job_state(
      looked.locked_at, looked.attempts, looked.max_attempts, looked.run_at, looked.task_id,
      looked.job_queue_id
    ) = any (array(select json_array_elements_text(:states::text::json)))
  )
  and (
    :search::text is null
    or strpos(lower(looked.key), lower(:search::text)) > 0
    or strpos(lower(looked.last_error), lower(:search::text)) > 0
    or strpos(lower(looked.payload::text), lower(:search::text)) > 0
  )
  order by case when :newestFirst!::text::boolean then -looked.id else looked.id end
  limit :maxJobs!::text::int
)
select job as "job?", null as "lastId?", null::boolean as "isEnd?"
from graphile_worker.taskwright_read_jobs(array(
  select passed.job from passed
  order by case when :newestFirst!::text::boolean then -passed.id else passed.id end
)) as job
union all
select
  null,
  case when :newestFirst!::text::boolean then min(looked.id) else max(looked.id) end::text,
  count(*) < :maxLooks!::text::int
from looked;

/* Completes jobs that no worker holds, and gives them as they were. */
/* @name completeJobs */
select job as "job!"
from graphile_worker.taskwright_read_jobs(array(
  select changed
  from graphile_worker.complete_jobs(string_to_array(:ids!::text, ',')::bigint[]) as changed
)) as job;

/* Fails jobs that no worker holds for good. */
/* @name permanentlyFailJobs */
select job as "job!"
from graphile_worker.taskwright_read_jobs(array(
  select changed
  from graphile_worker.permanently_fail_jobs(
    string_to_array(:ids!::text, ',')::bigint[], :reason::text
  ) as changed
)) as job;

/* Gives jobs that no worker holds another time, priority or number of attempts; null keeps one. */
/* @name rescheduleJobs */
select job as "job!"
from graphile_worker.taskwright_read_jobs(array(
  select changed
  from graphile_worker.reschedule_jobs(
    string_to_array(:ids!::text, ',')::bigint[],
    run_at => :runAt::text::timestamptz,
    priority => :priority::text::int,
    attempts => :attempts::text::int,
    max_attempts => :maxAttempts::text::int
  ) as changed
)) as job;

/*
  Makes failed jobs, and those that wait for their retry, due. A failed one has all attempts again.
  Crashes that were counted are forgotten.
*/
/* @name retryJobs */
select job as "job!"
from graphile_worker.taskwright_read_jobs(array(
  select changed
  from graphile_worker.taskwright_retry_jobs(string_to_array(:ids!::text, ',')::bigint[]) as changed
)) as job;

/* Makes jobs due that are scheduled for later or wait for their retry; due ones keep their place. */
/* @name runJobsNow */
select job as "job!"
from graphile_worker.taskwright_read_jobs(array(
  select changed
  from graphile_worker.taskwright_run_jobs_now(string_to_array(:ids!::text, ',')::bigint[]) as changed
)) as job;

/* Removes the job with a key, as graphile-worker does. No row: there is none. */
/* @name removeJob */
select job as "job!"
from graphile_worker.taskwright_read_jobs(array(
  select removed from graphile_worker.remove_job(:jobKey!) as removed where removed.id is not null
)) as job;
