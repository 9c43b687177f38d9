-- The ledger of revisions, shaped as graphile-worker makes it before its first migration.

create table graphile_worker.migrations (
  id int primary key,
  ts timestamptz not null default now(),
  breaking boolean not null default false
);
