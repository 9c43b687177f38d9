import type { Type } from "ts-morph";

/** What a type of an option allows. */
export interface Allowed {
  readonly anything: boolean;
  readonly text: boolean;
  readonly number: boolean;
  /** Both; `false` alone is no such type. */
  readonly boolean: boolean;
  readonly null: boolean;
  readonly list: boolean;
  readonly function: boolean;
  readonly object: boolean;
  readonly date: boolean;
}

/** Objects that an empty one can't stand for. */
const classes = [
  "Pool",
  "ClientBase",
  "AbortSignal",
  "Executor",
  "Logger",
  "HandlerSet",
  "Schedule",
];

/** Reads a type as a caller of JavaScript may see it. */
export function allowedBy(type: Type): Allowed {
  const parts = (type.isUnion() ? type.getUnionTypes() : [type]).map((part) =>
    part.getApparentType(),
  );
  const given = type.isUnion() ? type.getUnionTypes() : [type];
  const some = (test: (part: Type) => boolean) => given.some(test);
  const isList = (part: Type) => part.isArray() || part.isReadonlyArray();
  const isFunction = (part: Type) => part.getCallSignatures().length > 0;
  const isDate = (part: Type) => part.getSymbol()?.getName() === "Date";
  return {
    anything: type.isAny() || type.isUnknown() || some((part) => part.isTypeParameter()),
    text: some((part) => part.isString()),
    number: some((part) => part.isNumber()),
    boolean: type.isBoolean() || given.filter((part) => part.isBooleanLiteral()).length === 2,
    null: some((part) => part.isNull()),
    list: some(isList),
    function: parts.some(isFunction),
    object: some((part) => {
      const isClass = classes.includes(part.getSymbol()?.getName() ?? "");
      return part.isObject() && !isClass && !isList(part) && !isFunction(part) && !isDate(part);
    }),
    date: some(isDate),
  };
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Every trap of it throws. */
function throwing(): unknown {
  const fail = () => {
    throw new TypeError("a trap");
  };
  return new Proxy({}, { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail });
}

/** Values that an option of a type must not have, each by a name for messages. */
export function hostileTo(option: string, allowed: Allowed): (readonly [string, unknown])[] {
  if (allowed.anything) return [];
  const isFraction = option.endsWith("Ms") || option === "resilientMultiplier";
  const values: (readonly [name: string, value: unknown, isAllowed: boolean])[] = [
    ["null", null, allowed.null],
    ["a number in a string", "5000", allowed.text],
    ["an empty string", "", allowed.text],
    ["a NUL", "\0", false],
    ["NaN", NaN, false],
    ["Infinity", Infinity, false],
    ["2 ** 53", 2 ** 53, false],
    ["-1", -1, allowed.number && option === "priority"],
    ["1.5", 1.5, allowed.number && isFraction],
    ["-40000", -40_000, false],
    ["one", 1, allowed.number],
    ["true", true, allowed.boolean],
    ["a symbol", Symbol("s"), false],
    ["a BigInt", 1n, false],
    ["an empty array", [], allowed.list],
    ["an array with null", [null], false],
    ["an array with a hole", Array.from({ length: 1 }), false],
    ["a function", () => {}, allowed.function],
    ["an empty object", {}, allowed.object],
    ["a Map", new Map(), false],
    ["a Promise", Promise.resolve({}), false],
    ["a valid Date", new Date(), allowed.date],
    ["an invalid Date", new Date(NaN), false],
    ["a revoked Proxy", revoked({}), false],
    ["a revoked Proxy of an array", revoked([]), false],
    ["a Proxy that throws", throwing(), false],
  ];
  return values.flatMap(([name, value, isAllowed]) => (isAllowed ? [] : [[name, value] as const]));
}
