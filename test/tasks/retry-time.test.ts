import { expect, test } from "vitest";
import { isRetryTime } from "../../src/tasks/retry.js";

const longestMs = 8e15;

test.each([
  ["no delay", 0],
  ["part of a millisecond", 0.5],
  ["the longest delay", longestMs],
  ["a time that is over", new Date(0)],
  ["a time before 1970", new Date(-1)],
  ["the last time of JavaScript", new Date(8.64e15)],
  ["never", "never"],
])("%s is a retry's time", (_name, time) => {
  expect(isRetryTime(time)).toBe(true);
});

test.each([
  ["a negative delay", -1],
  ["a delay beyond the longest", longestMs + 1],
  ["an infinite delay", Infinity],
  ["no number", NaN],
  ["an invalid Date", new Date(NaN)],
  ["a number in a string", "5"],
  ["a bigint", 5n],
  ["an ISO time in a string", "2026-01-01T00:00:00Z"],
  ["another word", "Never"],
  ["null", null],
  ["undefined", undefined],
  ["a boolean", true],
  ["an object with a time in it", { getTime: () => 0 }],
  ["an array", [5]],
])("%s is no retry's time", (_name, time) => {
  expect(isRetryTime(time)).toBe(false);
});
