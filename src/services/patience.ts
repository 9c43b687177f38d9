/**
 * Waits that can all be ended early at once, such as when a stop gives up. A wait that has ended leaves
 * nothing in memory. (`Promise.race` with a promise that outlives the others would keep every one of them.)
 */
export class Patience {
  #isOver = false;
  readonly #waits = new Set<() => void>();

  /** How many waits are under way. */
  get size(): number {
    return this.#waits.size;
  }

  /** Ends all waits, those to come included. */
  end(): void {
    this.#isOver = true;
    for (const end of this.#waits) end();
    this.#waits.clear();
  }

  /** Settles as the work does, or resolves to what `fallback` gives once patience has ended. */
  async wait<T>(work: Promise<T>, fallback: () => T): Promise<T> {
    let end = () => {};
    const ended = new Promise<T>((resolve) => {
      end = () => resolve(fallback());
    });
    if (this.#isOver) end();
    this.#waits.add(end);
    try {
      return await Promise.race([work, ended]);
    } finally {
      this.#waits.delete(end);
    }
  }
}
