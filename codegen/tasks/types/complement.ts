import { intersect } from "./intersect.js";
import {
  any,
  isAny,
  isNever,
  never,
  openArray,
  openObject,
  shapesExcept,
  type ArrayShape,
  type Definition,
  type JsonType,
  type ObjectShape,
  type ScalarShape,
  type Shape,
} from "./type.js";

/** Anything, for want of better knowledge. */
const unknown: JsonType = { ...any, inexact: true };

/**
 * The values that are not in a type, and perhaps some that are where TypeScript couldn't say it
 * anyway. References that are being taken apart further out count as unknown.
 */
export function complement(type: JsonType, trail: readonly Definition[] = []): JsonType {
  if (type.inexact) return unknown;
  return type.shapes.reduce((rest, shape) => intersect(rest, complementOf(shape, trail)), any);
}

function complementOf(shape: Shape, trail: readonly Definition[]): JsonType {
  switch (shape.kind) {
    case "any":
      return never;
    case "null":
      return { shapes: shapesExcept("null") };
    case "literal": {
      const { value } = shape;
      if (typeof value === "boolean") {
        return { shapes: [...shapesExcept("boolean"), { kind: "literal", value: !value }] };
      }
      const kind = typeof value === "number" ? "number" : "string";
      return { shapes: [...shapesExcept(kind), { kind, checks: [{ not: { const: value } }] }] };
    }
    case "number":
    case "string":
      return { shapes: [...shapesExcept(shape.kind), ...otherScalars(shape)] };
    case "array":
      return { shapes: [...shapesExcept("array"), ...otherArrays(shape)] };
    case "object":
      return { shapes: [...shapesExcept("object"), ...otherObjects(shape, trail)] };
    case "reference": {
      const { target } = shape;
      return trail.includes(target) ? unknown : complement(target.type(), [...trail, target]);
    }
  }
}

function otherScalars({ kind, checks }: ScalarShape): Shape[] {
  return checks.length === 0 ? [] : [{ kind, checks: [{ not: { allOf: checks } }] }];
}

function otherArrays({ prefix, rest, min, max, hasChecks }: ArrayShape): Shape[] {
  if (hasChecks || prefix.length > 0 || !isAny(rest)) return [{ ...openArray, hasChecks: true }];
  return [
    ...(min > 0 ? [{ ...openArray, max: min - 1 }] : []),
    ...(max < Infinity ? [{ ...openArray, min: max + 1 }] : []),
  ];
}

function otherObjects(shape: ObjectShape, trail: readonly Definition[]): Shape[] {
  if (shape.hasChecks || shape.patterns.length > 0 || !isAny(shape.additional)) {
    return [{ ...openObject, hasChecks: true }];
  }
  return [...shape.properties].flatMap(([name, { type, required }]) => {
    const withProperty = (type: JsonType, required: boolean): Shape => {
      const property = { type, required, doc: "", evaluated: false };
      return { ...openObject, properties: new Map([[name, property]]) };
    };
    const other = complement(type, trail);
    return [
      ...(required ? [withProperty(never, false)] : []),
      ...(isNever(other) ? [] : [withProperty(other, true)]),
    ];
  });
}
