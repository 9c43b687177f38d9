import { setTimeout as delay } from "node:timers/promises";
import { TaskwrightError, type TaskSpec } from "taskwright";
import type { Ledger } from "../ledger/ledger.js";
import type { Way } from "../ledger/records.js";
import type { Random } from "../random.js";
import { keyModes, type Item, type Payload, type TaskName } from "./tasks.js";

/** One job that a producer asks for. */
export interface Request {
  /** Of a batch: one for each item. */
  readonly requests: readonly string[];
  readonly task: TaskName;
  readonly payload: Payload | readonly Item[];
  readonly spec: TaskSpec;
}

type PerTask<T> = Readonly<Partial<Record<TaskName, T>>>;

/** How often each task is asked for, among those that do their worker no harm. */
const weights: PerTask<number> = {
  fast: 320,
  slow: 80,
  queued: 200,
  keyed: 200,
  flaky: 70,
  doomed: 5,
  batch: 60,
  limited: 20,
  effect: 100,
};
const wheel = Object.entries(weights).flatMap(([task, weight]) =>
  Array<TaskName>(weight).fill(task as TaskName),
);
/** Makes requests and notes what became of them. */
export class Requests {
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #process: string;
  #count = 0;

  constructor(ledger: Ledger, random: Random, process: string) {
    this.#ledger = ledger;
    this.#random = random;
    this.#process = process;
  }

  /** A request for a job of any task that does its worker no harm. */
  any(way: Way): Request {
    return this.of(this.#random.pick(wheel), way);
  }

  of(task: TaskName, way: Way): Request {
    const random = this.#random;
    const count = task === "batch" ? random.integer(1, 4) : 1;
    const requests = Array.from({ length: count }, () => this.#name());
    const spec = makeSpec(task, random);
    const payload =
      task === "batch"
        ? requests.map((request) => ({ request, failures: random.chance(0.1) ? 1 : 0 }))
        : { request: requests[0] ?? "", ...makePayload(task, spec, random) };
    for (const request of requests) {
      this.#ledger.write({
        kind: "request",
        request,
        way,
        task,
        key: spec.jobKey ?? undefined,
        mode: spec.jobKeyMode,
        maxAttempts: spec.maxAttempts,
      });
    }
    return { requests, task, payload, spec };
  }

  removal(key: string): string {
    const request = this.#name();
    this.#ledger.write({ kind: "removal", request, key });
    return request;
  }

  accept({ requests }: Pick<Request, "requests">, job?: string): void {
    for (const request of requests) this.#ledger.write({ kind: "accepted", request, job });
  }

  refuse(all: readonly Pick<Request, "requests">[], error: unknown): void {
    const why = explain(error);
    for (const request of all.flatMap(({ requests }) => requests)) {
      this.#ledger.write({ kind: "refused", request, why });
    }
  }

  doubt(all: readonly Pick<Request, "requests">[], error: unknown): void {
    const why = explain(error);
    for (const request of all.flatMap(({ requests }) => requests)) {
      this.#ledger.write({ kind: "uncertain", request, why });
    }
  }

  #name(): string {
    this.#count += 1;
    return `${this.#process}-${this.#count}`;
  }
}

function explain(error: unknown): string {
  const code = error instanceof TaskwrightError ? `${error.code}: ` : "";
  return `${code}${error instanceof Error ? error.message : String(error)}`;
}

function makeSpec(task: TaskName, random: Random): TaskSpec {
  const priority = random.chance(0.3) ? { priority: random.integer(-2, 2) } : {};
  const runAt = random.chance(0.3)
    ? { runAt: new Date(Date.now() + random.integer(100, 1500)) }
    : {};
  const own = specs[task]?.(random) ?? {};
  // A doomed job fails at once, twice; a batch and a poison job do what they do as soon as they can.
  return isPrompt.has(task) ? { ...priority, ...own } : { ...priority, ...runAt, ...own };
}

const isPrompt: ReadonlySet<TaskName> = new Set(["doomed", "batch", "poison"]);

const queueOf = (random: Random) => ({ queueName: `q${random.integer(0, 7)}` });

const specs: PerTask<(random: Random) => TaskSpec> = {
  queued: queueOf,
  keyed: (random) => ({
    ...(random.chance(0.3) ? { queueName: `q${random.integer(8, 9)}` } : {}),
    jobKey: `k${random.integer(0, 5)}`,
    jobKeyMode: random.pick(keyModes),
  }),
  batch: (random) => (random.chance(0.5) ? {} : { jobKey: `b${random.integer(0, 3)}` }),
  flaky: () => ({ maxAttempts: 6 }),
  doomed: () => ({ maxAttempts: 2 }),
  poison: (random) => (random.chance(0.5) ? queueOf(random) : {}),
};

const payloads: PerTask<(random: Random) => Omit<Payload, "request">> = {
  slow: (random) => ({ ms: random.integer(100, 1500) }),
  queued: (random) => ({ ms: random.integer(0, 30), failures: random.chance(0.05) ? 1 : 0 }),
  keyed: (random) => ({ ms: random.integer(0, 400) }),
  flaky: (random) => ({ failures: random.integer(0, 2) }),
  doomed: () => ({ failures: 99 }),
  limited: (random) => ({ ms: random.integer(50, 300) }),
  effect: (random) => ({
    ms: random.integer(0, 50),
    how: random.pick(["plain", "plain", "roll back", "throw late"]),
  }),
  blocker: (random) => ({ ms: random.integer(200, 4000) }),
  poison: (random) => ({ how: random.pick(["exit", "kill", "rejection"]) }),
};

function makePayload(
  task: TaskName,
  { queueName }: TaskSpec,
  random: Random,
): Omit<Payload, "request"> {
  const queue = typeof queueName === "string" ? { queue: queueName } : {};
  return { ...queue, ...payloads[task]?.(random) };
}

/** A moment between the steps of a transaction. */
export function linger(random: Random): Promise<void> {
  return delay(random.chance(0.5) ? 0 : random.integer(1, 300));
}
