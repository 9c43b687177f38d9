import * as fc from "fast-check";
import { isObject } from "../../../codegen/json.js";
import { walkSchemas, type SchemaObject } from "../../../codegen/tasks/node.js";
import { resolvePointer, References } from "../../../codegen/tasks/reference.js";
import { merge } from "./merge.js";

/**
 * Values of all sorts for a schema: ones that it should accept, made by following it, and ones
 * that differ from those in one or two places. What each of them is, the validator says.
 */
export function sampleValues(root: SchemaObject, count: number, seed: number): unknown[] {
  const sampler = new Sampler(root);
  const valid = sampler.following(root, 0);
  const anyValue = fc.oneof(
    { weight: 2, arbitrary: valid },
    { weight: 5, arbitrary: valid.chain((value) => sampler.mutated(value)) },
    {
      weight: 2,
      arbitrary: valid
        .chain((value) => sampler.mutated(value))
        .chain((value) => sampler.mutated(value)),
    },
  );
  const values = fc.sample(anyValue, { numRuns: count, seed });
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** A copy of a value as it comes out of a database: no part of it is shared with another. */
export function asParsed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const formats: Readonly<Record<string, string>> = {
  email: "a@example.com",
  uri: "https://example.com/a",
  uuid: "123e4567-e89b-12d3-a456-426614174000",
  date: "2024-02-29",
  "date-time": "2024-02-29T12:00:00Z",
  time: "12:00:00Z",
  duration: "PT90M",
  url: "https://example.com/a",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
};

const maxDepth = 5;
const someOf = [null, true, false, 0, 1, 2.5, -3, "", "a", "text", [], {}] as const;

class Sampler {
  readonly #root: SchemaObject;
  readonly #references: References;
  /** Names and literals that the schema mentions anywhere, for mutations that nearly fit. */
  readonly #names: fc.Arbitrary<string>;
  readonly #literals: fc.Arbitrary<unknown>;

  constructor(root: SchemaObject) {
    this.#root = root;
    this.#references = new References(root);
    const nodes = walkSchemas(root);
    const names = nodes.flatMap(({ schema }) => Object.keys(schema["properties"] ?? {}));
    const literals = nodes.flatMap(({ schema }) => [
      ...(Array.isArray(schema["enum"]) ? (schema["enum"] as unknown[]) : []),
      ...("const" in schema ? [schema["const"]] : []),
    ]);
    this.#names = fc.constantFrom("extra", "x-extra", ...names);
    this.#literals = fc.constantFrom<unknown>(...someOf, ...literals);
  }

  /** Values of a part of a value; made when needed, because schemas may be recursive. */
  #below(schema: unknown, depth: number): fc.Arbitrary<unknown> {
    return fc.constant(null).chain(() => this.following(schema, depth + 1));
  }

  /** Values that are likely to pass. */
  following(schema: unknown, depth: number): fc.Arbitrary<unknown> {
    if (!isObject(schema) || depth > maxDepth) return fc.constantFrom<unknown>(...someOf);
    const { $ref, allOf, anyOf, oneOf, ...rest } = schema;
    if (typeof $ref === "string") {
      const target = resolvePointer(this.#root, this.#references.resolve($ref) ?? "");
      return this.following(merge({ ...rest, allOf, anyOf, oneOf }, target), depth);
    }
    if (Array.isArray(allOf)) {
      return this.following(allOf.reduce<SchemaObject>(merge, { ...rest, anyOf, oneOf }), depth);
    }
    const branches = [anyOf, oneOf].find(Array.isArray);
    if (branches !== undefined) {
      const others = branches === anyOf ? { ...rest, oneOf } : rest;
      return fc.oneof(...branches.map((branch) => this.following(merge(others, branch), depth)));
    }
    const { if: condition, then, else: otherwise, ...plain } = rest;
    if (condition !== undefined) {
      return fc.oneof(
        this.following(merge(merge(plain, condition), then), depth),
        this.following(merge(plain, otherwise), depth),
      );
    }
    return this.#plain(plain, depth);
  }

  #plain(schema: SchemaObject, depth: number): fc.Arbitrary<unknown> {
    if ("const" in schema) return fc.constant(schema["const"]);
    if (Array.isArray(schema["enum"]) && schema["enum"].length > 0) {
      return fc.constantFrom(...(schema["enum"] as unknown[]));
    }
    const types = [(schema["type"] ?? []) as string | string[]].flat();
    if (types.length === 0) return fc.constantFrom<unknown>(...someOf);
    return fc.oneof(...types.map((type) => this.#ofType(type, schema, depth)));
  }

  #ofType(type: string, schema: SchemaObject, depth: number): fc.Arbitrary<unknown> {
    switch (type) {
      case "null":
        return fc.constant(null);
      case "boolean":
        return fc.boolean();
      case "integer":
      case "number":
        return numbers(type, schema);
      case "string":
        return strings(schema);
      case "array":
        return this.#array(schema, depth);
      default:
        return this.#object(schema, depth);
    }
  }

  #array(schema: SchemaObject, depth: number): fc.Arbitrary<unknown> {
    const prefix = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : [];
    const least = Number(schema["minItems"] ?? 0);
    const most = Math.min(
      Number(schema["maxItems"] ?? Infinity),
      Math.max(least, prefix.length) + 2,
    );
    const itemAt = (index: number): unknown => prefix[index] ?? schema["items"] ?? true;
    return fc
      .integer({
        min: Math.min(Number(schema["minItems"] ?? 0), most),
        max: most,
      })
      .chain((length) =>
        fc.tuple(...Array.from({ length }, (_, index) => this.#below(itemAt(index), depth))),
      );
  }

  #object(schema: SchemaObject, depth: number): fc.Arbitrary<unknown> {
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const fields = Object.entries(properties).flatMap(([name, property]) => {
      if (property === false) return [];
      const isRequired = required.includes(name);
      return [[name, this.#field(property, isRequired, depth)] as const];
    });
    const others = schema["additionalProperties"] ?? schema["unevaluatedProperties"] ?? true;
    const extra =
      others === false
        ? fc.constant({})
        : fc.dictionary(this.#names, this.#below(others, depth), {
            maxKeys: 2,
            noNullPrototype: true,
          });
    return fc
      .tuple(extra, fc.record(Object.fromEntries(fields)))
      .map(([extra, fields]) => withoutAbsent({ ...extra, ...fields }));
  }

  #field(schema: unknown, isRequired: boolean, depth: number): fc.Arbitrary<unknown> {
    const value = this.#below(schema, depth);
    return isRequired ? value : fc.oneof(value, fc.constant(absent));
  }

  /** The value with one place of it changed. */
  mutated(value: unknown): fc.Arbitrary<unknown> {
    const places = placesIn(value);
    return fc
      .tuple(fc.nat(places.length - 1), this.#literals, this.#names, fc.nat(5))
      .map(([index, literal, name, kind]) =>
        changeAt(value, places[index] ?? [], (found) => change(found, kind, name, literal)),
      );
  }
}

const absent = Symbol("absent");

function withoutAbsent(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== absent));
}

