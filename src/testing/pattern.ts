import { types } from "node:util";
import { TaskwrightError, toError } from "../errors.js";
import { toPointer } from "../tasks/pointer.js";

/**
 * The JSON that a pattern stands for, as it would be stored. A Date, and anything else with a `toJSON`,
 * stands for what that gives. Everything that JSON has no word for is refused: `JSON.stringify` would
 * leave it out or write `{}`, and the pattern would match more than was meant.
 * @throws TaskwrightError `OPTION_INVALID`, with the place as a JSON Pointer.
 */
export function readPattern(owner: string, given: unknown): unknown {
  try {
    return read(given, []);
  } catch (error) {
    if (error instanceof Unwritable) throw patternError(owner, error.place, error.message);
    throw patternError(owner, "", `can't be read: ${toError(error).message}`, error);
  }
}

class Unwritable extends Error {
  readonly place: string;

  constructor(path: readonly Step[], message: string) {
    super(message);
    this.place = toPointer(path.map(({ key }) => key));
  }
}

interface Step {
  readonly key: string;
  /** What the key is in. */
  readonly holder: object;
}

function read(value: unknown, path: readonly Step[]): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw new Unwritable(path, `is ${value}, which JSON doesn't have`);
    case "undefined":
      throw new Unwritable(
        path,
        "is undefined, which would match anything. Leave it out if any value is right; if not, check where the value comes from",
      );
    case "object":
      return value === null ? null : readObject(value, path);
    case "bigint":
    case "function":
    case "symbol":
      throw new Unwritable(path, `is a ${typeof value}, which JSON doesn't have`);
  }
}

function readObject(value: object, path: readonly Step[]): unknown {
  if (path.some(({ holder }) => holder === value)) throw new Unwritable(path, "contains itself");
  const step = (key: string) => [...path, { key, holder: value }];
  if (types.isDate(value) && Number.isNaN(value.getTime())) {
    throw new Unwritable(path, "is an invalid Date");
  }
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return read(value.toJSON(path.at(-1)?.key ?? ""), path);
  }
  if (Array.isArray(value)) {
    // Array.from also sees the holes of an array.
    return Array.from(value as unknown[], (item, index) => read(item, step(`${index}`)));
  }
  if (!isPlain(value)) {
    const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
    const hint = "Give a plain object with the fields that matter";
    throw new Unwritable(path, `is an instance of ${nameOf(value) ?? kind}. ${hint}`);
  }
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw new Unwritable(path, "has a symbol for a key, which JSON doesn't have");
  }
  const entries = Object.entries(value);
  if (Object.getOwnPropertyNames(value).length > entries.length) {
    throw new Unwritable(path, "has a property that is not enumerable, which JSON leaves out");
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, read(item, step(key))]));
}

/** Also in other realms: whose prototype is the last one. */
function isPlain(value: object): boolean {
  if (Object.prototype.toString.call(value) !== "[object Object]") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string | undefined {
  const { name }: { readonly name?: unknown } = value.constructor;
  return typeof name === "string" && name !== "" && name !== "Object" ? name : undefined;
}

function patternError(
  owner: string,
  place: string,
  problem: string,
  cause?: unknown,
): TaskwrightError {
  const where = place === "" ? "" : ` at ${place}`;
  return new TaskwrightError(
    "OPTION_INVALID",
    `The payload given to ${owner} can't be searched for${where}: it ${problem}.`,
    { owner, option: "payload", pointer: place },
    { cause },
  );
}
