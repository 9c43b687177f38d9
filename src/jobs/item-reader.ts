import { Rule } from "../option-rules.js";

/** Anything that gives items one after another: an array, a generator, a stream of objects. */
export type ItemSource<Item> = Iterable<Item> | AsyncIterable<Item>;

/** A string is iterable, too, but its characters are no items. */
export const itemSourceRule = new Rule<ItemSource<unknown>>(
  "an array, or another iterable or asynchronous iterable, of items",
  (value) =>
    typeof value === "object" &&
    value !== null &&
    (Symbol.asyncIterator in value || Symbol.iterator in value),
);

/**
 * Takes items from a source one at a time, and no further than asked. An abort ends the waiting for
 * an item that doesn't come.
 */
export class ItemReader<Item> {
  readonly #iterator: Iterator<Item> | AsyncIterator<Item>;
  readonly #isAsync: boolean;
  readonly #signal: AbortSignal | undefined;
  // One listener for all items: racing each with one promise would keep all of them alive.
  #giveUp: ((reason: unknown) => void) | undefined;
  readonly #onAbort = () => this.#giveUp?.(this.#signal?.reason);

  constructor(source: ItemSource<Item>, signal: AbortSignal | undefined) {
    this.#isAsync = Symbol.asyncIterator in source;
    this.#iterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort);
  }

  /** The next item; a promise of it only if the source gives one. Rejects as the source does. */
  next(): IteratorResult<Item> | Promise<IteratorResult<Item>> {
    const next = this.#iterator.next();
    if (!this.#isAsync) return next;
    return new Promise<IteratorResult<Item>>((resolve, reject) => {
      this.#giveUp = reject;
      Promise.resolve(next).then(resolve, reject);
    }).finally(() => {
      this.#giveUp = undefined;
    });
  }

  /** Tells the source that no more items are wanted. One that is stuck isn't waited for. */
  close(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    try {
      Promise.resolve(this.#iterator.return?.()).catch(() => {});
    } catch {
      // What is left of the source is its owner's.
    }
  }
}
