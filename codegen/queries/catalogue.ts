import type { Client } from "pg";

/** A type of PostgreSQL, as far as it decides what JavaScript gets. */
export interface SqlType {
  readonly oid: number;
  readonly name: string;
  /** As SQL writes it, with its schema and quotes where they are needed. */
  readonly sql: string;
  readonly kind: "base" | "composite" | "domain" | "enum" | "pseudo" | "range";
  /** The type below a domain. */
  readonly base: number | undefined;
  /** The element's type, of what is truly an array; `int2vector` and its like aren't. */
  readonly element: number | undefined;
  /** What stands between an array's elements: a comma, except for boxes. */
  readonly delimiter: string;
  readonly labels: readonly string[];
}

const kinds: Readonly<Record<string, SqlType["kind"]>> = {
  b: "base",
  c: "composite",
  d: "domain",
  e: "enum",
  p: "pseudo",
  r: "range",
  m: "range",
};

/** The types that queries mention, and those that they are made of, read when they are needed. */
export class TypeCatalogue {
  readonly #client: Client;
  readonly #types = new Map<number, SqlType>();

  constructor(client: Client) {
    this.#client = client;
  }

  async load(oids: readonly number[]): Promise<void> {
    const unknown = [...new Set(oids)].filter((oid) => !this.#types.has(oid));
    if (unknown.length === 0) return;
    const { rows } = await this.#client.query<TypeRow>(statement, [unknown]);
    for (const { kind, base, element, ...rest } of rows) {
      const type = { base: base ?? undefined, element: element ?? undefined, ...rest };
      this.#types.set(type.oid, { ...type, kind: kinds[kind] ?? "base" });
    }
  }

  /** A type that was loaded, below its domains. */
  resolve(oid: number): SqlType {
    const type = this.#types.get(oid);
    if (type === undefined) throw new Error(`The type with OID ${oid} is not in pg_type.`);
    return type.base === undefined ? type : this.resolve(type.base);
  }
}

interface TypeRow {
  readonly oid: number;
  readonly name: string;
  readonly sql: string;
  readonly kind: string;
  readonly base: number | null;
  readonly element: number | null;
  readonly delimiter: string;
  readonly labels: readonly string[];
}

const statement = `
  with recursive needed (oid) as (
    select unnest($1::pg_catalog.oid[])
    union
    select part.oid
    from needed
      join pg_catalog.pg_type as type on type.oid = needed.oid
      cross join lateral (values (type.typbasetype), (type.typelem)) as part (oid)
    where part.oid <> 0
  )
  select type.oid, type.typname::text as name, pg_catalog.format_type(type.oid, null) as sql,
    type.typtype::text as kind, nullif(type.typbasetype, 0) as base,
    case when element.typarray = type.oid then element.oid end as element,
    coalesce(element.typdelim, ',')::text as delimiter,
    pg_catalog.to_json(array(
      select enumlabel::text from pg_catalog.pg_enum where enumtypid = type.oid
      order by enumsortorder
    )) as labels
  from needed
    join pg_catalog.pg_type as type on type.oid = needed.oid
    left join pg_catalog.pg_type as element on element.oid = type.typelem`;
