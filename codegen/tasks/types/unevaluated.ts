import { boundArray, intersect } from "./intersect.js";
import {
  expand,
  isImpossible,
  withExactness,
  type ArrayShape,
  type JsonType,
  type ObjectShape,
  type Property,
  type Shape,
} from "./type.js";

/** Applies `unevaluatedProperties`: what no keyword looked at must suit `rest`. */
export function limitUnevaluatedProperties(type: JsonType, rest: JsonType): JsonType {
  return mapShapes(type, (shape) => (shape.kind === "object" ? limitObject(shape, rest) : [shape]));
}

/** Applies `unevaluatedItems`: items that no keyword looked at must suit `rest`. */
export function limitUnevaluatedItems(type: JsonType, rest: JsonType): JsonType {
  return mapShapes(type, (shape) => (shape.kind === "array" ? limitArray(shape, rest) : [shape]));
}

function mapShapes(type: JsonType, map: (shape: Shape) => Shape[]): JsonType {
  const expanded = expand(type);
  const shapes = expanded.shapes.flatMap((shape) =>
    // An untyped schema never says which properties it has looked at.
    shape.kind === "any" ? [shape] : map(shape),
  );
  return withExactness({ shapes }, [expanded]);
}

function limitObject(shape: ObjectShape, rest: JsonType): ObjectShape[] {
  const properties = new Map<string, Property>();
  for (const [name, property] of shape.properties) {
    const type = property.evaluated ? property.type : intersect(property.type, rest);
    const limited = { ...property, type, evaluated: true };
    // Before, it was looked at already, or it may be what is being looked at.
    if (!property.evaluated && isImpossible(limited)) return [];
    properties.set(name, limited);
  }
  const additional = shape.additionalEvaluated
    ? shape.additional
    : intersect(shape.additional, rest);
  return [{ ...shape, properties, additional, additionalEvaluated: true }];
}

function limitArray(shape: ArrayShape, rest: JsonType): ArrayShape[] {
  if (shape.evaluated === Infinity) return [shape];
  const length = Math.max(shape.evaluated, shape.prefix.length);
  const prefix = Array.from({ length }, (_, index) => {
    const type = shape.prefix[index] ?? shape.rest;
    return index < shape.evaluated ? type : intersect(type, rest);
  });
  return boundArray({
    ...shape,
    prefix,
    rest: intersect(shape.rest, rest),
    evaluated: Infinity,
  });
}
