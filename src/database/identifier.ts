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

/** In `sql/` the schema is always written as a prefix, but for the statements that create and drop it. */
const schemaName = /\bgraphile_worker(?=\.)|(?<=\b(?:create|drop) schema )graphile_worker\b/gu;

/** Puts the schema's real name into a text from `sql/`. */
export function bindSchema(text: string, schema: string): string {
  const name = quoteIdentifier(schema);
  return text.replace(schemaName, () => name);
}
