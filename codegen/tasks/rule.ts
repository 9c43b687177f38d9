import type { JsonDocument } from "../json.js";
import type { SchemaNode } from "./node.js";
import type { References } from "./reference.js";

/** One thing that a rule found in a schema file. */
export interface Finding {
  readonly rule: string;
  readonly pointer: string;
  readonly message: string;
  readonly hint: string;
}

/** A schema file as the rules see it. */
export interface LintInput {
  readonly document: JsonDocument;
  readonly nodes: readonly SchemaNode[];
  readonly references: References;
  /** The root schema is that of one item, not of the payload. */
  readonly isBatch: boolean;
}

/** What one rule says of one schema, before the rule's name is added. */
export type Complaint = Omit<Finding, "rule">;

/** One thing that a schema must not do. The name is part of the error. */
export interface Rule {
  readonly name: string;
  check(node: SchemaNode, input: LintInput): Complaint[];
}
