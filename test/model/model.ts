import {
  compareJobs,
  giveBack,
  isAvailable,
  newJob,
  replaceRunning,
  replaceWaiting,
  retire,
  settle,
  type Lock,
  type ModelJob,
  type ModelOutcome,
  type ModelSpec,
} from "./job.js";

/** A transaction that is still open: what it changed, nobody else sees or changes. */
interface OpenTransaction {
  readonly now: number;
  /** Undefined: it deletes the job. */
  readonly changes: Map<number, ModelJob | undefined>;
  /** The keys that it has asked for. */
  readonly keys: Set<string>;
}

/** What a claim may take. */
export interface ClaimScope {
  readonly worker: string;
  readonly tasks: readonly string[];
  readonly forbiddenFlags: readonly string[];
  /** How many more jobs of a task the worker may hold. */
  readonly rooms: ReadonlyMap<string, number>;
  /** How many jobs of a task may run at once in the fleet. */
  readonly fleet: ReadonlyMap<string, number>;
  readonly maxJobs: number;
}

/**
 * The contract of the queue, in memory: what docs/ promises, step by step, for steps that follow each
 * other. It knows nothing of how the database does it.
 */
export class Model {
  readonly #jobs = new Map<number, ModelJob>();
  readonly #paused = new Set<string>();
  #clock = 0;
  #transaction: OpenTransaction | undefined;

