import type { SqlType, TypeCatalogue } from "./catalogue.js";
import { TypeNames } from "./type-names.js";

/**
 * What pg's own parsers make of a value, by the OID of its type; all other types are text. The test
 * of every type compares this with what pg returns. Elements and dates are typed as they usually are:
 * an array may hold nulls and other arrays, and `infinity` is a number.
 */
const results: Readonly<Record<number, string>> = {
  16: "boolean", // bool
  17: "Buffer", // bytea
  21: "number", // int2
  23: "number", // int4
  26: "number", // oid
  114: "unknown", // json
  600: "{ x: number; y: number }", // point
  700: "number", // float4
  701: "number", // float8
  718: "{ x: number; y: number; radius: number }", // circle
  1082: "Date", // date
  1114: "Date", // timestamp
  1184: "Date", // timestamptz
  1186: "Interval", // interval
  3802: "unknown", // jsonb
  199: "unknown[]", // json[]
  651: "string[]", // cidr[]
  791: "string[]", // money[]
  1000: "boolean[]", // bool[]
  1001: "Buffer[]", // bytea[]
  1005: "number[]", // int2[]
  1007: "number[]", // int4[]
  1008: "string[]", // regproc[]
  1009: "string[]", // text[]
  1014: "string[]", // bpchar[]
  1015: "string[]", // varchar[]
  1016: "string[]", // int8[]
  1017: "{ x: number; y: number }[]", // point[]
  1021: "number[]", // float4[]
  1022: "number[]", // float8[]
  1028: "number[]", // oid[]
  1040: "string[]", // macaddr[]
  1041: "string[]", // inet[]
  1115: "Date[]", // timestamp[]
  1182: "Date[]", // date[]
  1183: "string[]", // time[]
  1185: "Date[]", // timestamptz[]
  1187: "Interval[]", // interval[]
  1231: "number[]", // numeric[], although numeric itself is text
  1270: "string[]", // timetz[]
  2951: "string[]", // uuid[]
  3807: "unknown[]", // jsonb[]
  3907: "string[]", // numrange[]
};

const exactNumber = "bigint | number | string";

/**
 * What pg writes as PostgreSQL reads it, by the OID of the type; all other types take text. JSON is
 * text, since pg writes a JavaScript array as PostgreSQL's, which is no JSON.
 */
const parameters: Readonly<Record<number, string>> = {
  16: "boolean",
  17: "Uint8Array",
  20: exactNumber, // int8
  21: "number",
  23: "number",
  26: "number",
  700: "number",
  701: "number",
  1082: "Date | string",
  1114: "Date | string",
  1184: "Date | string",
  1186: "Interval | string",
  1700: exactNumber, // numeric
};

/** TypeScript's types of the values of one module, and the names that they need. */
export class TypeScriptTypes {
  readonly names = new TypeNames();
  readonly #catalogue: TypeCatalogue;

  constructor(catalogue: TypeCatalogue) {
    this.#catalogue = catalogue;
  }

  /** What pg returns for a column. */
  ofResult(oid: number): string {
    const type = this.#catalogue.resolve(oid);
    return this.#note(results[type.oid]) ?? this.#ofEnum(type) ?? "string";
  }

  /** What pg accepts for a parameter. */
  ofParameter(oid: number): string {
    const type = this.#catalogue.resolve(oid);
    if (type.element !== undefined && type.delimiter === ",") {
      // An array in an array is a dimension of it, never an element such as a domain of arrays.
      const isNested = this.#catalogue.resolve(type.element).element !== undefined;
      const element = isNested ? "string" : this.ofParameter(type.element);
      return `readonly (${element})[]`;
    }
    return this.#note(parameters[type.oid]) ?? this.#ofEnum(type) ?? "string";
  }

  /** The structured type that pg returns as PostgreSQL's text for it, if it does. */
  asText(oid: number): { readonly sql: string; readonly shape: "array" | "row" } | undefined {
    const { element, kind, sql, name, oid: resolved } = this.#catalogue.resolve(oid);
    if (results[resolved] !== undefined) return undefined;
    if (element !== undefined) return { sql, shape: "array" };
    const isRow = kind === "composite" || (kind === "pseudo" && name === "record");
    return isRow ? { sql, shape: "row" } : undefined;
  }

  #ofEnum(type: SqlType): string | undefined {
    return type.kind === "enum" ? this.names.enumName(type) : undefined;
  }

  #note(text: string | undefined): string | undefined {
    if (text?.includes("Interval") === true) this.names.usesInterval = true;
    return text;
  }
}
