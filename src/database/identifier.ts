import { TaskwrightError } from "../errors.js";

/** The schema that Taskwright shares with its peers unless told otherwise. */
export const defaultSchema = "graphile_worker";

/** PostgreSQL truncates longer names (NAMEDATALEN - 1), in bytes. */
const maxIdentifierBytes = 63;

/**
 * Quotes a name for use in SQL.
 * @throws TaskwrightError `OPTION_INVALID` when the name is empty, too long or holds a NUL.
 */
export function quoteIdentifier(name: string): string {
  // Untyped JavaScript callers can pass anything.
  const bytes = typeof name === "string" ? Buffer.byteLength(name) : 0;
  if (bytes === 0 || bytes > maxIdentifierBytes || name.includes("\0")) {
    throw new TaskwrightError(
      "OPTION_INVALID",
      `The schema name must have 1 to ${maxIdentifierBytes} bytes and no NUL character; it has ${bytes} bytes.`,
      { option: "schema", value: name },
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** Schemas that are PostgreSQL's own; it keeps every name with `pg_` for itself. */
const reserved = /^(?:pg_|information_schema$)/u;

/**
 * Quotes the name of a schema for a queue.
 * @throws TaskwrightError `OPTION_INVALID` also when the schema is one of PostgreSQL's own.
 */
export function quoteSchema(name: string): string {
  const quoted = quoteIdentifier(name);
  if (!reserved.test(name)) return quoted;
  throw new TaskwrightError(
    "OPTION_INVALID",
    `The schema ${name} is one of PostgreSQL's own. Choose another name.`,
    { option: "schema", value: name },
  );
}

/** In `sql/` the schema is always written as a prefix, but for the statements that create and drop it. */
const schemaName = /\bgraphile_worker(?=\.)|(?<=\b(?:create|drop) schema )graphile_worker\b/gu;

/** The dollar quote of function bodies in `sql/`. */
const bodyQuote = "$taskwright$";

/** Puts the schema's real name into a text from `sql/`. */
export function bindSchema(text: string, schema: string): string {
  const name = quoteSchema(schema);
  const quote = quoteAround(name);
  return text.replaceAll(bodyQuote, () => quote).replace(schemaName, () => name);
}

/** A dollar quote for bodies that contain a name: one that the name would not end. */
function quoteAround(name: string): string {
  let quote = bodyQuote;
  while (name.includes(quote)) quote = `$${quote.slice(1, -1)}_$`;
  return quote;
}
