/**
 * One piece of a statement: a comment, a string, a quoted name, a parameter or number, a word, an operator,
 * or one other character. White space is a piece, too.
 */
const pieces =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|(?:U&)?"(?:[^"]|"")*"|\$?\d+(?:\.\d+)?|[a-z_]\w*|::|(?:(?!--|\/\*)[-+*/<>=~!@#%^&|`?])+|\s+|./giu;

/** Types whose names are looked up in the path. `int`, `boolean` and `interval` are words of the grammar. */
const types: ReadonlySet<string> = new Set(["text", "json", "jsonb", "timestamptz", "float8"]);

/** What stands before a parenthesis without being a function, or is one of the grammar. */
const grammar: ReadonlySet<string> = new Set([
  "all",
  "any",
  "array",
  "coalesce",
  "exists",
  "extract",
  "greatest",
  "least",
  "substring",
]);

/** Words after which an operator has no left operand. */
const beforeOperand: ReadonlySet<string> = new Set([
  "and",
  "by",
  "distinct",
  "else",
  "or",
  "returning",
  "select",
  "then",
  "when",
  "where",
]);

/** The words that end the assignments of an update. */
const afterAssignments: ReadonlySet<string> = new Set(["from", "returning", "where"]);

/**
 * Names the schema of each function, type and operator of PostgreSQL in a statement of `sql/queries`. The
 * server looks an unqualified one up in every schema of the session's `search_path`, where other roles may
 * have created one that matches better and then runs with the session's rights.
 *
 * It knows the SQL that stands in `sql/queries`: a function's name touches its parenthesis, and nothing else
 * does. `test/database/qualify.test.ts` asks the server whether each statement keeps its meaning and
 * refers to nothing in the path. An operator with its schema binds less than `=`-free arithmetic does, so a
 * statement that depends on precedence needs parentheses; `in`, `like`, `between`, `is distinct from`,
 * `nullif` and `case x when` look operators up by themselves, and have to be written in another way.
 */
export function qualify(statement: string): string {
  const qualifier = new Qualifier();
  const all = Array.from(statement.matchAll(pieces), ([piece]) => piece);
  return all.map((piece, index) => qualifier.qualify(piece, all[index + 1] ?? "")).join("");
}

class Qualifier {
  /** The last piece that is neither space nor comment, in small letters. */
  #last = "";
  /** For each open parenthesis: whether the next `=` assigns, or might after a comma. */
  readonly #levels: ("none" | "target" | "value")[] = ["none"];

  qualify(piece: string, next: string): string {
    if (/^(?:\s|--|\/\*)/u.test(piece)) return piece;
    const text = piece.toLowerCase();
    const qualified = this.#qualify(piece, text, next);
    this.#track(text);
    this.#last = text;
    return qualified;
  }

  #qualify(piece: string, text: string, next: string): string {
    if (/^[a-z_]/u.test(text)) return this.#isName(text, next) ? `pg_catalog.${piece}` : piece;
    return this.#isOperator(text, next) ? `operator(pg_catalog.${piece})` : piece;
  }

  #isName(text: string, next: string): boolean {
    if (this.#last === "." || grammar.has(text)) return false;
    if (next === "(") return true;
    return types.has(text) && (this.#last === "::" || this.#isAfterColumn());
  }

  /** A column definition, such as `(id int, name text)`; an alias comes after `as`. */
  #isAfterColumn(): boolean {
    return /^[a-z_]/u.test(this.#last) && this.#last !== "as";
  }

  #isOperator(text: string, next: string): boolean {
    if (!/^[-+*/<>=~!@#%^&|`?]/u.test(text) || text === "=>") return false;
    if (text === "=" && this.#level === "target") return false;
    const isPrefix =
      this.#last === "" || /^[(,]$/u.test(this.#last) || beforeOperand.has(this.#last);
    // All columns; the sign of a number.
    return !(text === "*" && (isPrefix || this.#last === ".")) && !(isPrefix && /^\d/u.test(next));
  }

  get #level() {
    return this.#levels.at(-1);
  }

  #track(text: string): void {
    const end = this.#levels.length - 1;
    if (text === "(") this.#levels.push("none");
    else if (text === ")") this.#levels.pop();
    else if (text === "set") this.#levels[end] = "target";
    else if (text === "=" && this.#level === "target") this.#levels[end] = "value";
    else if (text === "," && this.#level === "value") this.#levels[end] = "target";
    else if (afterAssignments.has(text)) this.#levels[end] = "none";
  }
}
