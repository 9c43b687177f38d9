-- The schema and its ledger of revisions, shaped as graphile-worker makes them before its first
-- migration. Safe to run at any time.

create schema if not exists graphile_worker;

create table if not exists graphile_worker.migrations (
  id int primary key,
  ts timestamptz not null default now(),
  breaking boolean not null default false
);
