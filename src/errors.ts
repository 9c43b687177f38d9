import { addBrand, hasBrand } from "./brand.js";

export { toError } from "./thrown.js";

/** Every code that a {@link TaskwrightError} may carry. Codes are stable; messages are not. */
export type ErrorCode =
  | "CONFIG_INVALID"
  | "PACKAGE_MISSING"
  | "OPTION_UNKNOWN"
  | "OPTION_INVALID"
  | "EXECUTOR_INVALID"
  | "TASK_UNKNOWN"
  | "PAYLOAD_INVALID"
  | "PAYLOAD_NOT_JSON"
  | "PAYLOAD_TOO_LARGE"
  | "SPEC_INVALID"
  | "CRONTAB_INVALID"
  | "SCHEMA_TOO_OLD"
  | "SCHEMA_TOO_NEW"
  | "SCHEMA_MISSING"
  | "SCHEMA_FOREIGN"
  | "SCHEMA_UNTRUSTED"
  | "SCHEMA_LOCKED"
  | "SERVER_TOO_OLD"
  | "PRIVILEGE_MISSING"
  | "DATABASE_READ_ONLY"
  | "DATABASE_UNREACHABLE"
  | "TRANSACTION_ABORTED"
  | "TRANSACTION_ENDED"
  | "PREPARED_STATEMENT_LOST"
  | "JOB_TIMEOUT"
  | "JOB_ABORTED"
  | "JOB_CRASHED"
  | "JOB_LOST"
  | "JOB_RETRY_AFTER"
  | "JOB_NOT_RETRIABLE"
  | "COMPLETION_ROLLED_BACK"
  | "BATCH_ITEMS_FAILED"
  | "BATCH_RESULT_INVALID"
  | "RECOVERY_TIMEOUT"
  | "RESULT_REFUSED"
  | "WAIT_TIMEOUT"
  | "WAIT_FAILED"
  | "WORKER_STATE"
  | "CLIENT_ENDED"
  | "WORKER_UNREGISTERED"
  | "BULK_FAILED"
  | "CLEANUP_BUSY"
  | "PLUGIN_INVALID";

/**
 * The base of every error that Taskwright throws on purpose. Recognise one with
 * `TaskwrightError.is(error)`, and tell errors apart by `code` and `details`, never by their message.
 */
export class TaskwrightError extends Error {
  readonly code: ErrorCode;
  /** Facts for a program: names, limits, what was given. Never a payload's content. */
  readonly details: Readonly<Record<string, unknown>>;

  static {
    addBrand(this.prototype, "TaskwrightError");
  }

  /**
   * Whether a value is a TaskwrightError. Unlike `instanceof` it also knows the errors of a second
   * copy of the package, such as a plugin's own.
   */
  static is(value: unknown): value is TaskwrightError {
    return hasBrand(value, "TaskwrightError");
  }

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.details = Object.freeze({ ...details });
  }
}
