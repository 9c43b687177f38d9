import { escapePointer, isObject } from "../../json.js";
import type { SchemaObject } from "../node.js";
import { complement } from "./complement.js";
import { intersect, unite } from "./intersect.js";
import type { TypeAt } from "./kinds.js";
import { Refusal } from "./refusal.js";
import {
  any,
  isNever,
  never,
  openObject,
  shapesExcept,
  type JsonType,
  type Property,
} from "./type.js";

/** Narrows a type by `anyOf`, `oneOf` and `not`. */
export function readBranches(
  base: JsonType,
  schema: SchemaObject,
  pointer: string,
  at: TypeAt,
): JsonType {
  let type = base;
  if (Array.isArray(schema["anyOf"])) {
    const branches = schema["anyOf"].map((_, index) => at(`${pointer}/anyOf/${index}`));
    type = unite(applyBranches(type, branches, "anyOf"));
  }
  if (Array.isArray(schema["oneOf"])) {
    const branches = schema["oneOf"].map((_, index) => at(`${pointer}/oneOf/${index}`));
    type = unite(applyBranches(type, branches.map(excludeOthers), "oneOf"));
  }
  if (schema["not"] !== undefined) type = intersect(type, complement(at(`${pointer}/not`)));
  return type;
}

function applyBranches(base: JsonType, branches: readonly JsonType[], keyword: string): JsonType[] {
  const applied = branches.map((branch) => intersect(base, branch));
  const impossible = applied.findIndex(isNever);
  if (impossible !== -1 && !isNever(base)) {
    throw new Refusal(
      "impossible-branch",
      `No value can pass ${keyword} number ${impossible} together with the rules beside ${keyword}.`,
      "Remove the branch, or the rule that rules it out; additionalProperties: false beside or in the branches forbids what the other side requires.",
    );
  }
  return applied;
}

/** Beyond this many shapes a branch would be told apart at the price of a type nobody can read. */
const maxShapesOfBranch = 6;

/** Exactly one branch of `oneOf` may match: what others match too is taken out of each. */
function excludeOthers(branch: JsonType, index: number, branches: readonly JsonType[]): JsonType {
  let type = branch;
  for (const [other, candidate] of branches.entries()) {
    if (other !== index) type = exclude(type, candidate);
  }
  return type;
}

function exclude(type: JsonType, other: JsonType): JsonType {
  try {
    if (isNever(intersect(type, other))) return type;
    const rest = intersect(type, complement(other));
    const isReadable = rest.shapes.length <= Math.max(maxShapesOfBranch, type.shapes.length);
    return !isReadable || isNever(rest) ? { ...type, inexact: true } : rest;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...type, inexact: true };
  }
}

/** Narrows a type by `if`, `dependentRequired` and `dependentSchemas`. */
export function readConditions(
  base: JsonType,
  schema: SchemaObject,
  pointer: string,
  at: TypeAt,
): JsonType {
  let type = base;
  const { if: condition, dependentRequired, dependentSchemas } = schema;
  if (condition !== undefined && (schema["then"] !== undefined || schema["else"] !== undefined)) {
    const test = at(`${pointer}/if`);
    const branch = (keyword: string) =>
      schema[keyword] === undefined ? any : at(`${pointer}/${keyword}`);
    type = unite([
      intersect(intersect(type, test), branch("then")),
      intersect(intersect(type, complement(test)), branch("else")),
    ]);
  }
  for (const [name, required] of entriesOf(dependentRequired)) {
    type = dependOn(type, name, withRequired(Array.isArray(required) ? required : []));
  }
  for (const [name] of entriesOf(dependentSchemas)) {
    type = dependOn(type, name, at(`${pointer}/dependentSchemas/${escapePointer(name)}`));
  }
  return type;
}

/** With the property, the value must also suit `rule`. */
function dependOn(type: JsonType, name: string, rule: JsonType): JsonType {
  return unite([
    intersect(type, objectsWith(new Map([[name, property(never, false)]]))),
    intersect(intersect(type, withRequired([name], [])), rule),
  ]);
}

function withRequired(names: readonly unknown[], others = shapesExcept("object")): JsonType {
  const properties = names.map((name) => [String(name), property(any, true)] as const);
  return objectsWith(new Map(properties), others);
}

function objectsWith(
  properties: ReadonlyMap<string, Property>,
  others = shapesExcept("object"),
): JsonType {
  return { shapes: [...others, { ...openObject, properties }] };
}

function property(type: JsonType, required: boolean): Property {
  return { type, required, doc: "", evaluated: false };
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}
