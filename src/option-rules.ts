import { types } from "node:util";
import { quoteIdentifier, quoteSchema } from "./database/identifier.js";
import { isAbortSignal, isValidDate } from "./kinds.js";

/** The largest smallint of PostgreSQL, the type of priorities and of attempts. */
export const maxInt16 = 32_767;

/** More connections than this are a mistake: no server serves them. */
export const maxConnections = 10_000;

/** The largest int of PostgreSQL. */
export const maxInt32 = 2 ** 31 - 1;

/** What a timer can be set for, about 24.8 days: JavaScript fires one that is set for more at once. */
export const maxTimerMs = 2 ** 31 - 1;

/**
 * The values that an option accepts. Untyped JavaScript callers can pass anything, and nothing is
 * converted: a number in a string is refused, and so is null where null has no meaning of its own.
 * Undefined means the default everywhere.
 */
export class Rule<Value = unknown, Default = undefined> {
  /** Completes "The option must be …". */
  readonly expected: string;
  readonly default: Default;
  readonly isRequired: boolean;
  /** Whether arrays are copied before they are checked, so that they can't change afterwards. */
  readonly copiesArrays: boolean;
  readonly #test: (value: unknown) => boolean;
  /** For the type system only. */
  declare readonly value: Value;

  constructor(
    expected: string,
    test: (value: unknown) => boolean,
    { fallback, isRequired = false, copiesArrays = false }: RuleOptions<Default> = {},
  ) {
    this.expected = expected;
    this.default = fallback as Default;
    this.isRequired = isRequired;
    this.copiesArrays = copiesArrays;
    this.#test = test;
  }

  /** Whether the option may have this value. What can't be read, such as a revoked Proxy, may not. */
  accepts(value: unknown): boolean {
    try {
      return this.#test(value);
    } catch {
      return false;
    }
  }

