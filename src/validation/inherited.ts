/**
 * The same names in an object without a prototype, so that none is found there that nobody put
 * there; `true`, which stands for all names, and nothing stay as they are.
 */
export function withoutInherited(
  names: Readonly<Record<string, unknown>> | true | undefined,
): Readonly<Record<string, unknown>> | true | undefined {
  if (typeof names !== "object") return names;
  return Object.assign(Object.create(null) as Record<string, unknown>, names);
}
