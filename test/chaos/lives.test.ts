import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { separateLives } from "./ledger/read.js";
import type { Entry } from "./ledger/records.js";
import { holderName, noteLockHolder, readLockHolders } from "./lock-holders.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "taskwright-chaos-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("two processes of an actor with one pid are told apart, and other actors keep theirs", () => {
  const by = (actor: string, pid: number, entry: Entry) => ({
    ...entry,
    at: 0,
    actor,
    pid,
    line: "",
  });
  const born = (child: string) => by("supervisor", 1, { kind: "spawned", child, childPid: 7 });
  const died = (child: string) =>
    by("supervisor", 1, { kind: "exited", child, childPid: 7, code: 0, signal: null });
  const entries = separateLives([
    born("a"),
    by("a", 7, { kind: "ready" }),
    died("a"),
    born("b"),
    born("a"),
    by("a", 7, { kind: "ready" }),
    by("b", 7, { kind: "ready" }),
    died("a"),
  ]);
  const pids = entries.map((entry) => ("childPid" in entry ? entry.childPid : entry.pid));
  const [first, second] = [7, pids[4]];
  expect(second).not.toBe(first);
  expect(pids).toEqual([first, first, first, first, second, second, first, second]);
});

test("the locks of a peer and of a Rust process with the same pid are both known", () => {
  const record = JSON.stringify({ kind: "worker", worker: "rust worker" });
  writeFileSync(path.join(folder, `rust.${process.pid}.jsonl`), `${record}\n{"half`);
  noteLockHolder(folder, "peer", "pool");
  noteLockHolder(folder, "peer", "worker");
  expect(readLockHolders(folder)).toEqual(
    new Map([
      [holderName("peer", process.pid), ["pool", "worker"]],
      [holderName("rust", process.pid), ["rust worker"]],
    ]),
  );
});