  /** The same rule with a default. */
  or(fallback: Value): Rule<Value, Value> {
    const { copiesArrays } = this;
    return new Rule<Value, Value>(this.expected, this.#test, { fallback, copiesArrays });
  }

  /** The same rule for an option that must be given. */
  required(): Rule<Value, Value> {
    const { copiesArrays } = this;
    return new Rule<Value, Value>(this.expected, this.#test, { isRequired: true, copiesArrays });
  }

  /** The same rule for an option that may also be a value of another kind. */
  orIs<Other>(expected: string, other: (value: unknown) => boolean): Rule<Value | Other> {
    const { copiesArrays } = this;
    return new Rule<Value | Other>(
      `${this.expected}, or ${expected}`,
      (value) => other(value) || this.#test(value),
      { copiesArrays },
    );
  }
}

interface RuleOptions<Default> {
  readonly fallback?: Default;
  readonly isRequired?: boolean;
  readonly copiesArrays?: boolean;
}

/** One rule for each option of an interface: the compiler misses none. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule<unknown, unknown> };

/** Some rules of a list. */
export function pickRules<List extends object, Name extends keyof List>(
  rules: List,
  names: readonly Name[],
): Pick<List, Name> {
  return Object.fromEntries(names.map((name) => [name, rules[name]])) as Pick<List, Name>;
}

const isFunction = (value: unknown): boolean => typeof value === "function";

/** The methods that an object of a kind has, whatever copy of a library or realm made it. */
function hasMethods(value: unknown, ...methods: readonly string[]): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const object = value as Readonly<Record<string, unknown>>;
  return methods.every((name) => isFunction(object[name]));
}

/** Whether a value is an object of names and values, and not a list, a Promise or the like. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  try {
    return typeof value === "object" && value !== null && !others.some((isOther) => isOther(value));
  } catch {
    // A revoked Proxy can't even be asked whether it is an array.
    return false;
  }
}

const others: readonly ((value: object) => boolean)[] = [
  (value) => Array.isArray(value),
  types.isDate,
  types.isMap,
  types.isSet,
  types.isPromise,
  types.isRegExp,
  types.isNativeError,
  types.isBoxedPrimitive,
];

/** Whether PostgreSQL can hold a text as it is: without NUL and halves of surrogate pairs. */
export function isStorableText(value: unknown): value is string {
  return typeof value === "string" && !/[\0\p{Surrogate}]/u.test(value);
}

export const boolean = (): Rule<boolean> =>
  new Rule<boolean>("true or false", (value) => typeof value === "boolean");

export const integer = (min: number, max: number): Rule<number> =>
  new Rule<number>(
    `an integer from ${min} to ${max}`,
    (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  );

export const number = (min: number, max: number, what = "a number"): Rule<number> =>
  new Rule<number>(
    `${what} from ${min} to ${max}`,
    (value) => typeof value === "number" && value >= min && value <= max,
  );

/** No more than a timer can be set for, unless a larger number is given. */
export const milliseconds = (min = 0, max = maxTimerMs): Rule<number> =>
  number(min, max, "a number of milliseconds");

/** A string, perhaps an empty one. */
export const text = (): Rule<string> =>
  new Rule<string>("a string without NUL characters", isStorableText);

/** A string that names something. */
export const name = (maxLength = Infinity): Rule<string> =>
  new Rule<string>(
    maxLength === Infinity
      ? "a string that is not empty, without NUL characters"
      : `a string of 1 to ${maxLength} characters, without NUL characters`,
    (value) =>
      isStorableText(value) &&
      value !== "" &&
      (value.length <= maxLength || Array.from(value).length <= maxLength),
  );

export const names = (): Rule<readonly string[]> => arrayOf(name(), "strings that are not empty");

export const schemaName = (): Rule<string> =>
  new Rule<string>(
    "the name of a database schema, of 1 to 63 bytes, that isn't one of PostgreSQL's own",
    (value) => isStorableText(value) && quoteSchema(value) !== "",
  );

export const roleName = (): Rule<string> =>
  new Rule<string>("the name of a database role, of 1 to 63 bytes", (value) => {
    return isStorableText(value) && quoteIdentifier(value) !== "";
  });

export const oneOf = <const Value extends string>(...values: readonly Value[]): Rule<Value> =>
  new Rule<Value>(`one of ${values.join(", ")}`, (value) => values.includes(value as Value));

export const arrayOf = <Value>(rule: Rule<Value>, what: string): Rule<readonly Value[]> =>
  new Rule<readonly Value[]>(
    `an array of ${what}`,
    // Array.from also sees the holes of an array.
    (value) => Array.isArray(value) && Array.from(value).every((item) => rule.accepts(item)),
    { copiesArrays: true },
  );

/** An object of names and values, all of which can be read. */
export const record = <Value = object>(expected = "an object"): Rule<Value> =>
  new Rule<Value>(expected, (value) => isRecord(value) && Object.entries(value).length >= 0);

export const func = <Value>(expected = "a function"): Rule<Value> =>
  new Rule<Value>(expected, isFunction);

/** What passes through unread, such as an application's own object. */
export const anything = <Value = unknown>(): Rule<Value> => new Rule<Value>("anything", () => true);

export const date = (): Rule<Date> => new Rule<Date>("a valid Date", (value) => isValidDate(value));

export const abortSignal = (): Rule<AbortSignal> =>
  new Rule<AbortSignal>("an AbortSignal", (value) => isAbortSignal(value));

/** An object with these methods. */
export const withMethods = <Value>(expected: string, ...methods: string[]): Rule<Value> =>
  new Rule<Value>(expected, (value) => hasMethods(value, ...methods));

/** Structural, since there may be several copies of `pg`; a Client can connect and query, too. */
export const pool = <Value>(): Rule<Value> =>
  new Rule<Value>(
    "a Pool of pg",
    (value) =>
      hasMethods(value, "connect", "query", "on", "off") && "totalCount" in (value as object),
  );

/** Anything that runs SQL. */
export const executor = <Value>(): Rule<Value> =>
  withMethods<Value>("a Pool, a client or a transaction, with query(text, values)", "query");
