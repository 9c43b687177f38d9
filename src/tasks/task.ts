import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { TaskSpec } from "./spec.js";

/** One way in which a payload broke its schema. It tells the shape of what was given, not the content. */
export interface PayloadIssue {
  /** JSON Pointer (RFC 6901) into the payload. */
  readonly pointer: string;
  /** The JSON Schema keyword that failed, such as `required`. */
  readonly rule: string;
  /** For a person. */
  readonly message: string;
}

/** A validator compiled ahead by codegen. It fills defaults into the value that it is given. */
export interface PayloadValidator {
  (value: unknown): boolean;
  errors?: readonly ValidatorError[] | null;
}

/** The part of ajv's error object that is read. */
export interface ValidatorError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** What codegen knows of a task: the runtime's view of one schema file. */
export interface TaskDefinition<Input = never, Payload = unknown> {
  /** The task identifier, as in the database. */
  readonly identifier: string;
  /** Compiled from the task's JSON Schema. */
  readonly validator: PayloadValidator;
  /** The schema's `x-task` defaults, given the payload that their placeholders name. */
  readonly spec: (payload: Payload) => TaskSpec;
  /** Milliseconds that a handler may take; none when undefined. */
  readonly timeoutMs?: number;
  /** Whether the payload is an array of items that are settled one by one. */
  readonly batch?: boolean;
  /** The schema name that plain enqueue helpers use. */
  readonly schema: string;
  /** The payload's schema for tools that take Standard Schema v1. */
  readonly standard: StandardSchemaV1<Input, Payload>;
}
