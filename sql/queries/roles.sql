/*
  Those of the tables whose rows the current role can't see, because row level security is on and no
  policy shows them. A producer's policy doesn't count: it shows a part of the jobs only.
*/
/* @name findHiddenTables */
select tables.relname::text as "name!"
from pg_catalog.pg_class as tables
where tables.relnamespace = (
  select namespace.oid from pg_catalog.pg_namespace as namespace
  where namespace.nspname = :schema!::text
)
and tables.relkind::text = any (array['r', 'p'])
and tables.relname::text = any (array(select pg_catalog.json_array_elements_text(:tables!::text::json)))
and pg_catalog.row_security_active(tables.oid)
and not exists (
  select from pg_catalog.pg_policy as policies
  where policies.polrelid = tables.oid
  and policies.polpermissive
  and policies.polcmd::text = any (array['*', 'r'])
  and not pg_catalog.starts_with(policies.polname::text, 'taskwright_producer_')
  and exists (
    select from pg_catalog.unnest(policies.polroles) as granted (oid)
    -- No role has the number 0, which stands for all roles.
    where granted.oid = '0'::pg_catalog.oid or pg_catalog.pg_has_role(granted.oid, 'usage')
  )
)
order by tables.relname;

/* Those of the tables on which the current role lacks a privilege; a name, and a privilege such as `update`. */
/* @name findMissingPrivileges */
select tables.relname::text as "table!", wanted.privilege as "privilege!"
from pg_catalog.json_each_text(:privileges!::text::json) as given (name, list)
cross join lateral pg_catalog.json_array_elements_text(given.list::json) as wanted (privilege)
join pg_catalog.pg_class as tables on tables.relname::text = given.name
join pg_catalog.pg_namespace as namespace on namespace.oid = tables.relnamespace
where namespace.nspname = :schema!::text
and not pg_catalog.has_table_privilege(tables.oid, wanted.privilege)
order by 1, 2;

/* The role whose privileges count now. */
/* @name readRole */
select current_user::text as "role!";

/* Whether a role and a queue's schema are there, and whether the current role owns the queue. */
/* @name findRole */
select
  exists (
    select from pg_catalog.pg_class as tables
    join pg_catalog.pg_namespace as namespace on namespace.oid = tables.relnamespace
    where namespace.nspname = :schema!::text and tables.relname = '_private_jobs'
    and pg_catalog.pg_has_role(tables.relowner, 'usage')
  ) as "isOwner!",
  exists (select from pg_catalog.pg_roles as roles where roles.rolname = :role!::text) as "hasRole!",
  exists (
    select from pg_catalog.pg_class as tables
    join pg_catalog.pg_namespace as namespace on namespace.oid = tables.relnamespace
    where namespace.nspname = :schema!::text and tables.relname = '_private_jobs'
  ) as "hasQueue!";

/* The rights that roles were granted, as the policies on the table of jobs tell. */
/* @name listGrantedRights */
select distinct roles.rolname::text as "role!", rights.kind as "kind!"
from pg_catalog.pg_policy as policies
join pg_catalog.pg_class as tables on tables.oid = policies.polrelid
join pg_catalog.pg_namespace as namespace on namespace.oid = tables.relnamespace
cross join lateral pg_catalog.unnest(policies.polroles) as granted (oid)
join pg_catalog.pg_roles as roles on roles.oid = granted.oid
join (values ('producer'), ('worker'), ('operator'), ('reader')) as rights (kind)
  on pg_catalog.starts_with(policies.polname::text, 'taskwright_' || rights.kind || '_')
where namespace.nspname = :schema!::text and tables.relname = '_private_jobs'
order by 1, 2;

