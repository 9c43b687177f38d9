import { runInNewContext } from "node:vm";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import {
  BatchError,
  NonRetriableError,
  RetryAfterError,
  TaskwrightError,
} from "../../src/index.js";
import { pack, unpack } from "../../src/isolation/copy.js";

/** Sends a value through a port, as between two threads. */
function send(value: unknown): unknown {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(pack(value), []);
  const received = receiveMessageOnPort(port2);
  port1.close();
  return unpack((received as { readonly message: Parameters<typeof unpack>[0] }).message);
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test("values that can be sent arrive as they are", () => {
  const value = {
    text: "a",
    list: [1, null, undefined, { big: 1n }],
    time: new Date(5),
    map: new Map([[1, new Set([2])]]),
    bytes: new Uint8Array([1, 2]),
  };
  expect(send(value)).toEqual(value);
  expect(send(undefined)).toBeUndefined();
});

describe("values that can't be sent are described, and nothing is thrown", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const wide = Array.from({ length: 50 }, () => cyclic);
  cyclic["all"] = wide;
  test.each<readonly [string, unknown, unknown]>([
    ["a function", () => 1, "[function]"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["a revoked proxy", revoked(), "[unreadable]"],
    ["a promise", Promise.resolve(), "[unreadable]"],
    ["a weak map", { map: new WeakMap() }, { map: "[unreadable]" }],
    [
      "a getter that throws",
      {
        get a() {
          throw new Error("no");
        },
        b: 1,
      },
      { a: "[unreadable]", b: 1 },
    ],
  ])("%s", (_what, value, expected) => expect(send(value)).toEqual(expected));

  test("a cycle", () => {
    expect(JSON.stringify(send(cyclic))).toContain("[nested too deep]");
  });
});

describe("errors arrive as what they are", () => {
  test.each([
    ["of the language", new RangeError("out", { cause: "why" }), RangeError],
    ["of the package", new TaskwrightError("JOB_LOST", "gone", { jobId: "1" }), TaskwrightError],
    ["that forbid a retry", new NonRetriableError("no"), NonRetriableError],
    ["that delay a retry", new RetryAfterError("soon", { after: new Date(9) }), RetryAfterError],
    ["of many", new AggregateError([new Error("one"), "two"], "all"), AggregateError],
  ])("%s", (_what, error, constructor) => {
    const sent = send(error) as Error;
    expect(sent).toBeInstanceOf(constructor);
    expect(sent).toEqual(error);
    expect(sent.stack).toBe(error.stack);
    expect(Object.keys(sent).toSorted()).toEqual(Object.keys(error).toSorted());
  });

  test("of a batch, with what its items say", () => {
    const failures = new Map<number, unknown>([
      [1, new RetryAfterError("later", { after: 5 })],
      [4, "a text"],
    ]);
    const error = new BatchError("t", 6, failures);
    const sent = send(error) as BatchError;
    expect(sent).toBeInstanceOf(BatchError);
    expect(sent).toMatchObject({ failed: [1, 4], retry: 5, details: { task: "t", items: 6 } });
    expect(sent).toEqual(error);
    expect((sent.cause as AggregateError).errors).toEqual((error.cause as AggregateError).errors);
  });

  test("of a class of the user's, by name and properties", () => {
    class OddError extends Error {
      override readonly name = "OddError";
      readonly status = 418;
    }
    expect(send(new OddError("tea"))).toMatchObject({
      name: "OddError",
      message: "tea",
      status: 418,
    });
  });

  test("that only look like one of the package's stay what they are", () => {
    const like = { code: "JOB_NOT_RETRIABLE", details: {}, retry: "never" };
    const sent = send(Object.assign(new Error("like"), like));
    expect(TaskwrightError.is(sent)).toBe(false);
    expect(sent).toMatchObject(like);
  });

  test("of another realm", () => {
    const error: unknown = runInNewContext("Object.assign(new TypeError('far'), { code: 'E' })");
    expect(error).not.toBeInstanceOf(Error);
    expect(send(error)).toBeInstanceOf(TypeError);
    expect(send(error)).toMatchObject({ message: "far", code: "E" });
  });

  test.each([
    ["message", 1],
    ["message", Symbol("s")],
    ["name", null],
    ["stack", {}],
    ["cause", revoked()],
    ["details", "no object"],
  ])("whatever %s is", (key, value) => {
    const error = new Error("it");
    Object.defineProperty(error, key, { value, enumerable: true });
    const sent = send(error) as Error;
    expect(sent).toBeInstanceOf(Error);
    for (const text of [sent.message, sent.name, sent.stack]) expect(typeof text).toBe("string");
  });
});
