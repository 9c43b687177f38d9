import { Refusal } from "./refusal.js";
import { passes } from "./check.js";
import { simplify } from "./simplify.js";
import {
  any,
  expand,
  isAny,
  isImpossible,
  isNever,
  union,
  withExactness,
  type ArrayShape,
  type Check,
  type Definition,
  type JsonType,
  type LiteralShape,
  type ObjectShape,
  type Property,
  type ScalarShape,
  type Shape,
} from "./type.js";

/** Pairs of recursive definitions that are being intersected further out. */
type Trail = readonly (readonly [Definition, Definition])[];

/** More combinations than this make a type that nobody can read, and a slow compiler. */
const maxShapes = 100;

/**
 * The values that are in both types.
 * @throws Refusal when the result would be endless or out of proportion, or when a default would
 * meet rules that the validator applies before it fills the default in.
 */
export function intersect(a: JsonType, b: JsonType, trail: Trail = []): JsonType {
  // By identity first: looking into a type may be what is going on further out.
  if (a === any) return b;
  if (b === any) return a;
  if (isAny(a)) return withExactness(b, [a]);
  if (isAny(b)) return withExactness(a, [b]);
  if (isSameReference(a, b)) return a;
  // The reference stays one, which keeps its name, and lets it be recursive.
  if (isOpenFor(a, b)) return withExactness(b, [a]);
  if (isOpenFor(b, a)) return withExactness(a, [b]);
  const below = extendTrail(trail, a, b);
  const left = expand(a);
  const right = expand(b);
  if (isAny(left)) return withExactness(b, [left]);
  if (isAny(right)) return withExactness(a, [right]);
  const shapes = left.shapes.flatMap((one) =>
    right.shapes.flatMap((other) => meet(one, other, below)),
  );
  limitCombinations(shapes);
  return simplify(withExactness({ shapes }, [left, right]));
}

/** @throws Refusal when there are too many; literals make one list, however many they are. */
export function limitCombinations(shapes: readonly Shape[]): void {
  if (shapes.filter(({ kind }) => kind !== "literal").length <= maxShapes) return;
  throw new Refusal(
    "too-many-combinations",
    `The schema allows more than ${maxShapes} combinations of alternatives.`,
    "Combine fewer anyOf, oneOf, if or not on the same value, or tell the alternatives apart by one const property.",
  );
}

function isSameReference(a: JsonType, b: JsonType): boolean {
  const [one, other] = [a.shapes[0], b.shapes[0]];
  if (a.shapes.length !== 1 || b.shapes.length !== 1) return false;
  return one?.kind === "reference" && other?.kind === "reference" && one.target === other.target;
}

/** Whether a type lets all values of the kinds pass that the definitions referred to are of. */
function isOpenFor(type: JsonType, { shapes }: JsonType): boolean {
  const open = new Set<string>(type.shapes.filter(isOpen).map(({ kind }) => kind));
  if (open.size < type.shapes.length || shapes.length === 0) return false;
  return shapes.every(
    (shape) =>
      shape.kind === "reference" &&
      shape.target.kinds !== undefined &&
      shape.target.kinds.every((kind) => open.has(kind)),
  );
}

function isOpen(shape: Shape): boolean {
  if (shape.kind === "string" || shape.kind === "number") return shape.checks.length === 0;
  if (shape.kind === "array") {
    const { prefix, rest, min, max, hasChecks } = shape;
    return prefix.length === 0 && rest === any && min === 0 && max === Infinity && !hasChecks;
  }
  if (shape.kind !== "object") return shape.kind === "null";
  const { properties, patterns, additional, hasChecks } = shape;
  return properties.size === 0 && patterns.length === 0 && additional === any && !hasChecks;
}

function extendTrail(trail: Trail, a: JsonType, b: JsonType): Trail {
  const pairs = references(a).flatMap((one) => references(b).map((other) => [one, other] as const));
  for (const [one, other] of pairs) {
    if (one !== other && trail.some((pair) => pair[0] === one && pair[1] === other)) {
      throw new Refusal(
        "recursive-combination",
        "Two recursive definitions apply to the same value, which makes an endless type.",
        "Write one recursive definition that says what both say.",
      );
    }
  }
  return pairs.length === 0 ? trail : [...trail, ...pairs];
}

function references({ shapes }: JsonType): Definition[] {
  return shapes.flatMap((shape) => (shape.kind === "reference" ? [shape.target] : []));
}

function meet(a: Shape, b: Shape, trail: Trail): Shape[] {
  if (a.kind === "null") return b.kind === "null" ? [a] : [];
  if (a.kind === "literal") return meetLiteral(a, b);
  if (b.kind === "literal") return meetLiteral(b, a);
  if (a.kind === "array") return b.kind === "array" ? meetArrays(a, b, trail) : [];
  if (a.kind === "object") return b.kind === "object" ? meetObjects(a, b, trail) : [];
  if (a.kind === "string" || a.kind === "number") {
    return b.kind === a.kind ? [{ kind: a.kind, checks: joinChecks(a, b) }] : [];
  }
  return [];
}

