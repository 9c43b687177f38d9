import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { Patience } from "../../src/services/patience.js";
import { eventually } from "../support/wait.js";
import { Gate } from "../worker/support.js";

describe("patience", () => {
  test("waits for what settles, and passes on how it does", async () => {
    const patience = new Patience();
    await expect(patience.wait(Promise.resolve(1), () => 2)).resolves.toBe(1);
    await expect(patience.wait(Promise.reject(new Error("no")), () => 2)).rejects.toThrow("no");
  });

  test("ends every wait at once, and those that come later", async () => {
    const patience = new Patience();
    const never = new Gate();
    const waits = [1, 2].map((n) =>
      patience.wait(
        never.opened.then(() => 0),
        () => n,
      ),
    );
    patience.end();
    await expect(Promise.all(waits)).resolves.toEqual([1, 2]);
    await expect(
      patience.wait(
        never.opened.then(() => 0),
        () => 3,
      ),
    ).resolves.toBe(3);
    expect(patience.size).toBe(0);
  });

  test("keeps nothing of what has settled", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const patience = new Patience();
    const results: WeakRef<object>[] = [];
    const fallbacks: WeakRef<object>[] = [];
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const other = {};
        fallbacks.push(new WeakRef(other));
        results.push(new WeakRef(await patience.wait(Promise.resolve({}), () => other)));
      }),
    );
    expect(patience.size).toBe(0);
    const isKept = (ref: WeakRef<object>) => ref.deref() !== undefined;
    await eventually(() => {
      collect();
      return !results.some(isKept) && !fallbacks.some(isKept);
    });
  });
});
