/** A semaphore: admits `capacity` callers at a time, in the order of their calls. */
export class Gate {
  #free: number;
  /** The waiting callers, each as the function that admits it. */
  readonly #waiting = new Set<() => void>();

  constructor(capacity: number) {
    this.#free = capacity;
  }

  /** Resolves when there is room, which is to be given back by `leave`; rejects when the signal aborts. */
  enter(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        this.#free -= 1;
        signal.removeEventListener("abort", refuse);
        this.#waiting.delete(admit);
        resolve();
      };
      const refuse = () => {
        this.#waiting.delete(admit);
        reject(signal.reason as Error);
      };
      if (signal.aborted) return refuse();
      if (this.#free > 0) return admit();
      signal.addEventListener("abort", refuse, { once: true });
      this.#waiting.add(admit);
    });
  }

  leave(): void {
    this.#free += 1;
    const [next] = this.#waiting;
    next?.();
  }
}
