/*
What the catalogue says of a schema, whether the schema is there or not. A function is told with
the version that its mark gives it, if it is one of ours. An index whose build was interrupted, or goes on, is
left out.
*/
/* @name inspectCatalogue */
select
  current_setting('server_version_num')::int as "serverVersion!",
  namespace.oid is not null as "exists!",
  to_json(array(
    select relations.relname::text
    from pg_catalog.pg_class as relations
    where relations.relnamespace = namespace.oid
    and not exists (
      select from pg_catalog.pg_index as indexes
      where indexes.indexrelid = relations.oid and not indexes.indisvalid
    )
  ))::text as "relations!",
  to_json(array(
    select functions.proname || coalesce(
      substring(functions.prosrc from '-- taskwright: [a-z_0-9]+( [0-9]+)'), ''
    )
    from pg_catalog.pg_proc as functions
    where functions.pronamespace = namespace.oid
  ))::text as "functions!",
  to_json(array(
    select columns.attname || ' ' || pg_catalog.format_type(columns.atttypid, null)
    from pg_catalog.pg_class as ledger
    join pg_catalog.pg_attribute as columns on columns.attrelid = ledger.oid
    where ledger.relnamespace = namespace.oid
    and ledger.relname = 'migrations'
    and columns.attnum > 0
    and not columns.attisdropped
  ))::text as "ledgerColumns!"
from (select :schema!::text as name) as wanted
left join pg_catalog.pg_namespace as namespace on namespace.nspname = wanted.name;

/*
  The schema and those of its tables, views, sequences, types and functions whose owner the current role has no
  reason to trust; the owner of an object can change what it does. Trusted are the role itself, roles that it is
  a member of, superusers, the owner of the database (pg_database_owner stands for it, and owns public), and
  those that are named. A superuser counts as a member
  of those roles only that it was made one of. Also whether the current role may make a schema of its own.
*/
/* @name findUntrustedObjects */
with recursive own (id) as (
  select roles.oid from pg_catalog.pg_roles as roles where roles.rolname = current_user
  union
  select memberships.roleid
  from own
  join pg_catalog.pg_auth_members as memberships on memberships.member = own.id
  -- Before PostgreSQL 16 every membership lets its member become the role.
  where coalesce((to_jsonb(memberships) ->> 'set_option')::boolean, true)
), trusted (id) as (
  select own.id from own
  union
  select roles.oid
  from pg_catalog.pg_roles as roles
  where roles.rolsuper
  or roles.rolname = 'pg_database_owner'
  or roles.rolname::text = any (array(select json_array_elements_text(:trustedOwners!::text::json)))
  union
  select databases.datdba
  from pg_catalog.pg_database as databases
  where databases.datname = current_database()
), objects (kind, name, owner) as (
  select 'schema', namespace.nspname::text, namespace.nspowner
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname = :schema!::text
  union all
  select 'relation', relations.relname::text, relations.relowner
  from pg_catalog.pg_class as relations
  join pg_catalog.pg_namespace as namespace on namespace.oid = relations.relnamespace
  where namespace.nspname = :schema!::text
  union all
  select 'function', functions.proname::text, functions.proowner
  from pg_catalog.pg_proc as functions
  join pg_catalog.pg_namespace as namespace on namespace.oid = functions.pronamespace
  where namespace.nspname = :schema!::text
)
select distinct
  objects.kind as "kind!",
  objects.name as "name!",
  pg_catalog.pg_get_userbyid(objects.owner)::text as "owner!",
  pg_catalog.has_database_privilege(current_database(), 'create') as "mayCreate!"
from objects
where objects.owner <> all (array(select trusted.id from trusted))
order by 1 desc, 2, 3;

/*
  Triggers on a schema's tables whose function looks names up in the search_path that it is called with. That
  is pg_catalog alone while one of the schema's functions runs.
*/
/* @name findUnpinnedTriggers */
select
  triggers.tgname::text as "trigger!",
  tables.relname::text as "table!",
  pg_catalog.format('%I.%I()', places.nspname, functions.proname) as "function!"
from pg_catalog.pg_trigger as triggers
join pg_catalog.pg_class as tables on tables.oid = triggers.tgrelid
join pg_catalog.pg_namespace as namespace on namespace.oid = tables.relnamespace
join pg_catalog.pg_proc as functions on functions.oid = triggers.tgfoid
join pg_catalog.pg_namespace as places on places.oid = functions.pronamespace
join pg_catalog.pg_language as languages on languages.oid = functions.prolang
where namespace.nspname = :schema!::text
and not triggers.tgisinternal
and languages.lanname::text <> all (array['internal', 'c'])
and not exists (
  select from unnest(functions.proconfig) as settings (setting)
  where pg_catalog.starts_with(settings.setting, 'search_path=')
)
order by tables.relname, triggers.tgname;

/* The ledger, oldest revision first. Before 0.14 graphile-worker's had no column `breaking`. */
/* @name readLedger */
select
  ledger.id as "revision!",
  coalesce((to_jsonb(ledger) ->> 'breaking')::boolean, false) as "breaking!",
  ledger.ts > (now() - interval '10 seconds') as "isRecent!"
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
and relations.relkind::text = any (array['r', 'p', 'v', 'm', 'f'])
and not pg_catalog.starts_with(relations.relname::text, '_private_')
and not pg_catalog.starts_with(relations.relname::text, 'taskwright_')
and relations.relname::text <> all (array['migrations', 'jobs', 'job_queues', 'known_crontabs'])
order by relations.relname;

