import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  arrayOf,
  boolean,
  func,
  integer,
  milliseconds,
  name,
  record,
  schemaName,
  text,
  type Rules,
} from "../option-rules.js";
import { isError } from "../kinds.js";
import { checkOptions } from "../options.js";
import { messageOf } from "../thrown.js";
import { toIssues, type PayloadIssue, type ValidatorError } from "./issues.js";
import { toJson } from "./json.js";
import { defaultMaxPayloadBytes } from "./payload-size.js";
import { splitReserved } from "./reserved.js";
import type { TaskSpec } from "./spec.js";

/** Standard Schema v1, which tRPC, Hono and others take as it is (https://standardschema.dev). */
export type StandardSchema<Input, Output> = StandardSchemaV1<Input, Output>;

/** A validator compiled ahead by codegen. It fills defaults into the value that it is given. */
export interface PayloadValidator {
  (value: unknown): boolean;
  errors?: readonly ValidatorError[] | null;
}

/** A valid payload with its defaults filled in, or what is wrong with it. */
export type ValidationResult<Payload> =
  | { readonly ok: true; readonly value: Payload }
  | { readonly ok: false; readonly issues: readonly PayloadIssue[] };

/** How many items a job of a batch task holds. */
export interface BatchOptions {
  /** A call with more items is split into several jobs. Default: no limit. */
  readonly maxItems?: number;
}

/** What codegen writes down about a task. */
export interface TaskOptions<Payload> {
  /** The task identifier, as in the database. */
  readonly identifier: string;
  /** Unquoted name of the schema that the plain enqueue helpers use. */
  readonly schema: string;
  /** Compiled from the task's JSON Schema; of one item, if the task is a batch task. */
  readonly validator: PayloadValidator;
  /** The `x-task` defaults for a job with this payload. */
  readonly spec?: (payload: Payload) => TaskSpec;
  /** Milliseconds that one attempt may take. Default: no limit. */
  readonly timeoutMs?: number;
  /** Whether the handler runs in a thread of its own. Default false. */
  readonly isolate?: boolean;
  /** Bytes that a payload may have as JSON text in UTF-8. Default 4,194,304 (4 MiB). */
  readonly maxPayloadBytes?: number;
  /** Set when the payload is an array of items that are settled one by one. */
  readonly batch?: BatchOptions;
  /** Crontab lines without the task, such as `0 8 * * *` or `0 8 * * * ?tz=Europe/Paris`. */
  readonly cron?: readonly string[];
}

/** A task as the runtime knows it: made by generated code, used to enqueue and to run. */
export interface TaskDefinition<Input, Payload> {
  readonly identifier: string;
  readonly schema: string;
  readonly timeoutMs: number | undefined;
  /** Whether the handler runs in a thread of its own. */
  readonly isolate: boolean;
  /** Bytes that a payload may have as JSON text in UTF-8. */
  readonly maxPayloadBytes: number;
  readonly batch: BatchOptions | undefined;
  readonly cron: readonly string[];
  /** The `x-task` defaults for a job with this payload. */
  spec(payload: Payload): TaskSpec;
  /**
   * Checks a payload as JSON sees it and fills in defaults. The given value is not changed; the
   * peers' keys (`_cron`, `_trace`) are left out of the result.
   */
  validate(value: unknown): ValidationResult<Payload>;
  /** As `validate`, for a value that came out of JSON and is nobody else's: it is filled in place. */
  validateParsed(value: unknown): ValidationResult<Payload>;
  /** The same check for tools that take a Standard Schema. */
  readonly standard: StandardSchema<Input, Payload>;
}

/** A task whose payload is an array of items; its handler may tell what became of each. */
export interface BatchTaskDefinition<Input, Payload> extends TaskDefinition<Input, Payload> {
  readonly batch: BatchOptions;
}

/** Any task, whatever its payload. */
export type AnyTask = TaskDefinition<unknown, unknown>;

