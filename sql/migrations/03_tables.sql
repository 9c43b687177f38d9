-- The tables as graphile-worker's revision 20 leaves them; run once, with the ledger's first rows.
--
-- Names that end in 1 (jobs_pkey1) are what the peer's own history left behind. They are kept, so
-- that a schema of ours and one of the peer's can't be told apart and later migrations of the peer
-- find what they look for. Row security without a policy keeps every role out but the owner.

-- One entry of add_jobs.
create type graphile_worker.job_spec as (
  identifier text,
  payload json,
  queue_name text,
  run_at timestamptz,
  max_attempts smallint,
  job_key text,
  priority smallint,
  flags text[]
);

-- Task identifiers, by a number that is cheap to store and to compare.
create table graphile_worker._private_tasks (
  id int constraint tasks_id_not_null not null
    generated always as identity (sequence name graphile_worker.tasks_id_seq)
    constraint tasks_pkey primary key,
  identifier text constraint tasks_identifier_not_null not null
    constraint tasks_identifier_key unique
    constraint tasks_identifier_check check (length(identifier) <= 128)
);
alter table graphile_worker._private_tasks enable row level security;

-- A row is locked while a job of its queue runs.
create table graphile_worker._private_job_queues (
  id int constraint job_queues_id_not_null not null
    generated always as identity (sequence name graphile_worker.job_queues_id_seq)
    constraint job_queues_pkey1 primary key,
  queue_name text constraint job_queues_queue_name_not_null1 not null
    constraint job_queues_queue_name_key unique
    constraint job_queues_queue_name_check check (length(queue_name) <= 128),
  locked_at timestamptz,
  locked_by text,
  is_available boolean constraint job_queues_is_available_not_null not null
    generated always as (locked_at is null) stored
);
alter table graphile_worker._private_job_queues enable row level security;

-- A completed job is deleted; a permanently failed one stays, with attempts = max_attempts.
create table graphile_worker._private_jobs (
  id bigint constraint jobs_id_not_null1 not null
    generated always as identity (sequence name graphile_worker.jobs_id_seq1)
    constraint jobs_pkey1 primary key,
  job_queue_id int,
  task_id int constraint jobs_task_id_not_null not null,
  payload json constraint jobs_payload_not_null1 not null default '{}'::json,
  priority smallint constraint jobs_priority_not_null1 not null default 0,
  run_at timestamptz constraint jobs_run_at_not_null1 not null default now(),
  attempts smallint constraint jobs_attempts_not_null1 not null default 0,
  max_attempts smallint constraint jobs_max_attempts_not_null1 not null default 25
    constraint jobs_max_attempts_check check (max_attempts >= 1),
  last_error text,
  created_at timestamptz constraint jobs_created_at_not_null1 not null default now(),
  updated_at timestamptz constraint jobs_updated_at_not_null1 not null default now(),
  key text
    constraint jobs_key_key1 unique
    constraint jobs_key_check check (length(key) > 0 and length(key) <= 512),
  locked_at timestamptz,
  locked_by text,
  revision int constraint jobs_revision_not_null1 not null default 0,
  flags jsonb,
  is_available boolean constraint jobs_is_available_not_null not null
    generated always as (locked_at is null and attempts < max_attempts) stored
);
alter table graphile_worker._private_jobs enable row level security;

create index jobs_main_index on graphile_worker._private_jobs
  using btree (priority, run_at) include (id, task_id, job_queue_id)
  where (is_available = true);

create index jobs_no_queue_index on graphile_worker._private_jobs
  using btree (priority, run_at) include (id, task_id)
  where (is_available = true and job_queue_id is null);

-- What the scheduler knows of each crontab entry.
create table graphile_worker._private_known_crontabs (
  identifier text constraint known_crontabs_identifier_not_null not null
    constraint known_crontabs_pkey primary key,
  known_since timestamptz constraint known_crontabs_known_since_not_null not null,
  last_execution timestamptz
);
alter table graphile_worker._private_known_crontabs enable row level security;
