import { TaskwrightError } from "../errors.js";
import { toPointer } from "./pointer.js";

/** One way in which a payload broke its schema: the shape of what was given, never the content. */
export interface PayloadIssue {
  /** JSON Pointer (RFC 6901) into the payload; the empty string is the whole payload. */
  readonly pointer: string;
  /** The JSON Schema keyword that failed, such as `required`. */
  readonly rule: string;
  /** For a person. */
  readonly message: string;
  /** The shape of what was given, such as `string of 12 characters`; absent when nothing was. */
  readonly given?: string;
}

/** The part of ajv's error object that is read. */
export interface ValidatorError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** More issues than this help nobody; a hostile payload could cause millions. */
const maxIssues = 20;

/** Turns the validator's errors into issues with a pointer to the offending value itself. */
export function toIssues(
  errors: readonly ValidatorError[],
  payload: unknown,
  prefix = "",
): PayloadIssue[] {
  return errors.slice(0, maxIssues).map((error) => {
    const pointer = prefix + error.instancePath + offendingKey(error);
    const found = readPointer(payload, error.instancePath);
    const given = error.keyword === "required" ? undefined : describeShape(found);
    return {
      pointer,
      rule: error.keyword,
      message: issueMessage(error),
      ...(given === undefined ? {} : { given }),
    };
  });
}

/** The error for a payload that broke its schema; used at enqueue and before a handler runs. */
export function payloadError(task: string, issues: readonly PayloadIssue[]): TaskwrightError {
  const lines = issues.map(({ pointer, rule, message, given }) => {
    const was = given === undefined ? "" : `, was ${given}`;
    return `${pointer === "" ? "the payload" : pointer} ${message}${was} [${rule}]`;
  });
  return new TaskwrightError(
    "PAYLOAD_INVALID",
    `The payload of task ${task} breaks its schema: ${lines.join("; ")}.`,
    { task, issues },
  );
}

/** For rules about a missing or an extra property, the pointer names that property. */
function offendingKey({ keyword, params }: ValidatorError): string {
  const key =
    keyword === "required" || keyword === "dependentRequired"
      ? params["missingProperty"]
      : keyword === "additionalProperties"
        ? params["additionalProperty"]
        : undefined;
  return typeof key === "string" ? toPointer([key]) : "";
}

function issueMessage({ keyword, params, message }: ValidatorError): string {
  switch (keyword) {
    case "required":
      return "is required";
    case "additionalProperties":
      return "is not a property of the schema";
    case "enum":
      return `must be one of ${JSON.stringify(params["allowedValues"])}`;
    case "const":
      return `must be ${JSON.stringify(params["allowedValue"])}`;
    default:
      return message ?? `breaks ${keyword}`;
  }
}

/** The kind and size of a value; the value itself may be secret. */
function describeShape(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return "null";
  if (typeof value === "string") return `a string of ${value.length} characters`;
  if (Array.isArray(value)) return `an array of ${value.length} items`;
  if (typeof value === "object") return `an object of ${Object.keys(value).length} properties`;
  return `a ${typeof value}`;
}

function readPointer(value: unknown, pointer: string): unknown {
  let current = value;
  for (const token of pointer.split("/").slice(1)) {
    if (typeof current !== "object" || current === null) return undefined;
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    current = Object.hasOwn(current, key) ? (current as Record<string, unknown>)[key] : undefined;
  }
  return current;
}