/*
  The statements that give a role the rights of a kind, in their order. Tables that aren't there are left
  out. A statement is done when there is nothing to change; grants are always made again, since they need no
  lock that others wait for. A policy that is there is taken as it is.

  A role that locks a row of a task or a queue needs the privilege to update a column. The id can't be
  changed: it is an identity that is always generated.

  A producer sees and replaces jobs through their keys. What it sees beside them are the jobs that it adds
  itself, which the insert returns, and those that gave up their key while they ran.
*/
/* @name listGrants */
with rights (kind, relation, privileges) as (
  values
    ('producer', 'migrations', 'select'),
    ('producer', '_private_tasks', 'select, insert, update (id)'),
    ('producer', '_private_job_queues', 'select, insert, update (id)'),
    ('producer', '_private_jobs', 'select, insert, update (job_queue_id, task_id, payload, priority, run_at, attempts, max_attempts, last_error, updated_at, key, revision, flags)'),
    ('producer', 'taskwright_retired_jobs', 'select, insert, update, delete'),
    ('producer', '_private_job_retirements', 'select, insert'),
    ('worker', 'migrations', 'select'),
    ('worker', 'jobs', 'select'),
    ('worker', '_private_tasks', 'select, insert, update (id)'),
    ('worker', '_private_job_queues', 'select, insert, update'),
    ('worker', '_private_jobs', 'select, insert, update, delete'),
    ('worker', '_private_known_crontabs', 'select, insert, update'),
    ('worker', '_private_workers', 'select, insert, update, delete'),
    ('worker', '_private_job_retirements', 'select, insert, update, delete'),
    ('worker', 'taskwright_retired_jobs', 'select, insert, update, delete'),
    ('worker', 'taskwright_pauses', 'select'),
    ('worker', 'taskwright_slots', 'select, insert, update'),
    ('worker', 'taskwright_starts', 'select, insert, update, delete'),
    ('worker', 'taskwright_crashes', 'select, insert, update, delete'),
    ('worker', 'taskwright_workers', 'select, insert, update, delete'),
    ('operator', 'migrations', 'select'),
    ('operator', 'jobs', 'select'),
    ('operator', '_private_tasks', 'select, update, delete'),
    ('operator', '_private_job_queues', 'select, update, delete'),
    ('operator', '_private_jobs', 'select, update, delete'),
    ('operator', '_private_known_crontabs', 'select'),
    ('operator', '_private_workers', 'select, insert, update, delete'),
    ('operator', '_private_job_retirements', 'select, insert, update, delete'),
    ('operator', 'taskwright_retired_jobs', 'select, insert, update, delete'),
    ('operator', 'taskwright_pauses', 'select, insert, update, delete'),
    ('operator', 'taskwright_slots', 'select, delete'),
    ('operator', 'taskwright_starts', 'select, update, delete'),
    ('operator', 'taskwright_crashes', 'select, insert, update, delete'),
    ('operator', 'taskwright_workers', 'select, update, delete'),
    ('operator', 'jobs_id_seq1', 'select'),
    ('reader', 'migrations', 'select'),
    ('reader', 'jobs', 'select'),
    ('reader', '_private_tasks', 'select'),
    ('reader', '_private_job_queues', 'select'),
    ('reader', '_private_jobs', 'select'),
    ('reader', '_private_known_crontabs', 'select'),
    ('reader', '_private_workers', 'select'),
    ('reader', '_private_job_retirements', 'select'),
    ('reader', 'taskwright_retired_jobs', 'select'),
    ('reader', 'taskwright_pauses', 'select'),
    ('reader', 'taskwright_slots', 'select'),
    ('reader', 'taskwright_starts', 'select'),
    ('reader', 'taskwright_crashes', 'select'),
    ('reader', 'taskwright_workers', 'select'),
    ('reader', 'jobs_id_seq1', 'select')
), conditions (kind, relation, command, condition) as (
  values
    ('producer', '_private_tasks', 'select', 'using (true)'),
    ('producer', '_private_tasks', 'insert', 'with check (true)'),
    ('producer', '_private_tasks', 'update', 'using (true) with check (false)'),
    ('producer', '_private_job_queues', 'select', 'using (true)'),
    ('producer', '_private_job_queues', 'insert', 'with check (locked_at is null and locked_by is null)'),
    ('producer', '_private_job_queues', 'update', 'using (true) with check (false)'),
    ('producer', '_private_jobs', 'select', 'using (key is not null or created_at = now() or locked_at is not null)'),
    ('producer', '_private_jobs', 'insert', 'with check (locked_at is null and locked_by is null and attempts = 0)'),
    ('producer', '_private_jobs', 'update', 'using (key is not null) with check (true)')
), given as (
  select
    namespace.oid as namespace,
    pg_catalog.quote_ident(:schema!::text) as schema,
    :role!::text as role,
    :kind!::text as kind
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname = :schema!::text
), relations as (
  select found.oid, found.relkind, found.relrowsecurity, found.relname::text as name, rights.privileges
  from given
  join rights on rights.kind = given.kind
  join pg_catalog.pg_class as found
    on found.relnamespace = given.namespace and found.relname::text = rights.relation
  where found.relkind::text = any (array['r', 'p', 'v', 'S'])
), policies as (
  select
    relations.oid,
    relations.name as relation,
    coalesce(
      conditions.command, case when given.kind = 'reader' then 'select' else 'all' end
    ) as command,
    coalesce(
      conditions.condition,
      case when given.kind = 'reader' then 'using (true)' else 'using (true) with check (true)' end
    ) as condition
  from relations
  cross join given
  left join conditions on conditions.kind = given.kind and conditions.relation = relations.name
  where relations.relrowsecurity
), named as (
  select
    policies.*,
    case
      when pg_catalog.octet_length(wanted.name) > 63
        then pg_catalog.format('taskwright_%s_%s_%s', given.kind, policies.command, pg_catalog.md5(given.role))
      else wanted.name
    end as name
  from policies
  cross join given
  cross join lateral (
    select pg_catalog.format('taskwright_%s_%s_%s', given.kind, policies.command, given.role) as name
  ) as wanted
)
select statements.text as "text!", statements.is_done as "isDone!"
from (
  select 1 as part, '' as name, pg_catalog.format('grant usage on schema %s to %I', given.schema, given.role) as text,
    false as is_done
  from given
  union all
  select 2, relations.name, pg_catalog.format(
    'grant %s on %s%s.%I to %I',
    relations.privileges,
    case when relations.relkind = 'S' then 'sequence ' else '' end,
    given.schema, relations.name, given.role
  ), false
  from relations cross join given
  union all
  select 3, types.typname::text, pg_catalog.format(
    'grant usage on type %s.%I to %I', given.schema, types.typname, given.role
  ), false
  from given
  join pg_catalog.pg_type as types on types.typnamespace = given.namespace
  where types.typname::text = any (array['job_spec', 'taskwright_job_spec'])
  union all
  select 4, functions.proname::text, pg_catalog.format(
    'grant execute on function %s.%I(%s) to %I',
    given.schema,
    functions.proname,
    pg_catalog.pg_get_function_identity_arguments(functions.oid),
    given.role
  ), false
  from given
  join pg_catalog.pg_proc as functions on functions.pronamespace = given.namespace
  where functions.prokind = 'f' and not functions.prosecdef
  and (
    pg_catalog.starts_with(functions.proname::text, 'taskwright_')
    or functions.proname::text = any (array[
      'add_job', 'add_jobs', 'complete_jobs', 'permanently_fail_jobs', 'reschedule_jobs',
      'remove_job', 'force_unlock_workers', 'worker_heartbeat', 'worker_deregister',
      'list_stale_workers', 'list_orphan_locked_workers', 'recover_dead_worker_jobs',
      'delete_stale_workers'
    ])
  )
  union all
  select 5, named.relation || ' ' || named.name, pg_catalog.format(
    'create policy %I on %s.%I for %s to %I %s',
    named.name, given.schema, named.relation, named.command, given.role, named.condition
  ), exists (
    select from pg_catalog.pg_policy as present
    where present.polrelid = named.oid and present.polname::text = named.name
  )
  from named cross join given
) as statements
order by statements.part, statements.name, statements.text;

