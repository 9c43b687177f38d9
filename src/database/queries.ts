import { createHash } from "node:crypto";
import { queries } from "../../generated/queries/index.js";
import type { Query } from "../../generated/queries/query.js";
import { bindSchema, quoteSchema } from "./identifier.js";
import { checkExecutor, rowsOf, runStatement, type Executor, type Statement } from "./executor.js";
import { runReadCommitted } from "./isolation.js";
import { toParameter } from "./parameter.js";
import { kindOfQuery, lacksPrivilege, privilegeError } from "./privilege.js";
import { qualify } from "./qualify.js";

type Generated = typeof queries;

type Bound<Q> =
  Q extends Query<infer Params, infer Row>
    ? // A query without parameters has `void` for them.
      (db: Executor, ...params: [Params] extends [void] ? [] : [Params]) => Promise<Row[]>
    : never;

/** Every query of `sql/queries`, bound to one schema. */
export type Queries = { readonly [Name in keyof Generated]: Bound<Generated[Name]> };

export interface BindOptions {
  /** Unquoted name of the schema. */
  readonly schema: string;
  /** Whether statements may stay prepared on a connection; off for poolers in transaction mode. */
  readonly preparedStatements: boolean;
}

const cache = new Map<string, Queries>();

/**
 * Binds the generated queries to a schema, once for each distinct set of options.
 * A prepared statement is used where the executor offers one (Taskwright's own connections). Every
 * query rejects with `PRIVILEGE_MISSING` where the role lacks a privilege.
 * @throws TaskwrightError `OPTION_INVALID` when no schema can have that name.
 */
export function bindQueries({ schema, preparedStatements }: BindOptions): Queries {
  quoteSchema(schema);
  const cacheKey = `${preparedStatements}:${schema}`;
  let bound = cache.get(cacheKey);
  if (bound === undefined) {
    bound = Object.freeze(
      Object.fromEntries(
        Object.entries(queries).map(([name, query]) => [
          name,
          bindQuery(name, query as Query<unknown, unknown>, schema, preparedStatements),
        ]),
      ),
    ) as Queries;
    cache.set(cacheKey, bound);
  }
  return bound;
}

function bindQuery(
  name: string,
  query: Query<unknown, unknown>,
  schema: string,
  preparedStatements: boolean,
) {
  const texts = new Map<string, Omit<Statement, "values">>();
  // Keyed by text, because a spread parameter makes the text depend on the parameters.
  const statementFor = (template: string) => {
    let statement = texts.get(template);
    if (statement === undefined) {
      const text = bindSchema(qualify(withoutHints(template)), schema);
      statement = { name: preparedStatements ? statementName(name, text) : undefined, text };
      texts.set(template, statement);
    }
    return statement;
  };
  return async (db: Executor, params?: unknown): Promise<unknown[]> => {
    checkExecutor(db);
    let rows: unknown[] = [];
    const connection = {
      query: async (template: string, given: unknown[]) => {
        const statement = { ...statementFor(template), values: given.map(toParameter) };
        const run = async (executor: Executor) => rowsOf(await runStatement(executor, statement));
        rows = await runReadCommitted(db, run, readDefaultIsolation);
        return { rows: [], rowCount: 0 };
      },
    };
    try {
      await query.run(params, connection);
    } catch (error) {
      if (!lacksPrivilege(error)) throw error;
      throw privilegeError(error, { schema, needs: kindOfQuery(name), role: await askRole(db) });
    }
    return rows;
  };
}

/** The role that an executor works as; undefined when it can't tell, as in a failed transaction. */
export async function askRole(db: Executor): Promise<string | undefined> {
  try {
    const [row] = await runOnce(queries.readRole, db);
    return row?.role;
  } catch {
    return undefined;
  }
}

/** The isolation that a statement has on the executor's connections, unless it is in a transaction. */
async function readDefaultIsolation(db: Executor): Promise<string | undefined> {
  const [row] = await runOnce(queries.readDefaultIsolation, db);
  return row?.isolation;
}

/** Runs a query without parameters that refers to no schema of ours, and as it is. */
async function runOnce<Row>(query: Query<void, Row>, db: Executor): Promise<readonly Row[]> {
  let rows: unknown[] = [];
  const connection = {
    query: async (template: string) => {
      const statement = { name: undefined, text: qualify(withoutHints(template)), values: [] };
      rows = rowsOf(await runStatement(db, statement));
      return { rows: [], rowCount: 0 };
    },
  };
  await query.run(undefined, connection);
  return rows as Row[];
}

/**
 * Takes the hints about null (`as "id!"`, `as "key?"`) out of a text. pgtyped's runtime would take them
 * out of every row instead, column by column, which made rows slow objects and was a quarter of the
 * time that a worker spent on a job; so it gets no rows to see.
 */
function withoutHints(template: string): string {
  return template.replace(/(\bas "[^"]+)[!?]"/gu, '$1"');
}

/** Names are cut at 63 bytes by the server, so the text goes in as a digest. */
function statementName(query: string, text: string): string {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return `taskwright_${query.slice(0, 35)}_${digest}`;
}
