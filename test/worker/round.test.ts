import { expect, test } from "vitest";
import { Round } from "../../src/worker/round.js";

/** What a round says to each of the positions at which claims ended. */
function states(round: Round, ends: readonly (number | null)[]): string[] {
  return ends.map((end) => round.moveTo(end));
}

test("a claim that saw everything is a round of its own", () => {
  const round = new Round();
  expect(states(round, [null, null])).toEqual(["finished", "finished"]);
  expect(round.after).toBe(0);
});

test("a claim that saw everything, some of it locked, is a round that should be repeated", () => {
  expect(states(new Round(), [0, 0])).toEqual(["locked", "locked"]);
});

test("a round that began with the first queue ends with the last one", () => {
  const round = new Round();
  expect(states(round, [70, 140, 0])).toEqual(["unfinished", "unfinished", "finished"]);
  expect(round.after).toBe(0);
});

test("a round that began in the middle goes past the end and back to where it began", () => {
  const round = new Round();
  round.moveTo(70);
  round.restart();
  expect(round.after).toBe(70);
  expect(states(round, [140, 0, 60])).toEqual(["unfinished", "unfinished", "unfinished"]);
  expect(round.moveTo(130)).toBe("finished");
  expect(round.after).toBe(130);
});

test("a round that was begun anew takes a whole turn more", () => {
  const round = new Round();
  round.moveTo(70);
  round.moveTo(140);
  round.restart();
  expect(states(round, [0, 70, 140])).toEqual(["unfinished", "unfinished", "finished"]);
});
