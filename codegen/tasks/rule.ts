import type { JsonDocument } from "../json.js";
import type { SchemaNode, SchemaObject } from "./node.js";
import type { References } from "./reference.js";

/** One thing that is wrong with a schema file. */
export interface Finding {
  readonly rule: string;
  readonly pointer: string;
  readonly message: string;
  readonly hint: string;
  /** The pointer of the schema whose default is the reason, where there is one. */
  readonly defaultAt?: string;
}

/** What a rule says, before the rule's name is added. */
export type Complaint = Omit<Finding, "rule">;

/** A schema file as the rules see it. */
export interface LintInput {
  readonly document: JsonDocument;
  readonly root: SchemaObject;
  /** The root first. */
  readonly nodes: readonly SchemaNode[];
  readonly references: References;
}

/** One thing that a schema must not do. The name is part of the error. */
export interface Rule {
  readonly name: string;
  readonly check: (node: SchemaNode, input: LintInput) => Complaint[];
}

/** Applies every rule to every schema of a file. */
export function applyRules(rules: readonly Rule[], input: LintInput): Finding[] {
  return input.nodes.flatMap((node) =>
    rules.flatMap(({ name, check }) =>
      check(node, input).map((complaint) => ({ rule: name, ...complaint })),
    ),
  );
}