  /** What is committed, oldest first. */
  get jobs(): ModelJob[] {
    return [...this.#jobs.values()].toSorted((a, b) => a.id - b.id);
  }

  get isInTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  /** The queues that are held, and by whom: a queue is held as long as a job of it is. */
  get queueHolders(): Map<string, string> {
    return new Map(
      this.jobs.flatMap(({ queue, lock }) =>
        queue === null || lock === null ? [] : [[queue, lock.worker] as const],
      ),
    );
  }

  /** Whether the open transaction has changed the job, so that whoever else touches it would wait. */
  isTouched(id: number): boolean {
    return this.#transaction?.changes.has(id) ?? false;
  }

  /** The job with the key, as the open transaction or everybody else sees it. */
  withKey(key: string, inside: boolean): ModelJob | undefined {
    return this.#visible(inside).find((job) => job.key === key);
  }

  /** Whether a call about the key would wait for the open transaction. */
  isKeyTouched(key: string): boolean {
    const { changes, keys } = this.#transaction ?? {};
    return (
      keys?.has(key) === true ||
      [...(changes?.keys() ?? [])].some((id) => this.#jobs.get(id)?.key === key)
    );
  }

  begin(): void {
    this.#transaction = { now: this.#tick(), changes: new Map(), keys: new Set() };
  }

  commit(): void {
    for (const [id, job] of this.#transaction?.changes ?? []) {
      if (job === undefined) this.#jobs.delete(id);
      else this.#jobs.set(id, job);
    }
    this.#transaction = undefined;
  }

  rollback(): void {
    this.#transaction = undefined;
  }

  /** Adds jobs in one call; `ids` are those that the database gave, in the order of the specs. */
  add(specs: readonly ModelSpec[], ids: readonly number[], inside: boolean): void {
    const now = this.#now(inside);
    for (const [index, spec] of specs.entries()) {
      const id = ids[index] ?? -1;
      const old = spec.key === undefined ? undefined : this.withKey(spec.key, inside);
      if (inside && spec.key !== undefined) this.#transaction?.keys.add(spec.key);
      if (old === undefined) {
        this.#put(newJob(id, spec, now), inside);
      } else if (spec.mode === "unsafe_dedupe") {
        this.#put({ ...old, revision: old.revision + 1 }, inside);
      } else if (isAvailable(old)) {
        this.#put(replaceWaiting(old, spec, now), inside);
      } else {
        this.#put(replaceRunning(old, spec), inside);
        // A later spec of the same call may have replaced this one's job again.
        this.#put(newJob(id, spec, now), inside);
      }
    }
  }

  /** Removes the job with a key. One that runs loses its key and any retry. */
  remove(key: string, inside: boolean): void {
    const job = this.withKey(key, inside);
    if (inside) this.#transaction?.keys.add(key);
    if (job === undefined) return;
    this.#put(job.lock === null ? undefined : retire(job, "removed"), inside, job.id);
  }

  /** Claims jobs and returns them in the order in which they are to run. */
  claim(scope: ClaimScope): ModelJob[] {
    const now = this.#tick();
    const room = this.#rooms(scope);
    const isOpen = ({ task }: ModelJob) =>
      !this.#paused.has(`task ${task}`) && (room.get(task) ?? Infinity) > 0;
    const due = this.jobs.filter(
      (job) =>
        isAvailable(job) &&
        job.runAt <= now &&
        scope.tasks.includes(job.task) &&
        !job.flags.some((flag) => scope.forbiddenFlags.includes(flag)),
    );
    const candidates = [...due.filter(({ queue }) => queue === null), ...this.#heads(due)]
      .filter((job) => isOpen(job) && !this.isTouched(job.id))
      .toSorted(compareJobs);
    const chosen: ModelJob[] = [];
    for (const job of candidates) {
      const left = room.get(job.task) ?? Infinity;
      if (chosen.length >= scope.maxJobs || left <= 0) continue;
      room.set(job.task, left - 1);
      const lock: Lock = { claim: now, worker: scope.worker, hasSlot: scope.fleet.has(job.task) };
      chosen.push({ ...job, attempts: job.attempts + 1, lock });
    }
    for (const job of chosen) this.#jobs.set(job.id, job);
    return chosen;
  }

  /** Writes what became of claims. Returns the ids of jobs that these claims didn't hold any more. */
  settle(
    results: readonly { readonly claimed: ModelJob; readonly outcome: ModelOutcome }[],
  ): number[] {
    const now = this.#tick();
    const lost: number[] = [];
    for (const { claimed, outcome } of results) {
      const job = this.#held(claimed);
      if (job === undefined) lost.push(claimed.id);
      else this.#put(settle(job, outcome, now), false, job.id);
    }
    return lost;
  }

  /** Completes a claimed job in the open transaction. Returns whether the claim still held it. */
  completeInside(claimed: ModelJob): boolean {
    const job = this.#held(claimed);
    if (job !== undefined) this.#put(undefined, true, job.id);
    return job !== undefined;
  }

  /** What a look at the locks finds out about claims. */
  look(claims: readonly ModelJob[]): { lost: number[]; removed: number[] } {
    const lost = claims.filter((claimed) => this.#held(claimed) === undefined);
    const removed = claims.filter((claimed) => this.#held(claimed)?.lock?.retired === "removed");
    return { lost: lost.map(({ id }) => id), removed: removed.map(({ id }) => id) };
  }

  /** Gives back what dead workers hold, their attempts uncounted. */
  sweep(workers: readonly string[]): void {
    const now = this.#tick();
    for (const job of this.jobs) {
      if (job.lock === null || !workers.includes(job.lock.worker)) continue;
      const lastError = "Job recovered after worker interruption";
      const runAt = Math.max(job.runAt, now);
      this.#jobs.set(job.id, { ...giveBack(job), lastError, runAt });
    }
  }

  /** Takes all locks of workers away; the attempts stay counted. */
  unlock(workers: readonly string[]): void {
    for (const job of this.jobs) {
      if (job.lock !== null && workers.includes(job.lock.worker)) {
        this.#jobs.set(job.id, { ...job, lock: null });
      }
    }
  }

  /** Changes those of the jobs that no worker holds. Undefined deletes. */
  change(ids: readonly number[], to: (job: ModelJob, now: number) => ModelJob | undefined): void {
    const now = this.#tick();
    for (const id of ids) {
      const job = this.#jobs.get(id);
      if (job?.lock === null) this.#put(to(job, now), false, id);
    }
  }

  pause(what: string, isPaused: boolean): void {
    if (isPaused) this.#paused.add(what);
    else this.#paused.delete(what);
  }

  /** The first due job of each queue that is free: the one that the queue would run next. */
  #heads(due: readonly ModelJob[]): ModelJob[] {
    const held = this.queueHolders;
    const heads = new Map<string, ModelJob>();
    for (const job of due.toSorted(compareJobs)) {
      const { queue } = job;
      if (queue !== null && !heads.has(queue)) heads.set(queue, job);
    }
    return [...heads.values()].filter(
      ({ queue }) => !held.has(queue ?? "") && !this.#paused.has(`queue ${queue}`),
    );
  }

  #rooms({ rooms, fleet }: ClaimScope): Map<string, number> {
    const all = new Map(rooms);
    for (const [task, places] of fleet) {
      const taken = this.jobs.filter((job) => job.task === task && job.lock?.hasSlot === true);
      all.set(task, Math.min(all.get(task) ?? Infinity, places - taken.length));
    }
    return all;
  }

  /** The job as it is now, if the claim still holds it. */
  #held(claimed: ModelJob): ModelJob | undefined {
    const job = this.#jobs.get(claimed.id);
    return job?.lock?.claim === claimed.lock?.claim ? job : undefined;
  }

  #visible(inside: boolean): ModelJob[] {
    const changes = inside ? this.#transaction?.changes : undefined;
    const merged = new Map<number, ModelJob | undefined>([...this.#jobs, ...(changes ?? [])]);
    return [...merged.values()].filter((job) => job !== undefined);
  }

  #put(job: ModelJob | undefined, inside: boolean, id = job?.id ?? -1): void {
    if (inside) this.#transaction?.changes.set(id, job);
    else if (job === undefined) this.#jobs.delete(id);
    else this.#jobs.set(id, job);
  }

  #now(inside: boolean): number {
    return inside ? (this.#transaction?.now ?? -1) : this.#tick();
  }

  #tick(): number {
    this.#clock += 1;
    return this.#clock;
  }
}