/*
  The statements that take from a role the rights of a kind, in their order: its policies, and all
  privileges on the queue's objects, which other kinds may have given, too.
*/
/* @name listRevocations */
with given as (
  select
    namespace.oid as namespace,
    pg_catalog.quote_ident(:schema!::text) as schema,
    :role!::text as role,
    roles.oid as role_id,
    :kind!::text as kind
  from pg_catalog.pg_namespace as namespace
  cross join pg_catalog.pg_roles as roles
  where namespace.nspname = :schema!::text and roles.rolname = :role!::text
)
select statements.text as "text!"
from (
  select 1 as part, policies.polname::text as name, pg_catalog.format(
    'drop policy %I on %s.%I', policies.polname, given.schema, tables.relname
  ) as text
  from given
  join pg_catalog.pg_class as tables on tables.relnamespace = given.namespace
  join pg_catalog.pg_policy as policies on policies.polrelid = tables.oid
  where pg_catalog.starts_with(policies.polname::text, 'taskwright_' || given.kind || '_')
  and policies.polroles::text = pg_catalog.format('{%s}', given.role_id)
  union all
  select 2, relations.relname::text, pg_catalog.format(
    'revoke all on %s%s.%I from %I',
    case when relations.relkind = 'S' then 'sequence ' else '' end,
    given.schema, relations.relname, given.role
  )
  from given
  join pg_catalog.pg_class as relations on relations.relnamespace = given.namespace
  where relations.relkind::text = any (array['r', 'p', 'v', 'S'])
  and (
    pg_catalog.starts_with(relations.relname::text, '_private_')
    or pg_catalog.starts_with(relations.relname::text, 'taskwright_')
    or relations.relname::text = any (array['migrations', 'jobs', 'jobs_id_seq1'])
  )
  union all
  select 3, types.typname::text, pg_catalog.format(
    'revoke all on type %s.%I from %I', given.schema, types.typname, given.role
  )
  from given
  join pg_catalog.pg_type as types on types.typnamespace = given.namespace
  where types.typname::text = any (array['job_spec', 'taskwright_job_spec'])
  union all
  select 4, functions.proname::text, pg_catalog.format(
    'revoke all on function %s.%I(%s) from %I',
    given.schema,
    functions.proname,
    pg_catalog.pg_get_function_identity_arguments(functions.oid),
    given.role
  )
  from given
  join pg_catalog.pg_proc as functions on functions.pronamespace = given.namespace
  where functions.prokind = 'f'
  and (
    pg_catalog.starts_with(functions.proname::text, 'taskwright_')
    or functions.proname::text = any (array[
      'add_job', 'add_jobs', 'complete_jobs', 'permanently_fail_jobs', 'reschedule_jobs',
      'remove_job', 'force_unlock_workers', 'worker_heartbeat', 'worker_deregister',
      'list_stale_workers', 'list_orphan_locked_workers', 'recover_dead_worker_jobs',
      'delete_stale_workers'
    ])
  )
  and exists (
    select from pg_catalog.aclexplode(functions.proacl) as granted
    where granted.grantee = given.role_id
  )
  union all
  select 5, '', pg_catalog.format('revoke usage on schema %s from %I', given.schema, given.role)
  from given
) as statements
order by statements.part, statements.name, statements.text;
