import { setTimeout as sleep } from "node:timers/promises";
import type { FindLockHoldersResult } from "../../generated/queries/schema.js";
import type { Executor } from "../database/executor.js";
import { lockedState, sqlState } from "../database/failure.js";
import type { Queries } from "../database/queries.js";
import { TaskwrightError } from "../errors.js";
import { milliseconds, type Rules } from "../option-rules.js";
import { Backoff } from "../services/backoff.js";

/** How long a change of the schema waits for locks that others hold. */
export interface LockOptions {
  /**
   * Milliseconds that a statement waits for a lock. While it waits, calls that add jobs wait behind it;
   * then it gives way to them and tries again. Default 1000; 1 to 60,000.
   */
  readonly lockTimeoutMs?: number;
  /** Milliseconds of such attempts, in all. Default 30,000. */
  readonly waitForLocksMs?: number;
}

/** Each option's rule and default. */
export const lockRules = {
  lockTimeoutMs: milliseconds(1, 60_000).or(1000),
  waitForLocksMs: milliseconds().or(30_000),
} satisfies Rules<LockOptions>;

/** A session whose locks a change of the schema may have waited for. */
export interface LockHolder {
  /** The number of the server's process. */
  readonly pid: number;
  readonly relation: string;
  /** PostgreSQL's name of the lock, such as `RowExclusiveLock`. */
  readonly mode: string;
  readonly applicationName: string | null;
  readonly user: string | null;
  /** Such as `idle in transaction`. */
  readonly state: string | null;
  /** Times as ISO 8601, in UTC. */
  readonly transactionStart: string | null;
  readonly queryStart: string | null;
  /** The first word of its query, in small letters. */
  readonly command: string | null;
}

const deadlockState = "40P01";
/** Enough to find the session that has to end. */
const maxShown = 5;

/** Whether a statement gave up on a lock that others hold. */
export function isLocked(error: unknown): boolean {
  const state = sqlState(error);
  return state === lockedState || state === deadlockState;
}

interface Place {
  readonly queries: Queries;
  readonly db: Executor;
  readonly schema: string;
  /** What is being done, for messages, such as `migrate`. */
  readonly action: string;
}

/** Repeats what fails because of others' locks, until its time is over. */
export class LockPatience {
  readonly lockTimeoutMs: number;
  readonly #place: Place;
  readonly #startMs = performance.now();
  readonly #waitMs: number;
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 2000 });

  constructor(place: Place, { lockTimeoutMs, waitForLocksMs }: Required<LockOptions>) {
    this.#place = place;
    this.lockTimeoutMs = lockTimeoutMs;
    this.#waitMs = waitForLocksMs;
  }

  /** Milliseconds that are left. */
  get leftMs(): number {
    return Math.max(0, this.#startMs + this.#waitMs - performance.now());
  }

  /** Bounds how long the statements of the transaction wait for locks, and pins its search_path. */
  async prepareTransaction(): Promise<void> {
    const { queries, db } = this.#place;
    await queries.prepareSchemaChange(db, { lockTimeout: `${this.lockTimeoutMs}` });
  }

  /** Runs `attempt`, which leaves no lock behind when it fails, until it meets no lock of others. */
  async run<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await this.next(error);
      }
    }
  }

  /**
   * Waits before the next attempt.
   * @throws TaskwrightError `SCHEMA_LOCKED` when no time is left; the error itself when no lock caused it
   */
  async next(error: unknown): Promise<void> {
    if (!isLocked(error)) throw error;
    if (this.leftMs === 0) throw await this.#lockedError(error);
    await sleep(Math.min(this.#backoff.next(), this.leftMs));
  }

  /** Waits a moment for a session that does the same. */
  async waitForOthers(): Promise<void> {
    if (this.leftMs === 0) throw await this.#lockedError(undefined);
    await sleep(Math.min(this.#backoff.next(), this.leftMs));
  }

  async #lockedError(cause: unknown): Promise<TaskwrightError> {
    const { queries, db, schema, action } = this.#place;
    const holders = (await queries.findLockHolders(db, { schema })).map(readHolder);
    return new TaskwrightError(
      "SCHEMA_LOCKED",
      `${action} could not lock what it needs in schema ${schema} within ${this.#waitMs} ms. ${describeHolders(holders)} End these transactions, or end their sessions with pg_terminate_backend(pid), then run ${action} again, or give it more time (waitForLocksMs). A build of an index that was begun is repaired by the next run.`,
      { schema, waitedMs: this.#waitMs, holders },
      cause === undefined ? {} : { cause },
    );
  }
}

function readHolder(row: FindLockHoldersResult): LockHolder {
  const { pid, relation, mode, applicationName, user, state, command } = row;
  const { transactionStart, queryStart } = row;
  return Object.freeze({
    pid,
    relation,
    mode,
    applicationName,
    user,
    state,
    transactionStart: withZone(transactionStart),
    queryStart: withZone(queryStart),
    command,
  });
}

function withZone(time: string | null): string | null {
  return time === null ? null : `${time}Z`;
}

function describeHolders(holders: readonly LockHolder[]): string {
  if (holders.length === 0) {
    return "The locks were gone when the server was asked who holds them, or another database's transaction was waited for.";
  }
  const shown = holders.slice(0, maxShown).map(describeHolder).join("; ");
  const more = holders.length > maxShown ? `; and ${holders.length - maxShown} more` : "";
  return `Locks are held by: ${shown}${more}.`;
}

function describeHolder(holder: LockHolder): string {
  const {
    pid,
    relation,
    mode,
    applicationName,
    user,
    state,
    transactionStart,
    queryStart,
    command,
  } = holder;
  const facts = [
    applicationName === null || applicationName === ""
      ? undefined
      : `application ${applicationName}`,
    user === null ? undefined : `user ${user}`,
    state ?? undefined,
    transactionStart === null ? undefined : `in a transaction since ${transactionStart}`,
    command === null ? undefined : `last query: ${command} …, begun ${queryStart ?? "unknown"}`,
  ].filter((fact) => fact !== undefined);
  return `pid ${pid} (${[...facts, `${mode} on ${relation}`].join(", ")})`;
}