/** Each option's rule and default. A longer timeout than a timer's reach is as good as none. */
const rules = {
  identifier: name().required(),
  schema: schemaName().required(),
  validator: func<PayloadValidator>().required(),
  spec: func<(payload: never) => TaskSpec>().or(() => ({})),
  timeoutMs: milliseconds(1, Number.MAX_SAFE_INTEGER),
  isolate: boolean().or(false),
  maxPayloadBytes: integer(1, Number.MAX_SAFE_INTEGER).or(defaultMaxPayloadBytes),
  batch: record<BatchOptions>(),
  cron: arrayOf(text(), "crontab lines without the task").or(Object.freeze([])),
} satisfies Rules<TaskOptions<never>>;

const batchRules = {
  maxItems: integer(1, Number.MAX_SAFE_INTEGER),
} satisfies Rules<BatchOptions>;

/**
 * Makes a task of what codegen wrote down. Called by generated code.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`
 */
export function defineTask<Input, Payload>(
  options: TaskOptions<Payload>,
): TaskDefinition<Input, Payload> {
  const checked = checkOptions("defineTask", options, rules);
  const { identifier, schema, validator, timeoutMs, isolate, batch, cron } = checked;
  const { maxPayloadBytes } = checked;
  if (batch !== undefined) checkOptions("defineTask.batch", batch, batchRules);
  const check = batch === undefined ? checkOne : checkItems;
  const validateParsed = (value: unknown) => check(validator, value) as ValidationResult<Payload>;
  const validate = (value: unknown) => {
    const json = toJson(value);
    return json.ok
      ? validateParsed(JSON.parse(json.text))
      : { ok: false as const, issues: [json.issue] };
  };
  return Object.freeze({
    identifier,
    schema,
    timeoutMs,
    isolate,
    maxPayloadBytes,
    batch,
    cron,
    spec: checked.spec as (payload: Payload) => TaskSpec,
    validate,
    validateParsed,
    standard: toStandardSchema<Input, Payload>(validate),
  });
}

/** As `defineTask`, for a batch task. Called by generated code. */
export function defineBatchTask<Input, Payload>(
  options: TaskOptions<Payload> & { readonly batch: BatchOptions },
): BatchTaskDefinition<Input, Payload> {
  return defineTask(options) as BatchTaskDefinition<Input, Payload>;
}

function checkOne(validator: PayloadValidator, value: unknown): ValidationResult<unknown> {
  const { payload } = splitReserved(value);
  const issues = findIssues(validator, payload);
  return issues === undefined ? { ok: true, value: payload } : { ok: false, issues };
}

/** A value that is too deep for the stack breaks its schema like others: it may come from anyone. */
function findIssues(
  validator: PayloadValidator,
  value: unknown,
  pointer = "",
): PayloadIssue[] | undefined {
  try {
    return validator(value) ? undefined : toIssues(validator.errors ?? [], value, pointer);
  } catch (error) {
    if (!isError(error) || !/call stack/u.test(messageOf(error))) throw error;
    return [{ pointer, rule: "depth", message: "is nested too deeply to be checked" }];
  }
}

function checkItems(validator: PayloadValidator, value: unknown): ValidationResult<unknown> {
  const { payload } = splitReserved(value);
  if (!Array.isArray(payload)) {
    const message = "must be an array of items";
    return { ok: false, issues: [{ pointer: "", rule: "type", message }] };
  }
  const issues = payload.flatMap((item, index) => findIssues(validator, item, `/${index}`) ?? []);
  return issues.length === 0 ? { ok: true, value: payload } : { ok: false, issues };
}

function toStandardSchema<Input, Payload>(
  validate: (value: unknown) => ValidationResult<Payload>,
): StandardSchema<Input, Payload> {
  return Object.freeze({
    "~standard": Object.freeze({
      version: 1 as const,
      vendor: "taskwright",
      validate: (value: unknown) => {
        const result = validate(value);
        return result.ok
          ? { value: result.value }
          : {
              issues: result.issues.map(({ message, pointer }) => ({
                message,
                path: toPath(pointer),
              })),
            };
      },
    }),
  });
}

function toPath(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}
