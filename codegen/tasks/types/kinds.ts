import { escapePointer, isObject } from "../../json.js";
import { numberFormats } from "../formats.js";
import { keywords, kinds, type Kind } from "../keywords.js";
import { typeKinds, type SchemaObject } from "../node.js";
import { passes } from "./check.js";
import { describe } from "./describe.js";
import { boundArray, intersect, propertyOf, unite } from "./intersect.js";
import {
  any,
  isImpossible,
  isNever,
  never,
  openObject,
  shapesOfKind,
  typeOfValue,
  union,
  type Check,
  type JsonType,
  type ObjectShape,
  type PatternProperty,
  type Property,
  type Shape,
} from "./type.js";

/** The type of the schema at a pointer. */
export type TypeAt = (pointer: string) => JsonType;

/** What a schema says by itself, without its combinators: `type`, `enum`, `const` and the rest. */
export function readOwn(schema: SchemaObject, pointer: string, at: TypeAt): JsonType {
  const given = typeKinds(schema);
  const isConstrained = Object.keys(schema).some(
    (keyword) => keywords.get(keyword)?.kind !== undefined || keyword === "format",
  );
  const shapes = (given ?? kinds).flatMap((kind) => readKind(kind, schema, pointer, at));
  const base = given === undefined && !isConstrained ? any : { shapes };
  const { enum: values, const: value } = schema;
  const listed = Array.isArray(values) ? listValues(base, values) : base;
  return value === undefined ? listed : intersect(listed, typeOfValue(value));
}

/** Lists and objects each by itself: however many they are, they aren't combinations. */
function listValues(base: JsonType, values: readonly unknown[]): JsonType {
  const isScalar = values.every((value) => typeof value !== "object" || value === null);
  const types = values.map(typeOfValue);
  if (isScalar) return intersect(base, union(types));
  return unite(types.map((type) => intersect(base, type)));
}

function readKind(kind: Kind, schema: SchemaObject, pointer: string, at: TypeAt): Shape[] {
  switch (kind) {
    case "null":
    case "boolean":
      return shapesOfKind(kind);
    case "number":
    case "string":
      return [{ kind, checks: readChecks(kind, schema) }];
    case "array":
      return readArray(schema, pointer, at);
    case "object":
      return readObject(schema, pointer, at);
  }
}

function readChecks(kind: "number" | "string", schema: SchemaObject): Check[] {
  const checks = Object.entries(schema).flatMap(([keyword, value]): Check[] => {
    if (keyword === "format") {
      return numberFormats.has(String(value)) === (kind === "number") ? [{ format: value }] : [];
    }
    return keywords.get(keyword)?.kind === kind ? [{ [keyword]: value }] : [];
  });
  const names = [schema["type"]].flat();
  const isInteger = kind === "number" && names.includes("integer") && !names.includes("number");
  return isInteger ? [{ type: "integer" }, ...checks] : checks;
}

function readArray(schema: SchemaObject, pointer: string, at: TypeAt): Shape[] {
  const { prefixItems, items, contains, minContains, uniqueItems } = schema;
  const prefix = Array.isArray(prefixItems)
    ? prefixItems.map((_, index) => at(`${pointer}/prefixItems/${index}`))
    : [];
  const least = contains === undefined ? 0 : asNumber(minContains, 1);
  return boundArray({
    kind: "array",
    prefix,
    rest: items === undefined ? any : at(`${pointer}/items`),
    min: Math.max(asNumber(schema["minItems"], 0), least),
    max: asNumber(schema["maxItems"], Infinity),
    evaluated: items === undefined ? prefix.length : Infinity,
    hasChecks: contains !== undefined || uniqueItems === true,
  });
}

