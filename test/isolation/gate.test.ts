import { expect, test } from "vitest";
import { Gate } from "../../src/isolation/gate.js";

const never = new AbortController().signal;

/** Enters, and notes the name when it is in. */
function enter(gate: Gate, name: string, inside: string[], signal = never): Promise<void> {
  return gate.enter(signal).then(() => void inside.push(name));
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a gate lets so many in, and the others in their order as these leave", async () => {
  const gate = new Gate(2);
  const inside: string[] = [];
  for (const name of ["a", "b", "c", "d"]) void enter(gate, name, inside);
  await settled();
  expect(inside).toEqual(["a", "b"]);
  gate.leave();
  await settled();
  expect(inside).toEqual(["a", "b", "c"]);
  gate.leave();
  gate.leave();
  void enter(gate, "e", inside);
  await settled();
  expect(inside).toEqual(["a", "b", "c", "d", "e"]);
});

test("one whose signal aborts waits no longer, and takes nobody's place", async () => {
  const gate = new Gate(1);
  const inside: string[] = [];
  await enter(gate, "a", inside);
  const controller = new AbortController();
  const aborted = enter(gate, "b", inside, controller.signal);
  const waiting = enter(gate, "c", inside);
  const reason = new Error("no longer");
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  gate.leave();
  await waiting;
  expect(inside).toEqual(["a", "c"]);
});

test("one whose signal has aborted before, or aborts once it is in, changes nothing", async () => {
  const gate = new Gate(1);
  const inside: string[] = [];
  const controller = new AbortController();
  await enter(gate, "a", inside, controller.signal);
  controller.abort();
  await expect(enter(gate, "b", inside, controller.signal)).rejects.toThrow("aborted");
  const waiting = enter(gate, "c", inside);
  await settled();
  expect(inside).toEqual(["a"]);
  gate.leave();
  await waiting;
});
