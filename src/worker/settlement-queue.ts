import type { Settlement } from "./outcome.js";

/** More at once gains nothing, and would hold many rows locked for one statement's time. */
const maxGroup = 2000;
/** Characters of payloads in one statement; a single payload may be longer. */
const maxGroupLength = 16_000_000;

/**
 * Results that wait to be written, and suspects: groups that may hold a result which the database
 * refuses. Groups of both kinds take turns, so that neither waits for the other's end.
 */
export class SettlementQueue {
  #waiting: Settlement[] = [];
  #suspects: (readonly Settlement[])[] = [];
  #suspectCount = 0;
  #isSuspectsTurn = true;

  get size(): number {
    return this.#waiting.length + this.#suspectCount;
  }

  add(settlement: Settlement): void {
    this.#waiting.push(settlement);
  }

  /** Puts results in front of the others. */
  putBack(settlements: readonly Settlement[]): void {
    if (settlements.length > 0) this.#waiting = [...settlements, ...this.#waiting];
  }

  /** Adds a group in halves, each to be written by itself. */
  suspectHalves(group: readonly Settlement[]): void {
    const middle = Math.ceil(group.length / 2);
    this.suspect(group.slice(0, middle));
    this.suspect(group.slice(middle));
  }

  /** Adds a group that is to be written by itself. */
  suspect(group: readonly Settlement[]): void {
    this.#suspects.push(group);
    this.#suspectCount += group.length;
  }

  /** The group that is next. */
  take(): readonly Settlement[] {
    const isSuspects = this.#waiting.length === 0 || this.#isSuspectsTurn;
    const suspects = isSuspects ? this.#suspects.shift() : undefined;
    this.#isSuspectsTurn = suspects === undefined;
    if (suspects === undefined) return this.#waiting.splice(0, this.#groupSize());
    this.#suspectCount -= suspects.length;
    return suspects;
  }

  all(): readonly Settlement[] {
    return [...this.#suspects.flat(), ...this.#waiting];
  }

  /** Takes these results out, wherever they are. */
  remove(settlements: ReadonlySet<Settlement>): void {
    const stays = (settlement: Settlement) => !settlements.has(settlement);
    this.#waiting = this.#waiting.filter(stays);
    this.#suspects = this.#suspects
      .map((group) => group.filter(stays))
      .filter(({ length }) => length > 0);
    this.#suspectCount = this.#suspects.reduce((count, { length }) => count + length, 0);
  }

  takeAll(): readonly Settlement[] {
    const all = this.all();
    this.remove(new Set(all));
    return all;
  }

  /** How many of those that wait are written together. */
  #groupSize(): number {
    let size = 0;
    let length = 0;
    for (const { outcome } of this.#waiting) {
      if (outcome.kind !== "completed") length += outcome.items?.length ?? 0;
      if (size >= maxGroup || (size > 0 && length > maxGroupLength)) break;
      size += 1;
    }
    return size;
  }
}
