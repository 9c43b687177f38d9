import { TaskwrightError } from "../errors.js";

/** Goes on to the next interceptor, and after the last to the thing itself. */
export type Next<Change, Result> = (change?: Change) => Promise<Result>;

/**
 * Stands around a step, as middleware does. It may change what goes in (by giving it to `next`),
 * change what comes out (by returning something else), leave the step out (by returning a result
 * without calling `next`) or refuse it (by throwing).
 *
 * Returning nothing passes on what `next` gave, a rejection included.
 */
export type Interceptor<Request, Change, Result> = (
  request: Request,
  next: Next<Change, Result>,
) => Promise<Result | void>;

/** An interceptor and whose it is. */
export interface Link<Request, Change, Result> {
  readonly plugin: string;
  readonly intercept: Interceptor<Request, Change, Result>;
}

/** What a kind of step allows its interceptors. */
export interface StepRules<Request, Change, Result> {
  /** Names the step in messages. */
  readonly step: string;
  /** The request with an interceptor's change in it. */
  readonly change: (request: Request, change: Change) => Request;
  /** Whether an interceptor may return this, given what `next` resolved to, if it did. */
  readonly accepts: (result: unknown, inner: Result | undefined) => result is Result;
  /** What it may return, for messages. */
  readonly expected: string;
}

/** All interceptors of a step, around what is given as the last. */
export type Chain<Request, Result> = (
  request: Request,
  last: (request: Request) => Promise<Result>,
) => Promise<Result>;

/**
 * Joins interceptors, the first one outermost. Undefined without any, so that a step without
 * plugins costs one comparison.
 *
 * A chain ends only after everything it called has ended, awaited or not. It rejects with
 * `PLUGIN_INVALID` for an interceptor that calls `next` twice, that returns nothing and never called
 * it, or that returns what the step can't have as its result.
 */
export function compose<Request, Change, Result>(
  rules: StepRules<Request, Change, Result>,
  links: readonly Link<Request, Change, Result>[],
): Chain<Request, Result> | undefined {
  if (links.length === 0) return undefined;
  return (request, last) => {
    const from = async (index: number, current: Request): Promise<Result> => {
      const link = links[index];
      if (link === undefined) return last(current);
      const call = new Call(rules, link, (changed) => from(index + 1, changed));
      return call.run(current);
    };
    return from(0, request);
  };
}

/** One call of one interceptor. */
class Call<Request, Change, Result> {
  readonly #rules: StepRules<Request, Change, Result>;
  readonly #link: Link<Request, Change, Result>;
  readonly #goOn: (request: Request) => Promise<Result>;
  #inner: Promise<Result> | undefined;
  #hasEnded = false;
  #misuse: TaskwrightError | undefined;

  constructor(
    rules: StepRules<Request, Change, Result>,
    link: Link<Request, Change, Result>,
    goOn: (request: Request) => Promise<Result>,
  ) {
    this.#rules = rules;
    this.#link = link;
    this.#goOn = goOn;
  }

  async run(request: Request): Promise<Result> {
    try {
      const given = await this.#link.intercept(request, (change) => this.#next(request, change));
      this.#hasEnded = true;
      return await this.#toResult(given);
    } finally {
      this.#hasEnded = true;
      await this.#inner?.catch(() => {});
    }
  }

  #next(request: Request, change: Change | undefined): Promise<Result> {
    if (this.#inner !== undefined || this.#hasEnded) return this.#refuse();
    this.#inner = this.#goOn(change === undefined ? request : this.#rules.change(request, change));
    // An interceptor that doesn't look at it is told by the chain's own end.
    this.#inner.catch(() => {});
    return this.#inner;
  }

  #refuse(): Promise<never> {
    this.#misuse = this.#error(
      this.#hasEnded ? "called next after it had ended" : "called next twice",
    );
    const refused = Promise.reject(this.#misuse);
    refused.catch(() => {});
    return refused;
  }

  async #toResult(given: Result | void): Promise<Result> {
    if (this.#misuse !== undefined) throw this.#misuse;
    if (given === undefined) {
      if (this.#inner !== undefined) return this.#inner;
      throw this.#error("neither called next nor returned a result");
    }
    const inner = await this.#inner?.catch(() => undefined);
    if (this.#rules.accepts(given, inner)) return given;
    throw this.#error(`must return ${this.#rules.expected}`);
  }

  #error(problem: string): TaskwrightError {
    const { plugin } = this.#link;
    const { step } = this.#rules;
    return new TaskwrightError(
      "PLUGIN_INVALID",
      `The ${step} interceptor of plugin ${plugin} ${problem}.`,
      { plugin, step },
    );
  }
}
