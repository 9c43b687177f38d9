import * as fc from "fast-check";
import type { ModelOutcome, ModelSpec } from "./job.js";

/**
 * One statement of somebody's. Numbers such as `nth` choose among what is there when the step's turn
 * comes; a step that finds nothing to do is left out.
 */
export type Step =
  /** `inside` the open transaction, if there is one. */
  | { readonly kind: "add"; readonly specs: readonly ModelSpec[]; readonly inside: boolean }
  | { readonly kind: "remove"; readonly key: string; readonly inside: boolean }
  | { readonly kind: "begin" | "commit" | "rollback" }
  | { readonly kind: "claim"; readonly worker: number; readonly maxJobs: number }
  | {
      readonly kind: "settle";
      readonly worker: number;
      readonly results: readonly { readonly nth: number; readonly outcome: ModelOutcome }[];
    }
  | { readonly kind: "completeInside"; readonly worker: number; readonly nth: number }
  /** The worker looks at the locks of all that it holds. */
  | { readonly kind: "look"; readonly worker: number }
  /** The process ends, and another one takes its place. */
  | { readonly kind: "kill"; readonly worker: number }
  /** The process stands still for so long that it is declared dead. */
  | { readonly kind: "stall"; readonly worker: number }
  | { readonly kind: "sweep" }
  | { readonly kind: "unlock"; readonly worker: number }
  | { readonly kind: "complete" | "retry" | "runNow"; readonly nths: readonly number[] }
  | { readonly kind: "fail"; readonly nths: readonly number[]; readonly reason: string }
  | {
      readonly kind: "reschedule";
      readonly nths: readonly number[];
      readonly runAt?: "past" | "future" | undefined;
      readonly priority?: number | undefined;
      readonly attempts?: number | undefined;
      readonly maxAttempts?: number | undefined;
    }
  | {
      readonly kind: "pause";
      readonly what: "task" | "queue";
      readonly name: string;
      readonly isPaused: boolean;
    }
  /** How many jobs of the task a worker may hold from now on. */
  | { readonly kind: "limit"; readonly worker: number; readonly perWorker: number | undefined };

export const tasks = ["plain", "limited", "fleet"] as const;
export const queues = ["q1", "q2"] as const;
/** How many jobs of the task "fleet" may run at once. */
export const fleetLimit = 2;
export const forbiddenFlag = "forbidden";

/** Long before and long after every run. */
export const times = {
  past: new Date("2001-02-03T04:05:06Z"),
  future: new Date("2200-01-01T00:00:00Z"),
};

const worker = fc.nat(1);
const nths = fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 });
const time = fc.constantFrom(undefined, undefined, undefined, "past" as const, "future" as const);
const keys = fc.constantFrom("a", "b", "c");
const inside = fc.boolean();
const priority = fc.constantFrom(undefined, undefined, 0, -3, 5);

const spec: fc.Arbitrary<ModelSpec> = fc.record({
  task: fc.constantFrom("plain", "plain", ...tasks),
  payload: fc.constantFrom<unknown>({}, { n: 1 }, [1], [2, { a: "b" }], "text", null),
  queue: fc.constantFrom(undefined, ...queues),
  runAt: time,
  priority,
  maxAttempts: fc.constantFrom(undefined, 1, 2),
  key: fc.oneof(fc.constant(undefined), keys, keys),
  mode: fc.constantFrom("replace", "replace", "preserve_run_at", "unsafe_dedupe"),
  flags: fc.constantFrom(undefined, undefined, ["kept"], [forbiddenFlag, "kept"]),
});

const outcome: fc.Arbitrary<ModelOutcome> = fc.oneof(
  { arbitrary: fc.constant({ kind: "completed" } as const), weight: 3 },
  { arbitrary: fc.constant({ kind: "returned" } as const), weight: 3 },
  {
    arbitrary: fc.record({
      kind: fc.constant("failed" as const),
      message: fc.constantFrom("no", "not yet"),
      retry: fc.constantFrom(undefined, "now" as const, "never" as const),
    }),
    weight: 4,
  },
);

const step: fc.Arbitrary<Step> = fc.oneof<fc.WeightedArbitrary<Step>[]>(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      specs: fc.array(spec, { minLength: 1, maxLength: 3 }),
      inside,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("remove" as const), key: keys, inside }) },
  { weight: 4, arbitrary: fc.constant({ kind: "begin" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("commit" as const, "rollback" as const) }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("claim" as const),
      worker,
      maxJobs: fc.constantFrom(1, 2, 10),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      worker,
      results: fc.uniqueArray(fc.record({ nth: fc.nat(3), outcome }), {
        minLength: 1,
        maxLength: 3,
        selector: ({ nth }) => nth,
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("completeInside" as const), worker, nth: fc.nat(3) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "look" as const,
        "look" as const,
        "kill" as const,
        "stall" as const,
        "unlock" as const,
      ),
      worker,
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "sweep" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "complete" as const,
        "retry" as const,
        "retry" as const,
        "runNow" as const,
      ),
      nths,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("fail" as const),
      nths,
      reason: fc.constant("because"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("reschedule" as const),
      nths,
      runAt: fc.constantFrom("past" as const, "future" as const),
      priority,
      attempts: fc.constantFrom(undefined, 0, 1),
      maxAttempts: fc.constantFrom(undefined, 1, 3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        place: fc.constantFrom<readonly ["task" | "queue", string]>(
          ...tasks.map((name) => ["task", name] as const),
          ...queues.map((name) => ["queue", name] as const),
        ),
        isPaused: fc.constantFrom(true, false, false),
      })
      .map(({ place: [what, name], isPaused }) => ({ kind: "pause", what, name, isPaused })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("limit" as const),
      worker,
      perWorker: fc.constantFrom(undefined, 1, 2),
    }),
  },
);

export const steps: fc.Arbitrary<Step[]> = fc.array(step, {
  minLength: 1,
  maxLength: 120,
  size: "max",
});
