import { TaskwrightError } from "../errors.js";

/**
 * The calls of a client that are under way. Its end waits for them: a pool that is ended forgets who
 * waits for a connection, and their promises would never settle.
 */
export class Calls {
  #underWay = 0;
  #hasEnded = false;
  #onIdle: () => void = () => {};
  readonly #leave = () => {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#onIdle();
  };

  /**
   * Makes a call, which `end` waits for.
   * @throws TaskwrightError `CLIENT_ENDED`, as a rejection, after the end.
   */
  make<T>(call: () => Promise<T>): Promise<T> {
    if (this.#hasEnded) return Promise.reject(endedError());
    this.#underWay += 1;
    const result = call();
    result.then(this.#leave, this.#leave);
    return result;
  }

  /** Refuses further calls. Resolves when none is under way. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }
}

function endedError(): TaskwrightError {
  return new TaskwrightError(
    "CLIENT_ENDED",
    "The client was ended, so nothing was done. Call end only after the last use of the client, or make another client.",
  );
}

type AsyncFunction = (...args: never[]) => Promise<unknown>;

/** The same functions, each of whose calls is one of a client's. They must be asynchronous. */
export function countCalls<Functions extends object>(
  calls: Calls,
  functions: Functions,
): Functions {
  const counted = Object.entries(functions).map(([name, fn]: [string, AsyncFunction]) => [
    name,
    (...args: never[]) => calls.make(() => fn(...args)),
  ]);
  return Object.fromEntries(counted) as Functions;
}