function meetLiteral(literal: LiteralShape, other: Shape): Shape[] {
  if (other.kind === "literal") return other.value === literal.value ? [literal] : [];
  if (other.kind !== "string" && other.kind !== "number") return [];
  if (typeof literal.value !== other.kind) return [];
  return other.checks.every((check) => passes(literal.value, check)) ? [literal] : [];
}

function joinChecks(a: ScalarShape, b: ScalarShape): Check[] {
  const texts = new Set(a.checks.map((check) => JSON.stringify(check)));
  return [...a.checks, ...b.checks.filter((check) => !texts.has(JSON.stringify(check)))];
}

function meetArrays(a: ArrayShape, b: ArrayShape, trail: Trail): Shape[] {
  const length = Math.max(a.prefix.length, b.prefix.length);
  const prefix = Array.from({ length }, (_, index) =>
    intersect(a.prefix[index] ?? a.rest, b.prefix[index] ?? b.rest, trail),
  );
  return boundArray({
    kind: "array",
    prefix,
    rest: intersect(a.rest, b.rest, trail),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
    evaluated: Math.max(a.evaluated, b.evaluated),
    hasChecks: a.hasChecks || b.hasChecks,
  });
}

/** An array ends before the first item that nothing can be; none is left when it must be longer. */
export function boundArray(shape: ArrayShape): ArrayShape[] {
  const firstNever = shape.prefix.findIndex(isNever);
  const ends = [
    shape.max,
    firstNever === -1 ? Infinity : firstNever,
    isNever(shape.rest) ? shape.prefix.length : Infinity,
  ];
  const max = Math.min(...ends);
  if (shape.min > max) return [];
  return [{ ...shape, prefix: shape.prefix.slice(0, max), max }];
}

function meetObjects(a: ObjectShape, b: ObjectShape, trail: Trail): Shape[] {
  const names = new Set([...a.properties.keys(), ...b.properties.keys()]);
  const properties = new Map<string, Property>();
  for (const name of names) {
    refuseDefaultUnder(a, b, name);
    refuseDefaultUnder(b, a, name);
    const property = meetProperties(propertyOf(a, name), propertyOf(b, name), trail);
    if (isImpossible(property)) return [];
    properties.set(name, property);
  }
  return [
    {
      kind: "object",
      properties,
      patterns: [...boundPatterns(a, b, trail), ...boundPatterns(b, a, trail)],
      additional: intersect(a.additional, b.additional, trail),
      additionalEvaluated: a.additionalEvaluated || b.additionalEvaluated,
      hasChecks: a.hasChecks || b.hasChecks || (a.patterns.length > 0 && b.patterns.length > 0),
    },
  ];
}

/** What an object shape says of one property, named in it or not. */
export function propertyOf(shape: ObjectShape, name: string): Property {
  const property = shape.properties.get(name);
  if (property !== undefined) return property;
  const matching = shape.patterns.filter(({ pattern }) => new RegExp(pattern, "u").test(name));
  const type = matching.reduce<JsonType | undefined>(
    (type, { type: next }) => (type === undefined ? next : intersect(type, next)),
    undefined,
  );
  return {
    type: type ?? shape.additional,
    required: false,
    doc: "",
    evaluated: type !== undefined || shape.additionalEvaluated,
  };
}

function meetProperties(a: Property, b: Property, trail: Trail): Property {
  const filled = a.filled ?? b.filled;
  return {
    type: intersect(a.type, b.type, trail),
    required: a.required || b.required,
    ...(filled === undefined ? {} : { filled }),
    doc: [...new Set([a.doc, b.doc])].filter((doc) => doc !== "").join("\n"),
    evaluated: a.evaluated || b.evaluated,
  };
}

/**
 * The validator looks at a value's combinators before it fills in defaults, and at its own
 * properties after that. So a default is only true where a single schema speaks of the property.
 */
function refuseDefaultUnder(shape: ObjectShape, other: ObjectShape, name: string): void {
  const filled = shape.properties.get(name)?.filled;
  if (filled === undefined) return;
  const matches = other.patterns.some(({ pattern }) => new RegExp(pattern, "u").test(name));
  if (!other.properties.has(name) && !matches && isAny(other.additional)) return;
  throw new Refusal(
    "default-in-combination",
    `Property "${name}" has a default, but another schema on the same value speaks of it too; whether that one sees the default depends on the order of evaluation.`,
    "Keep all that is said of the property in one place, or remove the default.",
    filled.pointer,
  );
}

/** A property that matches a pattern of `a` alone must also suit what `b` says of other names. */
function boundPatterns(a: ObjectShape, b: ObjectShape, trail: Trail) {
  if (b.patterns.length > 0) return a.patterns;
  return a.patterns.map(({ pattern, type }) => ({
    pattern,
    type: intersect(type, b.additional, trail),
  }));
}

/** Every value of the one type or the other, said with as few shapes as possible. */
export function unite(types: readonly JsonType[]): JsonType {
  return simplify(union(types));
}
