import type { Pool } from "pg";

/**
 * Everything that PostgreSQL's catalogue says of a schema's objects, one line an object: `kind
 * name: definition`. Function bodies are left out, and so is what PostgreSQL derives (the types of
 * tables, arrays of types).
 */
export async function readCatalogue(pool: Pool, schema = "graphile_worker"): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(catalogueLines, [schema]);
  return rows.map(({ line }) => line).sort();
}

/** `kind name` of a line. */
export function nameOf(line: string): string {
  return line.slice(0, line.indexOf(": "));
}

const catalogueLines = `
with relations as (
  select pg_class.* from pg_class
  join pg_namespace on pg_namespace.oid = relnamespace and nspname = $1
)
select concat('relation ', relname, ': ', concat_ws(
  ' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, reloptions::text, relacl::text
)) as line
from relations where relkind <> 'i'
union all
select concat('column ', relname, '.', attname, ': ', concat_ws(
  ' ', attnum, format_type(atttypid, atttypmod), 'not null', attnotnull, 'identity', attidentity,
  'generated', attgenerated, 'default', pg_get_expr(adbin, adrelid)
))
from relations
join pg_attribute on attrelid = relations.oid and attnum > 0
left join pg_attrdef on adrelid = attrelid and adnum = attnum
where relkind in ('r', 'v', 'c')
union all
select concat('constraint ', conname, ': ', conrelid::regclass, ' ', pg_get_constraintdef(pg_constraint.oid))
from relations join pg_constraint on conrelid = relations.oid
union all
select concat('index ', relname, ': ', pg_get_indexdef(relations.oid), ' valid ', indisvalid)
from relations join pg_index on indexrelid = relations.oid
union all
select concat('trigger ', tgname, ': ', pg_get_triggerdef(pg_trigger.oid))
from relations join pg_trigger on tgrelid = relations.oid and not tgisinternal
union all
select concat('policy ', polname, ': ', relname)
from relations join pg_policy on polrelid = relations.oid
union all
select concat('view ', relname, ': ', pg_get_viewdef(relations.oid))
from relations where relkind = 'v'
union all
select concat('sequence ', relname, ': ', concat_ws(
  ' ', format_type(seqtypid, null), seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
  (select concat(refobjid::regclass, '.', refobjsubid, ' ', deptype)
   from pg_depend where objid = relations.oid and refobjsubid > 0)
))
from relations join pg_sequence on seqrelid = relations.oid
union all
select concat('function ', proname, ': ', concat_ws(
  ' ', '(' || pg_get_function_arguments(pg_proc.oid) || ')', pg_get_function_result(pg_proc.oid),
  lanname, prokind, provolatile, proparallel, 'strict', proisstrict, 'definer', prosecdef,
  'returns set', proretset, procost, prorows, proconfig::text, proacl::text
))
from pg_proc
join pg_namespace on pg_namespace.oid = pronamespace and nspname = $1
join pg_language on pg_language.oid = prolang
`;
