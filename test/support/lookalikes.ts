import type { ClientBase } from "pg";

/** How many objects were planted, by kind. */
export interface Planted {
  readonly functions: number;
  readonly operators: number;
  readonly types: number;
}

/**
 * Plants a look-alike of every function, operator and aggregate of `pg_catalog`, and of the types that
 * statements name, in a schema of its own: what another role can do wherever it may create objects.
 * - `equal`: does what the original does, so that statements that refer to it can be created and read.
 * - `loud`: fails with `planted` when it is called. Some take arguments of concrete types where the
 *   original takes any, and so match better than the original does.
 */
export async function plantLookalikes(
  db: ClientBase,
  schema: string,
  kind: "equal" | "loud",
): Promise<Planted> {
  await db.query(`create schema ${schema}`);
  const functions = await plant(db, schema, kind === "equal" ? equalFunctions : loudFunctions);
  if (kind === "loud") await db.query(betterMatches.replaceAll("SCHEMA", schema));
  const operators = await plant(db, schema, lookalikeOperators);
  const types = kind === "equal" ? await plant(db, schema, lookalikeTypes) : 0;
  await db.query(`grant usage on schema ${schema} to public`);
  return { functions, operators, types };
}

/** Runs each statement that a query gives, and counts those that the server takes. */
async function plant(db: ClientBase, schema: string, query: string): Promise<number> {
  const { rows } = await db
    .query<{ planted: number }>(
      `${query.replaceAll("SCHEMA", schema)}; select current_setting('planted.count')::int as planted`,
    )
    .then(
      (results) => (results as unknown as { rows: { planted: number }[] }[]).at(-1) ?? { rows: [] },
    );
  return rows[0]?.planted ?? 0;
}

/** A block that runs the statements that a query gives; those that the server refuses are left out. */
const runAll = (statements: string) => `do $plant$
declare
  statement text;
  planted int := 0;
begin
  for statement in ${statements} loop
    begin
      execute statement;
      planted := planted + 1;
    exception when others then
      null;
    end;
  end loop;
  perform set_config('planted.count', planted::text, false);
end;
$plant$`;

const equalFunctions = runAll(`
  select case procs.prokind
    when 'a' then format(
      'create aggregate SCHEMA.%I(%s) (sfunc = %s, stype = %s%s%s)',
      proname, case when pronargs = 0 then '*' else pg_get_function_identity_arguments(procs.oid) end,
      aggtransfn::regproc, format_type(aggtranstype, null),
      case when aggfinalfn <> 0 then ', finalfunc = ' || aggfinalfn::regproc else '' end,
      case when agginitval is not null then ', initcond = ' || quote_literal(agginitval) else '' end
    )
    else format(
      'create function SCHEMA.%I(%s) returns %s language internal %s %s %s as %L',
      proname, pg_get_function_identity_arguments(procs.oid), pg_get_function_result(procs.oid),
      case when prokind = 'w' then 'window' else '' end,
      case provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
      case when proisstrict then 'strict' else '' end, prosrc
    )
  end
  from pg_proc as procs
  left join pg_aggregate on aggfnoid = procs.oid
  join pg_language on pg_language.oid = prolang
  where pronamespace = 'pg_catalog'::regnamespace and lanname = 'internal'
  order by procs.prokind <> 'f'
`);

const loudFunctions = runAll(`
  select format(
    'create function SCHEMA.%I(%s) returns %s language plpgsql as %L',
    proname, oidvectortypes(proargtypes), pg_get_function_result(procs.oid),
    format('begin raise exception %L; end', 'planted ' || proname)
  )
  from pg_proc as procs
  where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f'
`);

const lookalikeOperators = runAll(`
  select format(
    'create operator SCHEMA.%s (function = %s.%I%s%s)',
    oprname,
    case when exists (
      select from pg_proc as planted
      where planted.pronamespace = 'SCHEMA'::regnamespace and planted.proname = procs.proname
      and planted.proargtypes = procs.proargtypes
    ) then 'SCHEMA' else 'pg_catalog' end,
    procs.proname,
    case when oprleft <> 0 then ', leftarg = ' || format_type(oprleft, null) else '' end,
    case when oprright <> 0 then ', rightarg = ' || format_type(oprright, null) else '' end
  )
  from pg_operator
  join pg_proc as procs on procs.oid = oprcode
  where oprnamespace = 'pg_catalog'::regnamespace
`);

const lookalikeTypes = runAll(`
  select format('create domain SCHEMA.%I as pg_catalog.%I', name, name)
  from unnest(array['text', 'json', 'jsonb', 'timestamptz', 'float8', 'oid', 'name']) as name
`);

const betterMatches = ["cardinality(int[])", "cardinality(bigint[])", "cardinality(text[])"]
  .concat([
    "unnest(bigint[])",
    "unnest(int[])",
    "unnest(text[])",
    "array_position(bigint[], bigint)",
  ])
  .concat([
    "exp(int)",
    "hashtextextended(text, int)",
    "array_remove(int[], int)",
    "format(text, int)",
  ])
  .concat(["to_json(timestamp)", "to_json(timestamptz)", "count(int)", "coalesce(text, text)"])
  .map(
    (
      signature,
    ) => `create function SCHEMA.${signature.startsWith("coalesce") ? `"coalesce"${signature.slice(8)}` : signature} returns int language plpgsql
      as $loud$ begin raise exception 'planted ${signature}'; end $loud$;`,
  )
  .concat(
    `create function SCHEMA.joined(name, text) returns text language plpgsql
      as $loud$ begin raise exception 'planted ||'; end $loud$;
    create operator SCHEMA.|| (function = SCHEMA.joined, leftarg = name, rightarg = text);`,
  )
  .join("\n");
