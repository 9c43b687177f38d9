import { buildHistory } from "./history/build.js";
import type { Check, History } from "./history/history.js";
import type { EntryOf } from "./ledger/dispatch.js";
import type { Entry, StoredEntry } from "./ledger/records.js";

/** One line of a ledger that is made by hand: when, by whom, and what. */
export type Line = readonly [at: number, actor: string, entry: Entry];

/** The pid of an actor's only process in a story. */
export function pidOf(actor: string): number {
  return Buffer.from(actor).reduce((sum, byte) => (sum * 31 + byte) % 100_000, 7);
}

/** Puts a ledger that is made by hand together. Every actor has a process, `<actor>.1`. */
export function tell(...lines: readonly Line[]): History {
  const actors = new Set(lines.map(([, actor]) => actor).filter((actor) => actor !== "supervisor"));
  const births = [...actors].flatMap((actor): Line[] => [
    [0, "supervisor", { kind: "spawned", child: actor, childPid: pidOf(actor) }],
    [0, actor, { kind: "worker", worker: `${actor}.1` }],
    [0, actor, { kind: "ready" }],
  ]);
  const entries = [...births, ...lines]
    .sort(([a], [b]) => a - b)
    .map(([at, actor, entry], index): StoredEntry => ({
      ...entry,
      at,
      actor,
      pid: pidOf(actor),
      line: `${actor}:${index}`,
    }));
  return buildHistory(entries);
}

/** What a check says of a story. */
export function messages(check: Check, ...lines: readonly Line[]): string[] {
  return check(tell(...lines)).map(({ message }) => message);
}

type Asked = Partial<Omit<EntryOf<"request">, "kind" | "at">> & { readonly job?: string };

/** A request that is accepted ten milliseconds later. */
export function asked(at: number, request: string, { job, ...facts }: Asked = {}): Line[] {
  return [
    [at, "producer", { kind: "request", request, way: "helper", task: "fast", ...facts }],
    [at + 10, "producer", { kind: "accepted", request, job }],
  ];
}

interface RunFacts {
  readonly job?: string;
  readonly task?: string;
  readonly queue?: string;
  readonly key?: string;
  readonly attempt?: number;
  readonly maxAttempts?: number;
  /** Default: five milliseconds before the start. */
  readonly claimedAt?: number;
  /** Undefined: its process ends first. */
  readonly end?: number | undefined;
  readonly failed?: boolean;
  readonly failedRequests?: readonly string[];
  /** When the worker says that the result is in the database. */
  readonly settled?: number;
}

/** A run of a request's job by a worker. */
export function ran(at: number, actor: string, request: string, facts: RunFacts = {}): Line[] {
  const { end = at + 10, failed = false, failedRequests, settled, ...given } = facts;
  const { job = `job of ${request}`, queue = null, key = null, task = "fast" } = given;
  const run = `${at} ${request}`;
  const { attempt = 1, maxAttempts = 25, claimedAt = at - 5 } = given;
  const requests = request.split(" ");
  const start = { job, task, queue, key, attempt, maxAttempts, claimedAt, requests };
  const lines: Line[] = [[at, actor, { kind: "start", run, ...start }]];
  if (end !== Infinity) lines.push([end, actor, { kind: "end", run, failed, failedRequests }]);
  if (settled !== undefined) lines.push([settled, actor, { kind: "settled", job, failed }]);
  return lines;
}

/** The end of a process by the supervisor's hand, or, unexpected, by itself. */
export function ended(at: number, child: string, expected?: string, code: number | null = null) {
  const signal = code === null ? "SIGKILL" : null;
  const childPid = pidOf(child);
  return [
    at,
    "supervisor",
    { kind: "exited", child, childPid, code, signal, expected },
  ] as const satisfies Line;
}

let faults = 0;

/** A fault from a time to another. */
export function fault(from: number, to: number, name: string, target?: string): Line[] {
  faults += 1;
  return [
    [from, "supervisor", { kind: "fault begins", id: faults, fault: name, target }],
    [to, "supervisor", { kind: "fault ends", id: faults }],
  ];
}

export function swept(at: number, actor: string, worker: string, ...jobs: string[]): Line {
  return [at, actor, { kind: "swept", workers: [`${worker}.1`], jobs }];
}
