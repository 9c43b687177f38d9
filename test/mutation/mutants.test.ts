import { expect, test } from "vitest";
import { formatReport, scoreOf, type Result } from "./report.js";
import { applyMutant, mutantsOf } from "./sql/mutants.js";

/** Each mutant of a function's body, as the body's text. */
function mutate(body: string): string[] {
  const text = `create function f() returns void language sql as $$${body}$$;`;
  return mutantsOf(text).map((mutant) => {
    const changed = applyMutant(text, mutant).split("$$")[1] ?? "";
    return `${mutant.operator}: ${changed.replaceAll(/\s+/gu, " ").trim()}`;
  });
}

test("each condition is dropped, and each comparison flipped", () => {
  expect(mutate("delete from a where x = 1 and (y or z) and t <= 2 returning *")).toEqual([
    "drop a condition: delete from a where (y or z) and t <= 2 returning *",
    "flip a comparison: delete from a where x <> 1 and (y or z) and t <= 2 returning *",
    "drop a condition: delete from a where x = 1 and t <= 2 returning *",
    "drop a condition: delete from a where x = 1 and (y or z) returning *",
    "flip a comparison: delete from a where x = 1 and (y or z) and t < 2 returning *",
  ]);
});

test("a condition that stands alone becomes true", () => {
  expect(mutate("select from a where exists (select from b where b.x is null)")).toEqual([
    "negate: select from a where not exists (select from b where b.x is null)",
    "drop a condition: select from a where true",
    "drop a condition: select from a where exists (select from b where true)",
    "negate: select from a where exists (select from b where b.x is not null)",
  ]);
});

test("between, case and distinct from keep their words", () => {
  const body =
    "select from a where x between 1 and 2 and case when p and q then r else s end and t is distinct from u";
  const dropped = mutate(body).filter((line) => line.startsWith("drop"));
  expect(dropped).toEqual([
    "drop a condition: select from a where case when p and q then r else s end and t is distinct from u",
    "drop a condition: select from a where x between 1 and 2 and t is distinct from u",
    "drop a condition: select from a where x between 1 and 2 and case when p and q then r else s end",
  ]);
});

test("each assignment is dropped but an only one", () => {
  expect(mutate("update a set x = f(1, 2), y = 3 where true; update a set z = 1;")).toEqual([
    "drop an assignment: update a set y = 3 where true; update a set z = 1;",
    "drop an assignment: update a set x = f(1, 2) where true; update a set z = 1;",
    "true to false: update a set x = f(1, 2), y = 3 where false; update a set z = 1;",
  ]);
});

test("locks are left out, or waited for", () => {
  expect(mutate("select from a limit 1 for update of a skip locked")).toEqual([
    "don't lock: select from a limit 1",
    "wait for locks: select from a limit 1 for update of a",
  ]);
  expect(mutate("select from a for no key update")).toEqual(["don't lock: select from a"]);
});

test("branches go one way, and calls for their effect are left out", () => {
  expect(mutate("begin if x then perform f(1); end if; end")).toEqual([
    "branch on true: begin if true then perform f(1); end if; end",
    "branch on false: begin if false then perform f(1); end if; end",
    "drop a call: begin if x then null; end if; end",
  ]);
});

test("comments, strings and what stands outside of bodies stay", () => {
  expect(mutate("select 'x = 1 and y' -- where a = b\n/* + */")).toEqual([]);
  expect(mutantsOf("create index i on a (x) where (y = true);")).toEqual([]);
});

const result: Result = {
  file: "a.sql",
  line: 3,
  operator: "negate",
  before: "is",
  after: "is not",
  verdict: "killed",
};

test("a score counts what was noticed among what could be installed", () => {
  const verdicts = ["killed", "timeout", "survived", "uncovered", "invalid"] as const;
  expect(scoreOf(verdicts.map((verdict) => ({ ...result, verdict })))).toBe(50);
  expect(scoreOf([{ ...result, verdict: "invalid" }])).toBeUndefined();
});

test("a report names what survived", () => {
  expect(formatReport([result, { ...result, line: 4, verdict: "survived" }])).toBe(
    [
      "survived: a.sql:4 negate",
      "  - is",
      "  + is not",
      "",
      "a.sql: 50.0 % (1 killed, 0 timeout, 1 survived, 0 uncovered, 0 invalid)",
    ].join("\n"),
  );
});
