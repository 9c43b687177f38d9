import {
  isAny,
  isNever,
  union,
  withExactness,
  type JsonType,
  type ObjectShape,
  type Shape,
} from "./type.js";

/** The same type with fewer shapes, where that is plain to see. */
export function simplify(type: JsonType): JsonType {
  if (isAny(type)) return withExactness({ shapes: [{ kind: "any" }] }, [type]);
  const shapes = new Map(type.shapes.map((shape) => [shapeKey(shape), shape]));
  const plain = new Set(
    type.shapes.flatMap((shape) =>
      (shape.kind === "string" || shape.kind === "number") && shape.checks.length === 0
        ? [shape.kind]
        : [],
    ),
  );
  const absorbed = [...shapes.values()].filter((shape) => {
    if (shape.kind === "literal") return !plain.has(typeof shape.value as "string" | "number");
    if (shape.kind !== "string" && shape.kind !== "number") return true;
    return shape.checks.length === 0 || !plain.has(shape.kind);
  });
  return withExactness({ shapes: joinObjects(absorbed) }, [type]);
}

/** Two objects that differ in one property only are one object. */
function joinObjects(shapes: readonly Shape[]): Shape[] {
  const joined: Shape[] = [];
  for (const shape of shapes) {
    const index = joined.findIndex((other) => joinPair(other, shape) !== undefined);
    const other = joined[index];
    if (other === undefined) joined.push(shape);
    else {
      const both = joinPair(other, shape) ?? shape;
      joined.splice(index, 1);
      return joinObjects([...joined, both, ...shapes.slice(shapes.indexOf(shape) + 1)]);
    }
  }
  return joined;
}

/**
 * `{ p?: never }` and `{ p: T }`, alike in all else, are `{ p?: T }`; `{ p: S }` and `{ p: T }`
 * stay apart, since the property may tell them apart for the handler.
 */
function joinPair(a: Shape, b: Shape): ObjectShape | undefined {
  if (a.kind !== "object" || b.kind !== "object") return undefined;
  if (a.properties.size !== b.properties.size) return undefined;
  const different = [...a.properties.keys()].filter((name) => {
    const other = b.properties.get(name);
    const own = a.properties.get(name);
    return own === undefined || other === undefined || propertyKey(own) !== propertyKey(other);
  });
  const [name] = different;
  if (name === undefined || different.length > 1) return undefined;
  const [own, other] = [a.properties.get(name), b.properties.get(name)];
  if (own === undefined || other === undefined) return undefined;
  if (!isNever(own.type) && !isNever(other.type)) return undefined;
  const rest = (shape: ObjectShape) =>
    shapeKey({
      ...shape,
      properties: new Map([...shape.properties].filter(([key]) => key !== name)),
    });
  if (rest(a) !== rest(b)) return undefined;
  const type = union([own.type, other.type]);
  const evaluated = own.evaluated && other.evaluated;
  const property = { type, required: false, doc: own.doc || other.doc, evaluated };
  return { ...a, properties: new Map([...a.properties, [name, property]]) };
}

function propertyKey(property: { readonly type: JsonType; readonly required: boolean }): string {
  return `${property.required}:${typeKey(property.type)}`;
}

/** Equal for types that are written alike. */
export function typeKey({ shapes }: JsonType): string {
  return shapes.map(shapeKey).sort().join("|");
}

function shapeKey(shape: Shape): string {
  switch (shape.kind) {
    case "any":
    case "null":
      return shape.kind;
    case "literal":
      return JSON.stringify(shape.value);
    case "number":
    case "string":
      return `${shape.kind}${JSON.stringify(shape.checks)}`;
    case "reference":
      return `->${shape.target.pointer}`;
    case "array": {
      const { prefix, rest, min, max, evaluated, hasChecks } = shape;
      return `[${prefix.map(typeKey).join(",")};${typeKey(rest)};${min};${max};${evaluated};${hasChecks}]`;
    }
    case "object": {
      const properties = [...shape.properties].map(([name, property]) => {
        const filled = property.filled === undefined ? "" : JSON.stringify(property.filled.value);
        return `${JSON.stringify(name)}:${propertyKey(property)}:${filled}:${property.evaluated}`;
      });
      const patterns = shape.patterns.map(({ pattern, type }) => `${pattern}:${typeKey(type)}`);
      const rest = `${typeKey(shape.additional)};${shape.additionalEvaluated};${shape.hasChecks}`;
      return `{${properties.sort().join(",")};${patterns.sort().join(",")};${rest}}`;
    }
  }
}
