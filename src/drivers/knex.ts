import type { Executor, QueryResult } from "../database/executor.js";
import { TaskwrightError } from "../errors.js";
import { isError } from "../kinds.js";

/** What is used of a `Knex` or a `Knex.Transaction`. */
export interface KnexDatabase {
  raw(sql: string, bindings: readonly unknown[]): PromiseLike<unknown>;
}

/**
 * Adds jobs through [Knex](https://knexjs.org) on PostgreSQL.
 *
 * ```ts
 * await knex.transaction(async (trx) => {
 *   await trx("accounts").insert({ email });
 *   await addSendEmail(fromKnex(trx), { to: email, subject: "Welcome", body: "…" });
 * });
 * ```
 * @throws TaskwrightError `OPTION_INVALID`, from the executor, when the schema's name has a backslash
 * before a question mark, which Knex can't send.
 */
export function fromKnex(knex: KnexDatabase): Executor {
  return {
    query: async (text, values) => {
      const { sql, bindings } = toPositional(text, values);
      try {
        const { rows } = (await knex.raw(sql, bindings)) as QueryResult;
        return { rows };
      } catch (error) {
        takeStatementOut(text, error);
        throw error;
      }
    },
  };
}

/** Names and strings in quotes, numbered parameters, and what Knex would take for a parameter. */
const tokens = /"(?:[^"]|"")*"|'(?:[^']|'')*'|\$(\d+)|\?/gu;

/** Knex wants a `?` for each parameter, and a backslash before every other question mark. */
function toPositional(text: string, values: readonly unknown[]) {
  if (text.includes("\\?")) {
    throw new TaskwrightError(
      "OPTION_INVALID",
      "Knex can't send a schema name that has a backslash before a question mark. Choose another name, or add the job through another driver.",
    );
  }
  const bindings: unknown[] = [];
  const sql = text.replace(tokens, (token, parameter: string | undefined) => {
    if (parameter === undefined) return token.replaceAll("?", "\\?");
    bindings.push(values[Number(parameter) - 1]);
    return "?";
  });
  return { sql, bindings };
}

/**
 * Knex writes the statement in front of what PostgreSQL said, and puts parameters, payloads among
 * them, where it finds question marks.
 */
function takeStatementOut(text: string, error: unknown): void {
  if (!isError(error)) return;
  const end = `${/[^?$]*$/u.exec(text)?.[0]} - `;
  const place = error.message.lastIndexOf(end);
  if (place >= 0) error.message = error.message.slice(place + end.length);
}
