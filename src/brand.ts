/**
 * Brands: registered symbols on prototypes. They tell whether a value is of one of Taskwright's classes,
 * also when it comes from a second copy of the package, whose classes `instanceof` doesn't know.
 */

function symbolOf(name: string): symbol {
  return Symbol.for(`taskwright.${name}`);
}

/** Brands all instances of a class, those of its subclasses included. */
export function addBrand(prototype: object, name: string): void {
  Object.defineProperty(prototype, symbolOf(name), { value: true });
}

/** Whether a value has the brand. Never throws, whatever the value is. */
export function hasBrand(value: unknown, name: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    return (value as Readonly<Record<symbol, unknown>>)[symbolOf(name)] === true;
  } catch {
    // A revoked Proxy, or one whose traps throw.
    return false;
  }
}
