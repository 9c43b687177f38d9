import type { Client } from "pg";

/** A TypeScript type as pgtyped takes it: with a definition, it is declared under its name. */
export interface NamedType {
  readonly name: string;
  readonly definition?: string;
}

/** What a parameter of a PostgreSQL type may be, and what pg returns for a column of it. */
export interface MappedType {
  readonly parameter: NamedType;
  readonly return: NamedType;
}

/** A row of PostgreSQL's catalogue of types. */
interface SqlType {
  readonly oid: string;
  readonly name: string;
  /** Whether PostgreSQL brought it. */
  readonly isBuiltIn: boolean;
  /** Of an array, the type of its elements; 0 of any other type. */
  readonly element: string;
  /** Whether commas separate the elements of its array. */
  readonly hasCommas: boolean;
  /** Of a domain, the type that it restricts. */
  readonly base: string;
  readonly labels: readonly string[] | null;
}

const text = "string";
/** As postgres-interval makes it, which is what pg reads an interval with; parts that are zero are missing. */
const interval = `{ ${["years", "months", "days", "hours", "minutes", "seconds", "milliseconds"]
  .map((part) => `${part}?: number`)
  .join("; ")}; toPostgres(): string; toISO(): string; toISOString(): string }`;

/**
 * What pg returns for the types that it has a parser for, by the names of PostgreSQL's own types. Everything
 * else, arrays included, comes as PostgreSQL's text.
 * @see https://github.com/brianc/node-pg-types
 */
const returned: ReadonlyMap<string, string> = new Map([
  ...["int2", "int4", "oid", "float4", "float8"].map((name) => [name, "number"] as const),
  ["bool", "boolean"],
  ...["date", "timestamp", "timestamptz"].map((name) => [name, "Date"] as const),
  ["bytea", "Buffer"],
  ["point", "{ x: number; y: number }"],
  ["circle", "{ x: number; y: number; radius: number }"],
  ["interval", interval],
  ["json", "unknown"],
  ["jsonb", "unknown"],
]);

/** The element of each array that pg has a parser for. */
const returnedElements: ReadonlyMap<string, string> = new Map([
  ...["_int2", "_int4", "_oid", "_float4", "_float8", "_numeric"].map(
    (name) => [name, "number"] as const,
  ),
  ["_bool", "boolean"],
  ...["_date", "_timestamp", "_timestamptz"].map((name) => [name, "Date"] as const),
  ["_bytea", "Buffer"],
  ["_point", "{ x: number; y: number }"],
  ["_interval", interval],
  ["_json", "unknown"],
  ["_jsonb", "unknown"],
  ...[
    ...["_int8", "_text", "_varchar", "_bpchar", "_uuid", "_inet", "_cidr", "_macaddr", "_regproc"],
    ...["_money", "_time", "_timetz", "_numrange"],
  ].map((name) => [name, text] as const),
]);

/**
 * What pg sends for a parameter so that PostgreSQL reads it as the type. Everything else is sent as text; so is
 * JSON, because pg makes a PostgreSQL array of a JavaScript one.
 */
const parameters: ReadonlyMap<string, string> = new Map([
  ...["int2", "int4", "oid", "float4", "float8"].map((name) => [name, "number"] as const),
  ["int8", "number | bigint | string"],
  ["numeric", "number | bigint | string"],
  ["bool", "boolean"],
  ...["date", "timestamp", "timestamptz"].map((name) => [name, "Date | string"] as const),
  ["bytea", "Uint8Array"],
]);

/** Names that a declared type must not have, beside those that it would share with a query's types. */
const reservedNames =
  /^(?:PreparedQuery|Query|QueryIR|Buffer|Date|Uint8Array|any|as|async|await|bigint|boolean|break|case|catch|class|const|continue|debugger|declare|default|delete|do|else|enum|export|extends|false|finally|for|function|if|implements|import|in|infer|instanceof|interface|keyof|let|never|new|null|number|object|package|private|protected|public|readonly|return|static|string|super|switch|symbol|this|throw|true|try|type|typeof|undefined|unique|unknown|var|void|while|with|yield|.*(?:Params|Result|Query))$/u;
