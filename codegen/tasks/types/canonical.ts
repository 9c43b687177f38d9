import {
  isAny,
  isNever,
  union,
  type ArrayShape,
  type Definition,
  type JsonType,
  type ObjectShape,
  type Shape,
} from "./type.js";
import { forbiddenNames } from "./exclusive.js";

/** Who holds the value: the producer, who may leave out what has a default, or the handler. */
export type Side = "input" | "payload";

/** A schema in the few words that the type generator gets right. */
export interface CanonicalSchema {
  readonly [keyword: string]: unknown;
}

/** Gives a definition's type its name on one side, and sees to it that it is declared. */
export type Refer = (target: Definition, side: Side) => CanonicalSchema;

/**
 * Longer tuples are said as open arrays. The limits keep types readable: an array that a producer
 * computes can't be assigned to a tuple, which is worth it where the length carries meaning.
 */
const maxTupleLength = 16;
const maxTupleSpread = 4;

/** The generator takes an empty schema with a description for an object. */
const unknown: CanonicalSchema = { tsType: "unknown" };

/** Writes a type for one side. */
export function toCanonical(type: JsonType, side: Side, refer: Refer): CanonicalSchema {
  if (isAny(type)) return unknown;
  const write = (inner: JsonType) => toCanonical(inner, side, refer);
  const options = [
    ...literals(type.shapes),
    ...type.shapes.flatMap((shape, index) => {
      const written = writeShape(shape, side, refer, write);
      return written === undefined ? [] : [forbid(written, forbiddenNames(type.shapes, index))];
    }),
  ];
  const distinct = [...new Map(options.map((option) => [JSON.stringify(option), option])).values()];
  const [first] = distinct;
  return distinct.length === 1 && first !== undefined ? first : { anyOf: distinct };
}

function literals(shapes: readonly Shape[]): CanonicalSchema[] {
  // TypeScript would take "a" | string for string anyway.
  const open = new Set<string>(shapes.map(({ kind }) => kind));
  const values = shapes.flatMap((shape) =>
    shape.kind === "literal" && !open.has(typeof shape.value) ? [shape.value] : [],
  );
  const isBoolean = values.includes(true) && values.includes(false);
  const rest = isBoolean ? values.filter((value) => typeof value !== "boolean") : values;
  return [
    ...(rest.length === 0 ? [] : [{ enum: rest }]),
    ...(isBoolean ? [{ type: "boolean" }] : []),
  ];
}

function writeShape(
  shape: Shape,
  side: Side,
  refer: Refer,
  write: (type: JsonType) => CanonicalSchema,
): CanonicalSchema | undefined {
  switch (shape.kind) {
    case "any":
      return unknown;
    case "literal":
      return undefined;
    case "null":
    case "number":
    case "string":
      return { type: shape.kind };
    case "array":
      return writeArray(shape, write);
    case "object":
      return writeObject(shape, side, write);
    case "reference":
      return refer(shape.target, side);
  }
}

function writeArray(
  shape: ArrayShape,
  write: (type: JsonType) => CanonicalSchema,
): CanonicalSchema {
  const { prefix, rest, min, max } = shape;
  const tuple = (length: number, isOpen: boolean) => ({
    type: "array",
    items: Array.from({ length }, (_, index) => write(prefix[index] ?? rest)),
    minItems: length,
    ...(isOpen ? {} : { maxItems: length }),
    additionalItems: isOpen ? write(rest) : false,
  });
  const isBounded = max <= maxTupleLength && (max - min <= maxTupleSpread || max <= prefix.length);
  const least = Math.min(min, Math.max(maxTupleLength, prefix.length));
  const longest = isBounded ? max : Math.max(least, prefix.length);
  if (longest === 0 && !isBounded) return { type: "array", items: write(rest) };
  // One tuple for each length: the generator's own unions of tuples lack parentheses in arrays.
  const lengths = Array.from({ length: longest - least + 1 }, (_, index) => least + index);
  const tuples = lengths.map((length) => tuple(length, !isBounded && length === longest));
  const [only] = tuples;
  return only !== undefined && tuples.length === 1 ? only : { anyOf: tuples };
}

function writeObject(
  shape: ObjectShape,
  side: Side,
  write: (type: JsonType) => CanonicalSchema,
): CanonicalSchema {
  const properties: [string, unknown][] = [];
  const required: string[] = [];
  for (const [name, { type, required: isRequired, filled, doc }] of shape.properties) {
    properties.push([name, isNever(type) ? false : withComment(write(type), doc)]);
    if (filled === undefined ? isRequired : side === "payload") required.push(name);
  }
  const others = union([...shape.patterns.map(({ type }) => type), shape.additional]);
  if (properties.length === 0 && isNever(others)) return { tsType: "Record<string, never>" };
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required,
    additionalProperties: isNever(others) ? false : write(others),
  };
}

/** The generator adds lines of its own to comments: what follows this mark is cut off again. */
export const endOfComment = "@@end";

/** Adds a comment; beside a reference, it must not make the generator write the type out again. */
export function withComment(schema: CanonicalSchema, doc: string): CanonicalSchema {
  if (doc === "" && !("minItems" in schema)) return schema;
  const description = `${doc}\n${endOfComment}`;
  return "$ref" in schema ? { anyOf: [schema], description } : { ...schema, description };
}

function forbid(schema: CanonicalSchema, names: readonly string[]): CanonicalSchema {
  if (names.length === 0) return schema;
  const forbidden = Object.fromEntries(names.map((name) => [name, false]));
  const { properties } = schema;
  if (typeof properties === "object") {
    return { ...schema, properties: { ...properties, ...forbidden } };
  }
  const closed = { type: "object", properties: forbidden, additionalProperties: false };
  return { allOf: [schema, closed] };
}