function asNumber(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function readObject(schema: SchemaObject, pointer: string, at: TypeAt): Shape[] {
  const { properties, patternProperties, additionalProperties, required } = schema;
  const patterns: PatternProperty[] = keysOf(patternProperties).map((pattern) => ({
    pattern,
    type: at(`${pointer}/patternProperties/${escapePointer(pattern)}`),
  }));
  const isOpen = additionalProperties === undefined;
  const others: ObjectShape = {
    ...openObject,
    patterns,
    additional: isOpen ? any : at(`${pointer}/additionalProperties`),
    additionalEvaluated: !isOpen,
    hasChecks: ["minProperties", "maxProperties"].some((keyword) => schema[keyword] !== undefined),
  };
  const shape = new Map<string, Property>();
  for (const name of keysOf(properties)) {
    const own = `${pointer}/properties/${escapePointer(name)}`;
    shape.set(name, { ...readProperty(properties, name, own, at(own)), required: false });
  }
  const declared: ObjectShape = { ...others, properties: shape };
  return restrictNames(
    requireAll(matchPatterns(declared, others), Array.isArray(required) ? required : []),
    schema["propertyNames"],
    intersect({ shapes: shapesOfKind("string") }, at(`${pointer}/propertyNames`)),
  );
}

function readProperty(
  properties: unknown,
  name: string,
  pointer: string,
  type: JsonType,
): Omit<Property, "required"> {
  const schema = isObject(properties) ? properties[name] : undefined;
  if (!isObject(schema)) return { type, doc: "", evaluated: true };
  const filled = Object.hasOwn(schema, "default")
    ? { filled: { value: schema["default"], pointer } }
    : {};
  return { type, ...filled, doc: describe(schema), evaluated: true };
}

/** A declared property must also suit every pattern that its name matches. */
function matchPatterns(shape: ObjectShape, others: ObjectShape): ObjectShape {
  if (others.patterns.length === 0) return shape;
  const patternsOnly: ObjectShape = { ...others, additional: any };
  const properties = [...shape.properties].map(([name, property]): [string, Property] => [
    name,
    { ...property, type: intersect(property.type, propertyOf(patternsOnly, name).type) },
  ]);
  return { ...shape, properties: new Map(properties) };
}

function requireAll(shape: ObjectShape, names: readonly unknown[]): ObjectShape[] {
  const properties = new Map(shape.properties);
  for (const name of names) {
    if (typeof name !== "string") continue;
    const property = propertyOf(shape, name);
    // A declared one is not looked into, unless it is plainly false: it may be what is being read.
    if (property.type === never) return [];
    if (!shape.properties.has(name) && isNever(property.type)) return [];
    properties.set(name, { ...property, required: true });
  }
  return [{ ...shape, properties }];
}

/** `propertyNames`: names that are listed become properties, the others are closed out. */
function restrictNames(
  shapes: readonly ObjectShape[],
  schema: unknown,
  names: JsonType,
): ObjectShape[] {
  if (schema === undefined) return [...shapes];
  return shapes.flatMap((shape) => {
    const literals = names.shapes.map((name) => (name.kind === "literal" ? name.value : undefined));
    const listed = literals.filter((value) => typeof value === "string");
    const isClosed = listed.length === literals.length;
    const properties = new Map<string, Property>();
    for (const name of new Set([...shape.properties.keys(), ...(isClosed ? listed : [])])) {
      const property = propertyOf(shape, name);
      const isAllowed = isClosed ? listed.includes(name) : allowsName(names, name);
      const restricted = isAllowed ? property : { ...property, type: never };
      if (!isAllowed && isImpossible(restricted)) return [];
      properties.set(name, restricted);
    }
    return [
      isClosed
        ? { ...shape, properties, patterns: [], additional: never }
        : { ...shape, properties, hasChecks: true },
    ];
  });
}

function allowsName(names: JsonType, name: string): boolean {
  return names.shapes.some((shape) => {
    if (shape.kind === "literal") return shape.value === name;
    if (shape.kind === "string") return shape.checks.every((check: Check) => passes(name, check));
    return shape.kind === "any" || shape.kind === "reference";
  });
}

function keysOf(value: unknown): string[] {
  return isObject(value) ? Object.keys(value) : [];
}
