import { expect, test } from "vitest";
import { compose, type Interceptor } from "../../src/plugins/compose.js";

type Step = Interceptor<string, string, string>;

const last = async (request: string) => `did ${request}`;

function chainOf(...interceptors: Step[]) {
  const chain = compose<string, string, string>(
    {
      step: "test",
      change: (request, change) => `${request}+${change}`,
      accepts: (result): result is string => typeof result === "string",
      expected: "a string",
    },
    interceptors.map((intercept, index) => ({ plugin: `p${index}`, intercept })),
  );
  if (chain === undefined) throw new Error("no chain");
  return chain;
}

test("without interceptors there is no chain at all", () => {
  expect(
    compose(
      { step: "test", change: (r) => r, accepts: (_r): _r is never => true, expected: "" },
      [],
    ),
  ).toBeUndefined();
});

test("the first interceptor is outermost, and changes go inwards", async () => {
  const order: string[] = [];
  const chain = chainOf(
    async (request, next) => {
      order.push(`a< ${request}`);
      const result = await next("a");
      order.push(`a> ${result}`);
      return `(${result})`;
    },
    async (request, next) => {
      order.push(`b< ${request}`);
      return next("b");
    },
  );
  expect(await chain("x", last)).toBe("(did x+a+b)");
  expect(order).toEqual(["a< x", "b< x+a", "a> did x+a+b"]);
});

test("a result without next leaves the step out", async () => {
  let runs = 0;
  const chain = chainOf(async () => "instead");
  expect(await chain("x", async () => `${(runs += 1)}`)).toBe("instead");
  expect(runs).toBe(0);
});

test("returning nothing passes on what next gave, awaited or not", async () => {
  const awaited = chainOf(async (_request, next) => void (await next()));
  const floating = chainOf(async (_request, next) => void next());
  expect(await awaited("x", last)).toBe("did x");
  expect(await floating("x", last)).toBe("did x");
});

test("a rejection can't be swallowed by accident, only by a result", async () => {
  const fail = () => Promise.reject(new Error("no"));
  const swallowing = chainOf(async (_request, next) => {
    await next().catch(() => {});
  });
  await expect(swallowing("x", fail)).rejects.toThrow("no");
  const deciding = chainOf(async (_request, next) => next().catch(() => "all the same"));
  expect(await deciding("x", fail)).toBe("all the same");
});

test.each<[string, Step]>([
  [
    "throws",
    (_request, next) => {
      void next();
      throw new Error("early");
    },
  ],
  [
    "rejects",
    async (_request, next) => {
      void next();
      throw new Error("early");
    },
  ],
  [
    "calls next twice",
    async (_request, next) => {
      void next();
      await next();
    },
  ],
  [
    "hides that it called next twice",
    async (_request, next) => {
      void next();
      return next().catch(() => "hidden");
    },
  ],
  ["returns nothing", async (_request, next) => void next()],
  [
    "returns something else",
    async (_request, next) => {
      void next();
      return "else";
    },
  ],
])("when an interceptor %s, the chain still ends after what it called", async (_what, step) => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let hasEnded = false;
  const ended = chainOf(step)("x", () => gate.then(() => "late")).then(
    () => (hasEnded = true),
    () => (hasEnded = true),
  );
  // All that could end without the gate has ended by then: nothing else waits for a timer or for I/O.
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasEnded).toBe(false);
  open();
  await ended;
});

test("a second next is refused and does nothing", async () => {
  let runs = 0;
  const count = async () => `${(runs += 1)}`;
  const rejecting = chainOf(async (_request, next) => {
    await next();
    return next();
  });
  const floating = chainOf(async (_request, next) => {
    void next();
    return next().catch(() => "hidden");
  });
  for (const chain of [rejecting, floating]) {
    runs = 0;
    await expect(chain("x", count)).rejects.toMatchObject({
      code: "PLUGIN_INVALID",
      details: { plugin: "p0", step: "test" },
      message: expect.stringContaining("twice"),
    });
    expect(runs).toBe(1);
  }
});

test("a next after the end is refused", async () => {
  let kept: (() => Promise<string>) | undefined;
  const chain = chainOf(async (_request, next) => {
    kept = next;
    return "done";
  });
  expect(await chain("x", last)).toBe("done");
  await expect(kept?.()).rejects.toMatchObject({ code: "PLUGIN_INVALID" });
});

test("neither next nor a result, or a result of a wrong kind, is an error", async () => {
  const nothing = chainOf(async () => {});
  await expect(nothing("x", last)).rejects.toMatchObject({ code: "PLUGIN_INVALID" });
  const wrong = chainOf(async () => 7 as never);
  await expect(wrong("x", last)).rejects.toMatchObject({
    code: "PLUGIN_INVALID",
    message: expect.stringContaining("must return a string"),
  });
});

test("what an interceptor throws goes outwards", async () => {
  const seen: unknown[] = [];
  const chain = chainOf(
    async (_request, next) => {
      try {
        return await next();
      } catch (error) {
        seen.push(error);
        throw error;
      }
    },
    () => {
      throw new Error("refused");
    },
  );
  await expect(chain("x", last)).rejects.toThrow("refused");
  expect(seen).toHaveLength(1);
});
