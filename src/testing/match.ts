/** Any part of a payload: of objects some fields, of arrays every element, each in part. */
export type PartOf<Value> = Value extends readonly (infer Item)[]
  ? readonly PartOf<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]?: PartOf<Value[Key]> }
    : Value;

/** A place where a value isn't what was expected. */
export interface Difference {
  /** A JSON Pointer into a payload, or the name of a job's option. */
  readonly place: string;
  readonly expected: unknown;
  /** Undefined: missing. */
  readonly actual: unknown;
}

/** Where a JSON value differs from the part of it that was expected. */
export function differences(expected: unknown, actual: unknown, place = ""): Difference[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      return [{ place, expected, actual }];
    }
    return expected.flatMap((item, index) => differences(item, actual[index], `${place}/${index}`));
  }
  if (isObject(expected)) {
    if (!isObject(actual)) return [{ place, expected, actual }];
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(value, Object.hasOwn(actual, key) ? actual[key] : undefined, toPlace(place, key)),
    );
  }
  return expected === actual ? [] : [{ place, expected, actual }];
}

/** A line for people. */
export function describeDifference({ place, expected, actual }: Difference): string {
  const was = actual === undefined ? "is missing" : `is ${show(actual)}`;
  return `${place === "" ? "the payload" : place} should be ${show(expected)} and ${was}`;
}

export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function toPlace(place: string, key: string): string {
  return `${place}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
