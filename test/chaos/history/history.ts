import type { JobKeyMode } from "taskwright";
import type { EntryOf, Readers } from "../ledger/dispatch.js";
import type { StoredEntry } from "../ledger/records.js";

/** One call of a handler. */
export interface Run {
  readonly actor: string;
  readonly pid: number;
  readonly job: string;
  readonly task: string;
  readonly queue: string | null;
  readonly key: string | null;
  readonly requests: readonly string[];
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly claimedAt: number;
  readonly startedAt: number;
  readonly line: string;
  /** Undefined: the process ended first. */
  endedAt?: number;
  failed?: boolean;
  failedRequests?: readonly string[];
  /** When the worker said that the result is in the database. */
  settledAt?: number;
  settledAsFailed?: boolean;
  /** When the worker stopped waiting for the handler, or could not write its result. */
  givenUpAt?: number;
}

/** A job that a producer asked for, or a `removeJob`. */
export interface Request {
  readonly name: string;
  readonly isRemoval: boolean;
  readonly task: string;
  readonly key: string | null;
  readonly mode: JobKeyMode | undefined;
  readonly sentAt: number;
  readonly line: string;
  state: "accepted" | "refused" | "uncertain";
  /** The job that it became, if the answer says so. */
  job?: string;
  /** By when it had happened, if it has. */
  happenedBy: number;
}

/** A process of an actor's. */
export interface Life {
  readonly actor: string;
  readonly pid: number;
  /** Infinite while it runs. */
  to: number;
  end?: EntryOf<"exited">;
  isPoisoned: boolean;
  /** Whether it listened to signals in the end: not while it still loads, nor when it is done. */
  isReady?: boolean;
}

/** A time in which something kept an actor, or everybody, from doing what it should. */
export interface Trouble {
  readonly what: string;
  /** Undefined: everybody. */
  readonly actor: string | undefined;
  readonly from: number;
  to: number;
}

export interface Sweep {
  readonly at: number;
  readonly line: string;
  readonly workers: readonly string[];
  readonly jobs: ReadonlySet<string>;
}

/** What happened, put together from the entries of all processes. */
export interface History {
  readonly entries: readonly StoredEntry[];
  readonly requests: ReadonlyMap<string, Request>;
  /** In the order of their starts. */
  readonly runs: readonly Run[];
  readonly runsByJob: ReadonlyMap<string, readonly Run[]>;
  readonly runsByRequest: ReadonlyMap<string, readonly Run[]>;
  /** By {@link processOf}. */
  readonly lives: ReadonlyMap<string, Life>;
  /** The process that locks jobs under an id. */
  readonly workers: ReadonlyMap<string, Life>;
  readonly troubles: readonly Trouble[];
  readonly sweeps: readonly Sweep[];
  /** By {@link processOf}: when it learnt that it was declared dead. */
  readonly declaredDead: ReadonlyMap<string, readonly number[]>;
  /** When an operator gave a dead peer's job back, by job. */
  readonly unlocks: ReadonlyMap<string, readonly number[]>;
  readonly failedRows: ReadonlyMap<string, FailedRow>;
  /** How often each effect is in the database. */
  readonly effects: ReadonlyMap<string, number>;
}

export type FailedRow = EntryOf<"failed row">;

/** One aspect of a history: reads the entries, and then holds the result. */
export interface Aspect<Result> {
  readonly readers: Readers;
  /** Complete when all entries were read. */
  readonly result: Result;
}

/** Something that must not be. */
export interface Violation {
  readonly check: string;
  readonly message: string;
  /** Where the ledger shows it. */
  readonly lines: readonly string[];
}

export type Check = (history: History) => Violation[];

/** Names a process: different actors may have the same pid, one after the other. */
export function processOf({
  actor,
  pid,
}: {
  readonly actor: string;
  readonly pid: number;
}): string {
  return `${actor} ${pid}`;
}

/** Adds to a list in a map. */
export function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
