import { runInNewContext } from "node:vm";

/** An Error whose property is this. */
function withProperty(key: string, descriptor: PropertyDescriptor): Error {
  return Object.defineProperty(new Error("x"), key, { configurable: true, ...descriptor });
}

function getter(key: string): () => Error {
  return () =>
    withProperty(key, {
      get: () => {
        throw new Error("no reading");
      },
    });
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** A Proxy each of whose traps throws. */
function trapped(target: object): object {
  const refuse = () => {
    throw new Error("no looking");
  };
  return new Proxy(target, {
    get: refuse,
    has: refuse,
    getPrototypeOf: refuse,
    getOwnPropertyDescriptor: refuse,
    ownKeys: refuse,
  });
}

const messages: readonly unknown[] = [
  { detail: 1 },
  undefined,
  null,
  42,
  1n,
  ["a", "b"],
  Symbol("message"),
  () => {},
  revoked({}),
  {
    toJSON: () => {
      throw new Error("no JSON");
    },
  },
  {
    toString: () => {
      throw new Error("no text");
    },
    toJSON: () => undefined,
  },
];

/** Values that somebody may throw, and that a careless reader trips over. */
export const hostileValues: readonly { readonly name: string; readonly make: () => unknown }[] = [
  ...messages.map((value, index) => ({
    name: `an Error with message ${index} that is no string`,
    make: () => withProperty("message", { value }),
  })),
  ...["message", "name", "stack", "code", "details", "cause"].map((key) => ({
    name: `an Error whose ${key} throws`,
    make: getter(key),
  })),
  { name: "a name that is a symbol", make: () => withProperty("name", { value: Symbol("n") }) },
  { name: "a name that is an object", make: () => withProperty("name", { value: {} }) },
  { name: "a stack that is an object", make: () => withProperty("stack", { value: {} }) },
  { name: "no name and no message", make: () => Object.assign(new Error(""), { name: "" }) },
  { name: "a revoked Proxy", make: () => revoked({}) },
  { name: "a revoked Proxy of an Error", make: () => revoked(new Error("x")) },
  { name: "a revoked function", make: () => revoked(() => {}) },
  { name: "a Proxy whose traps throw", make: () => trapped({}) },
  { name: "a Proxy of an Error whose traps throw", make: () => trapped(new Error("x")) },
  { name: "a Proxy of an Error", make: () => new Proxy(new Error("x"), {}) },
  { name: "an object whose toJSON throws", make: () => messages[9] },
  { name: "an object without a prototype", make: () => Object.create(null) as unknown },
  {
    name: "a circle",
    make: () => {
      const circle: { self?: unknown } = {};
      circle.self = circle;
      return circle;
    },
  },
  { name: "a BigInt", make: () => 1n },
  { name: "a symbol", make: () => Symbol("thrown") },
  { name: "a function", make: () => () => {} },
  { name: "an Error of another realm", make: () => runInNewContext("new Error('x')") as unknown },
  { name: "a message of 50 MB", make: () => new Error("x".repeat(50_000_000)) },
  { name: "a string of 50 MB", make: () => "x".repeat(50_000_000) },
  { name: "NUL and half characters", make: () => new Error("a\0b\uD800c") },
];
