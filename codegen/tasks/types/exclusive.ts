import { expand, isNever, type ObjectShape, type Shape } from "./type.js";

/**
 * Properties that one alternative of a union must deny by name. TypeScript accepts a literal that
 * mixes the properties of two closed alternatives, unless a property of literal type tells them
 * apart or the alternative says `name?: never`.
 */
export function forbiddenNames(shapes: readonly Shape[], index: number): string[] {
  const own = objectsOf(shapes[index]);
  const others = shapes.flatMap((shape, other) => (other === index ? [] : objectsOf(shape)));
  if (own.length === 0 || others.length === 0) return [];
  if (!own.every(isClosed) || isDiscriminated([...own, ...others])) return [];
  const names = new Set(others.flatMap((shape) => [...shape.properties.keys()]));
  return [...names].filter((name) => own.every((shape) => !shape.properties.has(name)));
}

function objectsOf(shape: Shape | undefined): ObjectShape[] {
  if (shape === undefined) return [];
  return expand({ shapes: [shape] }).shapes.filter((inner) => inner.kind === "object");
}

function isClosed(shape: ObjectShape): boolean {
  return isNever(shape.additional) && shape.patterns.length === 0;
}

/** Whether some property has literal types in all shapes, and no literal twice. */
function isDiscriminated(shapes: readonly ObjectShape[]): boolean {
  const [first] = shapes;
  return [...(first?.properties.keys() ?? [])].some((name) => {
    const seen = new Set<unknown>();
    return shapes.every((shape) => {
      const property = shape.properties.get(name);
      if (property?.required !== true) return false;
      return expand(property.type).shapes.every((literal) => {
        if (literal.kind !== "literal" || seen.has(literal.value)) return false;
        seen.add(literal.value);
        return true;
      });
    });
  });
}
