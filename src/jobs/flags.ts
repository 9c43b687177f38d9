/**
 * The flags in a row, whose column may hold any JSON: the keys of an object, as every peer writes them.
 * The strings of an array, or a single string, count too, since claims treat them as flags.
 */
export function readFlags(json: string | null): string[] {
  const flags: unknown = JSON.parse(json ?? "null");
  if (typeof flags === "string") return [flags];
  if (Array.isArray(flags)) return flags.filter((flag) => typeof flag === "string");
  return typeof flags === "object" && flags !== null ? Object.keys(flags) : [];
}
