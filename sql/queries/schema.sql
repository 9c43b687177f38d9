/*
What the catalogue says of a schema, whether the schema is there or not. A function is told with
the version that its mark gives it, if it is one of ours.
*/
/* @name inspectCatalogue */
select
  current_setting('server_version_num')::int as "serverVersion!",
  namespace.oid is not null as "exists!",
  array(
    select relations.relname::text
    from pg_catalog.pg_class as relations
    where relations.relnamespace = namespace.oid
  ) as "relations!",
  array(
    select functions.proname || coalesce(
      substring(functions.prosrc from '-- taskwright: \w+( \d+)'), ''
    )
    from pg_catalog.pg_proc as functions
    where functions.pronamespace = namespace.oid
  ) as "functions!",
  array(
    select columns.attname || ' ' || pg_catalog.format_type(columns.atttypid, null)
    from pg_catalog.pg_class as ledger
    join pg_catalog.pg_attribute as columns on columns.attrelid = ledger.oid
    where ledger.relnamespace = namespace.oid
    and ledger.relname = 'migrations'
    and columns.attnum > 0
    and not columns.attisdropped
  ) as "ledgerColumns!"
from (select :schema!::text as name) as wanted
left join pg_catalog.pg_namespace as namespace on namespace.nspname = wanted.name;

/* The ledger, oldest revision first. Before 0.14 graphile-worker's had no column `breaking`. */
/* @name readLedger */
select
  ledger.id as "revision!",
  coalesce((to_jsonb(ledger) ->> 'breaking')::boolean, false) as "breaking!",
  ledger.ts > now() - interval '10 seconds' as "isRecent!"
from graphile_worker.migrations as ledger
order by ledger.id;

/* Makes our migrators take turns, one schema's with each other, until the transaction ends. */
/* @name takeMigrationTurn */
select pg_advisory_xact_lock(hashtextextended('taskwright migrate ' || :schema!::text, 0)) as "lock?";

/* Waits for a peer's migration that is under way, and keeps the next one waiting. */
/* @name lockLedger */
lock table graphile_worker.migrations in share row exclusive mode;

/* Writes revisions into the ledger and tells running workers, as graphile-worker does. */
/* @name recordRevisions */
with recorded as (
  insert into graphile_worker.migrations (id, breaking)
  select id, id = any (:breaking!::int[])
  from generate_series(1, :latest!::int) as id
  on conflict (id) do nothing
  returning id, breaking
)
select
  recorded.id as "revision!",
  pg_notify(
    'worker:migrate',
    json_build_object('migrationNumber', recorded.id, 'breaking', recorded.breaking)::text
  ) as "notified?"
from recorded;

/* Flags revisions that another peer recorded under the same number as harmless. */
/* @name flagBreakingRevisions */
update graphile_worker.migrations set breaking = true
where id = any (:breaking!::int[]) and not breaking;

/* Tables and views of a schema that no queue has: what would be lost with it. */
/* @name listOtherTables */
select relations.relname::text as "name!"
from pg_catalog.pg_class as relations
where relations.relnamespace = (
  select namespace.oid from pg_catalog.pg_namespace as namespace
  where namespace.nspname = :schema!::text
)
and relations.relkind in ('r', 'p', 'v', 'm', 'f')
and relations.relname not like '\_private\_%'
and relations.relname not like 'taskwright\_%'
and relations.relname not in ('migrations', 'jobs', 'job_queues', 'known_crontabs')
order by relations.relname;

/* Drops the schema with all that is in it. */
/* @name dropSchema */
drop schema graphile_worker cascade;
