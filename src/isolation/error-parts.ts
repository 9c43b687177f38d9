import { TaskwrightError, type ErrorCode } from "../errors.js";
import { BatchError } from "../tasks/batch.js";
import { isRetryTime, NonRetriableError, RetryAfterError } from "../tasks/retry.js";

/** What is known of an error that was thrown in another thread. */
export interface ErrorParts {
  /** Whether it is one of this package's; one that only looks like it is not. */
  readonly isOwn: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Wrapped, since a cause may be undefined. */
  readonly cause: { readonly value: unknown } | undefined;
  /** The errors of an AggregateError. */
  readonly errors: unknown;
  /** Its own properties beside these, such as `code`. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const builtIn: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Restores an error with the class, the code and the retry time of the original. */
export function restoreError(parts: ErrorParts): Error {
  const { name, message, stack, properties } = parts;
  const error = restoreOwn(parts) ?? restoreOther(parts);
  for (const [key, value] of Object.entries(properties)) {
    if (!(key in error)) Object.assign(error, { [key]: value });
  }
  // As the original had them: not among the properties that are listed.
  const hidden = { name, message, stack: stack ?? `${name}: ${message}` };
  for (const [key, value] of Object.entries(hidden)) {
    Object.defineProperty(error, key, { value, writable: true, configurable: true });
  }
  return error;
}

/** An error of ours. */
function restoreOwn(parts: ErrorParts): Error | undefined {
  const { isOwn, message, properties } = parts;
  const { code, details, retry } = properties;
  if (!isOwn || typeof code !== "string" || typeof details !== "object" || details === null)
    return undefined;
  const options = causeOf(parts);
  const batch = code === "BATCH_ITEMS_FAILED" ? restoreBatch(parts) : undefined;
  if (batch !== undefined) return batch;
  if (retry === "never") return new NonRetriableError(message, options);
  if (code === "JOB_RETRY_AFTER" && isRetryTime(retry) && retry !== "never") {
    return new RetryAfterError(message, { after: retry, ...options });
  }
  return new TaskwrightError(
    code as ErrorCode,
    message,
    details as Readonly<Record<string, unknown>>,
    options,
  );
}

function restoreBatch({ cause, properties }: ErrorParts): BatchError | undefined {
  const { failed, details } = properties;
  const { task, items } = details as { readonly task?: unknown; readonly items?: unknown };
  if (!Array.isArray(failed) || typeof task !== "string" || typeof items !== "number") {
    return undefined;
  }
  const aggregate = cause?.value;
  const reasons: readonly unknown[] = aggregate instanceof AggregateError ? aggregate.errors : [];
  const indexes = failed as readonly number[];
  return new BatchError(task, items, new Map(indexes.map((at, nth) => [at, reasons[nth]])));
}

function restoreOther(parts: ErrorParts): Error {
  const { name, message, errors } = parts;
  const options = causeOf(parts);
  if (Array.isArray(errors)) return new AggregateError(errors, message, options);
  const constructor = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
  return constructor === undefined
    ? new Error(message, options)
    : new constructor(message, options);
}

function causeOf({ cause }: ErrorParts): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause: cause.value };
}