function numbers(type: string, schema: SchemaObject): fc.Arbitrary<number> {
  const low = Math.max(Number(schema["minimum"] ?? schema["exclusiveMinimum"] ?? -5), -(2 ** 30));
  const high = Math.min(
    Number(schema["maximum"] ?? schema["exclusiveMaximum"] ?? low + 200),
    2 ** 30,
  );
  const step = Number(schema["multipleOf"] ?? 1);
  const whole = fc
    .integer({ min: Math.ceil(low / step), max: Math.floor(high / step) })
    .map((count) => Number((count * step).toPrecision(12)));
  return type === "integer" ? whole : fc.oneof(whole, fc.constant(low + 0.5));
}

function strings(schema: SchemaObject): fc.Arbitrary<string> {
  const { format, pattern } = schema;
  if (typeof format === "string") return fc.constant(formats[format] ?? "text");
  if (typeof pattern === "string") return matching(pattern);
  const minLength = Number(schema["minLength"] ?? 0);
  const maxLength = Number(schema["maxLength"] ?? minLength + 5);
  return fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 5) });
}

/** Strings that match a pattern, where it is one that strings can be made from. */
function matching(pattern: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern, "u"));
  } catch {
    return fc.constantFrom("text", "1", "a", "2024-02-29T12:00:00Z");
  }
}

type Place = readonly (string | number)[];

function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [place];
  const inside = Object.entries(value).flatMap(([key, held]) =>
    placesIn(held, [...place, Array.isArray(value) ? Number(key) : key]),
  );
  return [place, ...inside];
}

function changeAt(value: unknown, place: Place, map: (found: unknown) => unknown): unknown {
  const [key, ...rest] = place;
  if (key === undefined) return map(value);
  if (Array.isArray(value)) {
    return value.map((held: unknown, index) => (index === key ? changeAt(held, rest, map) : held));
  }
  const record = value as Record<string, unknown>;
  return { ...record, [key]: changeAt(record[key], rest, map) };
}

function change(value: unknown, kind: number, name: string, literal: unknown): unknown {
  if (Array.isArray(value) && kind < 4) {
    if (kind === 0) return value.slice(0, -1);
    if (kind === 1) return [...(value as unknown[]), literal];
    return kind === 2 ? [...(value as unknown[]), ...(value as unknown[])] : value.slice(1);
  }
  if (isObject(value) && kind < 4) {
    const keys = Object.keys(value);
    const dropped = keys[name.length % Math.max(1, keys.length)];
    if (kind < 2)
      return Object.fromEntries(Object.entries(value).filter(([key]) => key !== dropped));
    return { ...value, [name]: literal };
  }
  return literal;
}
