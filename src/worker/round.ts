/** Less than any queue's id. */
const firstQueue = 0;

/** What a round knows after a claim. */
export type RoundState =
  /** There are queues that no claim of the round has looked at. */
  | "unfinished"
  /** All queues were looked at, and some of the jobs were locked by other transactions. */
  | "locked"
  /** All queues were looked at. */
  | "finished";

/**
 * One look at every queue, by as many claims as it takes. A claim looks at the queues after a
 * position and says where it ended (`look_on` in sql/migrations/15_find_queues.sql). The position
 * outlasts the rounds: if each round began with the first queue, the last one would starve.
 */
export class Round {
  #after = firstQueue;
  /** Where the round began; undefined until its first claim has ended. */
  #from: number | undefined;
  #hasPassedEnd = false;

  /** The queue after which the next claim looks on. */
  get after(): number {
    return this.#after;
  }

  /** Begins a new round at the present position: what was looked at may have changed. */
  restart(): void {
    this.#from = undefined;
    this.#hasPassedEnd = false;
  }

  /** Moves to where a claim ended; null: it had no need to look from queue to queue. */
  moveTo(lookOn: number | null): RoundState {
    if (lookOn === null) return this.#end("finished");
    const after = this.#after;
    this.#after = lookOn;
    // A claim that began with the first queue and came to the end doesn't ask for another one.
    if (after === firstQueue && lookOn === firstQueue) return this.#end("locked");
    this.#from ??= after;
    this.#hasPassedEnd ||= lookOn <= after;
    return this.#hasPassedEnd && lookOn >= this.#from ? this.#end("finished") : "unfinished";
  }

  #end(state: RoundState): RoundState {
    this.restart();
    return state;
  }
}
