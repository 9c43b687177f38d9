/** The JSON Pointer (RFC 6901) of a path of keys; of none, the empty string. */
export function toPointer(keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