/* Drops the schema with all that is in it. */
/* @name dropSchema */
drop schema graphile_worker cascade;

/*
  The settings of a transaction that changes the schema, until its end: how long each statement waits for a
  lock, and that no name of PostgreSQL's is looked up in a schema where others may create objects.
*/
/* @name prepareSchemaChange */
select
  pg_catalog.set_config('lock_timeout', :lockTimeout!::text, true) as "lockTimeout!",
  pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true) as "searchPath!",
  pg_catalog.set_config('standard_conforming_strings', 'on', true) as "strings!";

/* The settings that a build of an index must not have from its session, whose are restored after it. */
/* @name readBuildSettings */
select
  pg_catalog.current_setting('lock_timeout') as "lockTimeout!",
  pg_catalog.current_setting('statement_timeout') as "statementTimeout!",
  pg_catalog.current_setting('search_path') as "searchPath!";

/* Sets them for the session, since a concurrent build can't be part of a transaction. */
/* @name setBuildSettings */
select
  pg_catalog.set_config('lock_timeout', :lockTimeout!::text, false) as "lockTimeout!",
  pg_catalog.set_config('statement_timeout', :statementTimeout!::text, false) as "statementTimeout!",
  pg_catalog.set_config('search_path', :searchPath!::text, false) as "searchPath!";

/*
  The indexes of these names. One that is invalid is being built, or its build was interrupted. A table is
  busy while another session builds an index on it or vacuums it.
*/
/* @name inspectIndexes */
select
  wanted.index_name as "name!",
  found.indisvalid as "isValid?",
  exists (
    select from pg_catalog.pg_locks as locks
    where locks.relation = tables.oid
    and locks.database = (
      select databases.oid from pg_catalog.pg_database as databases
      where databases.datname = pg_catalog.current_database()
    )
    and locks.granted and locks.mode = 'ShareUpdateExclusiveLock'
    and locks.pid <> pg_catalog.pg_backend_pid()
  ) as "isBusy!"
from (
  select pg_catalog.json_array_elements_text(:indexes!::text::json) as index_name,
    pg_catalog.json_array_elements_text(:tables!::text::json) as table_name
) as wanted
join pg_catalog.pg_namespace as namespace on namespace.nspname = :schema!::text
join pg_catalog.pg_class as tables
  on tables.relnamespace = namespace.oid and tables.relname = wanted.table_name
left join pg_catalog.pg_class as indexes
  on indexes.relnamespace = namespace.oid and indexes.relname = wanted.index_name
left join pg_catalog.pg_index as found on found.indexrelid = indexes.oid;

/*
  Other sessions' locks on a schema's relations, and other migrations: what a migration may wait for. The
  strongest lock of each session on a relation, and the oldest transactions first. Of a session that the role
  may not look into only the process and the lock are known. Only the first word of a query is told, since
  the rest may contain data.
*/
/* @name findLockHolders */
select
  held.pid as "pid!",
  held.relation as "relation!",
  held.mode as "mode!",
  activity.application_name as "applicationName?",
  activity.usename::text as "user?",
  activity.state as "state?",
  (pg_catalog.to_json(activity.xact_start at time zone 'UTC') #>> '{}') as "transactionStart?",
  (pg_catalog.to_json(activity.query_start at time zone 'UTC') #>> '{}') as "queryStart?",
  pg_catalog.lower(substring(activity.query from '[a-zA-Z]+')) as "command?"
from (
  select distinct on (locks.pid, relations.relname)
    locks.pid, relations.relname::text as relation, locks.mode
  from pg_catalog.pg_locks as locks
  join pg_catalog.pg_class as relations on relations.oid = locks.relation
  join pg_catalog.pg_namespace as namespace on namespace.oid = relations.relnamespace
  where namespace.nspname = :schema!::text
  and relations.relkind::text = any (array['r', 'p'])
  and locks.database = (
    select databases.oid from pg_catalog.pg_database as databases
    where databases.datname = pg_catalog.current_database()
  )
  and locks.granted and locks.pid is not null and locks.pid <> pg_catalog.pg_backend_pid()
  order by locks.pid, relations.relname, pg_catalog.strpos(
    'AccessExclusiveLock ExclusiveLock ShareRowExclusiveLock ShareLock ShareUpdateExclusiveLock '
    || 'RowExclusiveLock RowShareLock AccessShareLock',
    locks.mode
  )
) as held
left join pg_catalog.pg_stat_activity as activity on activity.pid = held.pid
where (activity.backend_type is null or activity.backend_type <> 'autovacuum worker')
order by
  held.mode = any (array['AccessShareLock', 'RowShareLock']),
  activity.xact_start nulls last, held.pid, held.relation
limit 20;

/*
  How many pages of 8 kB the table of jobs had when it was last vacuumed or analyzed. To measure it now would wait
  for whoever has locked the table.
*/
/* @name readJobPages */
select tables.relpages as "pages!"
from pg_catalog.pg_class as tables
where tables.relname = '_private_jobs'
and tables.relnamespace = (
  select namespace.oid from pg_catalog.pg_namespace as namespace
  where namespace.nspname = :schema!::text
);
