import type { ClaimJobsResult } from "../../generated/queries/worker.js";
import { readTime } from "../database/time.js";
import { readFlags } from "../jobs/flags.js";
import type { Job } from "../jobs/job.js";
import { Moment } from "../services/moment.js";
import { splitItems } from "../tasks/json-items.js";

/** A row of a claim that is a job. */
export type ClaimedRow = ClaimJobsResult & { readonly id: string };

/** The last error of a job whose worker died while it ran the job (sql/migrations/24_recover_jobs.sql). */
const crashText = /^Worker .+ died while it ran this job \(crash (?<crash>\d+) of (?<most>\d+)\)/su;

/**
 * A job that this worker holds, as the claim gave it. Most of a row is never looked at, so it stays
 * text until the {@link Job} is read.
 */
export class ClaimedJob {
  readonly id: string;
  /** The task identifier. */
  readonly task: string;
  readonly queueName: string | null;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly key: string | null;
  /** How often the job was replaced through its key. */
  readonly revision: number;
  /** The slot of its task's `fleet` limit that it was claimed with; null without such a limit. */
  readonly slot: number | null;
  /** With the worker's id, the proof that a lock is still this claim's. */
  readonly lockedAt: string;
  /** Bytes of the payload as JSON text in UTF-8. */
  readonly bytes: number;
  /** When the claim's answer came. */
  readonly #claimedAt: Moment;
  #isLost = false;
  readonly #row: ClaimedRow;
  readonly #workerId: string;
  #job: Job | undefined;

  constructor(row: ClaimedRow, task: string, workerId: string, claimedAt = new Moment()) {
    this.id = row.id;
    this.task = task;
    this.queueName = row.queueName;
    this.attempts = row.attempts;
    this.maxAttempts = row.maxAttempts;
    this.key = row.key;
    this.revision = row.revision;
    this.slot = row.slot;
    this.lockedAt = row.lockedAt;
    this.bytes = Buffer.byteLength(row.payload);
    this.#claimedAt = claimedAt;
    this.#row = row;
    this.#workerId = workerId;
  }

  /** A payload of the caller's own: validation fills in defaults in place. */
  decode(): unknown {
    return JSON.parse(this.#row.payload);
  }

  /** When the claim's answer came, on the clock of `performance.now()`. */
  get claimedAtMs(): number {
    return this.#claimedAt.atMs;
  }

  /** Milliseconds since the claim's answer came, those of a suspended process included. */
  ageMs(now?: Moment): number {
    return this.#claimedAt.ageMs(now);
  }

  /** Whether the job was attempted, or given back by a sweep, before this claim. */
  get wasTried(): boolean {
    return this.attempts > 1 || this.#row.lastError !== null;
  }

  /** Whether the job fails for good if its worker dies again while it runs the job. */
  get isLastCrash(): boolean {
    const found = crashText.exec(this.#row.lastError ?? "")?.groups;
    return found !== undefined && Number(found["crash"]) >= Number(found["most"]) - 1;
  }

  /** The texts of the items of a batch's payload, as they are stored. */
  itemTexts(): string[] {
    return splitItems(this.#row.payload);
  }

  /** Whether a failure of this attempt is final. */
  get isLastAttempt(): boolean {
    return this.attempts >= this.maxAttempts;
  }

  /** Whether it is known that this claim has lost its lock. */
  get isLost(): boolean {
    return this.#isLost;
  }

  lose(): void {
    this.#isLost = true;
  }

  get job(): Job {
    const row = this.#row;
    this.#job ??= Object.freeze({
      id: row.id,
      task: this.task,
      payload: this.decode(),
      queueName: row.queueName,
      priority: row.priority,
      runAt: readTime(row.runAt),
      attempts: row.attempts,
      maxAttempts: row.maxAttempts,
      lastError: row.lastError,
      createdAt: readTime(row.createdAt),
      updatedAt: readTime(row.updatedAt),
      key: row.key,
      lockedAt: readTime(row.lockedAt),
      lockedBy: this.#workerId,
      revision: row.revision,
      flags: readFlags(row.flags),
    });
    return this.#job;
  }
}