const identifier = /^[A-Za-z_$][\w$]*$/u;

/** PostgreSQL's types as pg reads and writes them. */
export class SqlTypes {
  readonly #types: ReadonlyMap<string, SqlType>;
  readonly #enumNames: ReadonlyMap<string, string>;

  constructor(types: readonly SqlType[]) {
    this.#types = new Map(types.map((type) => [type.oid, type]));
    this.#enumNames = nameEnums(types.filter(({ labels }) => labels !== null));
  }

  /** Reads all types of a database. */
  static async read(client: Client): Promise<SqlTypes> {
    const { rows } = await client.query<SqlType>(`
      select
        types.oid::text as oid,
        types.typname::text as name,
        namespaces.nspname = 'pg_catalog' as "isBuiltIn",
        case when types.typcategory = 'A' then types.typelem::text else '0' end as element,
        types.typdelim = ',' as "hasCommas",
        types.typbasetype::text as base,
        (
          select json_agg(labels.enumlabel order by labels.enumsortorder)
          from pg_enum as labels
          where labels.enumtypid = types.oid
        ) as labels
      from pg_type as types
      join pg_namespace as namespaces on namespaces.oid = types.typnamespace
      order by pg_type_is_visible(types.oid) desc, namespaces.nspname, types.typname`);
    return new SqlTypes(rows);
  }

  /** All types, by what {@link keyOf} makes of their oids. */
  mapping(): Record<string, MappedType> {
    return Object.fromEntries(
      Array.from(this.#types.values(), (type) => [
        keyOf(type.oid),
        { parameter: this.#parameter(type), return: this.#returned(type) },
      ]),
    );
  }

  #returned(type: SqlType): NamedType {
    const plain = this.#withoutDomain(type);
    const element = plain.isBuiltIn ? returnedElements.get(plain.name) : undefined;
    if (element !== undefined) return { name: `(${element})[]` };
    return this.#enum(plain) ?? { name: (plain.isBuiltIn && returned.get(plain.name)) || text };
  }

  #parameter(type: SqlType): NamedType {
    const plain = this.#withoutDomain(type);
    const element = this.#types.get(plain.element);
    if (element !== undefined && this.#canBeElement(element)) {
      return arrayOf(this.#parameter(element));
    }
    return this.#enum(plain) ?? { name: (plain.isBuiltIn && parameters.get(plain.name)) || text };
  }

  /** pg writes an array of arrays as one of two dimensions, and separates elements by commas. */
  #canBeElement(type: SqlType): boolean {
    return type.hasCommas && this.#withoutDomain(type).element === "0";
  }

  /** PostgreSQL describes a parameter by its domain, and a column by the type that the domain restricts. */
  #withoutDomain(type: SqlType): SqlType {
    const base = this.#types.get(type.base);
    return base === undefined ? type : this.#withoutDomain(base);
  }

  #enum({ oid, labels }: SqlType): NamedType | undefined {
    const name = this.#enumNames.get(oid);
    if (name === undefined || labels === null) return undefined;
    return { name, definition: labels.map((label) => JSON.stringify(label)).join(" | ") };
  }
}

/** What stands for a type in a query's description: names may be those of several schemas. */
export function keyOf(oid: string | number): string {
  return `oid ${oid}`;
}

/** With its elements' union spelled out: pgtyped declares only types that it is given themselves. */
function arrayOf({ name, definition = name }: NamedType): NamedType {
  return { name: `readonly (${definition} | null)[]` };
}

/** The names under which enums are declared: their own where TypeScript takes it. */
function nameEnums(enums: readonly SqlType[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const { oid, name } of enums) {
    const wanted = identifier.test(name) && !reservedNames.test(name) ? name : `${words(name)}Enum`;
    let free = wanted;
    for (let count = 2; taken.has(free); count++) free = `${wanted}${count}`;
    taken.add(free);
    names.set(oid, free);
  }
  return names;
}

/** The ASCII words of a name in PascalCase, after a letter. */
function words(name: string): string {
  const parts = name.match(/[A-Za-z0-9]+/gu) ?? [];
  const joined = parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("");
  return /^[A-Za-z]/u.test(joined) ? joined : `Sql${joined}`;
}
