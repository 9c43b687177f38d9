import { escapePointer, isObject } from "../../json.js";
import type { SchemaObject } from "../node.js";
import { complement } from "./complement.js";
import { intersect, limitCombinations, unite } from "./intersect.js";
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

/** The type of the schema at a pointer, with its defaults filled in or as it is given. */
export interface TypesAt {
  readonly filled: TypeAt;
  readonly given: TypeAt;
}

/** Takes an alternative that can't be taken: from then on it counts as not there. */
export type RefuseBranch = (pointer: string, refusal: Refusal) => void;

/** Narrows a type further. */
type Step = (type: JsonType) => JsonType;

/** Narrows a type by `anyOf`, `oneOf` and `not`. */
export function branchSteps(
  schema: SchemaObject,
  pointer: string,
  at: TypesAt,
  refuse: RefuseBranch,
): Step[] {
  const apply = (base: JsonType, branches: readonly JsonType[], keyword: string) =>
    unite(applyBranches(base, branches, keyword, (refusal) => refuse(pointer, refusal)));
  const { anyOf, oneOf, not } = schema;
  const steps: Step[] = [];
  if (Array.isArray(anyOf)) {
    const branches = anyOf.map((_, index) => at.filled(`${pointer}/anyOf/${index}`));
    steps.push((type) => apply(type, branches, "anyOf"));
  }
  if (Array.isArray(oneOf)) {
    const branches = oneOf.map((_, index) => ({
      filled: at.filled(`${pointer}/oneOf/${index}`),
      given: at.given(`${pointer}/oneOf/${index}`),
    }));
    steps.push((type) => apply(type, branches.map(excludeOthers), "oneOf"));
  }
  if (not !== undefined) {
    steps.push((type) => intersect(type, complement(at.given(`${pointer}/not`))));
  }
  return steps;
}

function applyBranches(
  base: JsonType,
  branches: readonly JsonType[],
  keyword: string,
  refuse: (refusal: Refusal) => void,
): JsonType[] {
  const applied = branches.map((branch) => intersect(base, branch));
  if (isNever(base)) return applied;
  return applied.filter((type, index) => {
    if (!isNever(type)) return true;
    refuse(
      new Refusal(
        "impossible-branch",
        `No value can pass ${keyword} number ${index} together with the rules beside ${keyword}.`,
        "Remove the branch, or the rule that rules it out; additionalProperties: false beside or in the branches forbids what the other side requires.",
      ),
    );
    return false;
  });
}

/** Beyond this many shapes a branch would be told apart at the price of a type nobody can read. */
const maxShapesOfBranch = 6;

/** Exactly one branch of `oneOf` may match: what others match too is taken out of each. */
function excludeOthers(branch: Branch, index: number, branches: readonly Branch[]): JsonType {
  let type = branch.filled;
  for (const [other, { given }] of branches.entries()) {
    const own = branch.given === branch.filled ? type : branch.given;
    if (other !== index) type = exclude(type, own, given);
  }
  return type;
}

interface Branch {
  readonly filled: JsonType;
  readonly given: JsonType;
}

function exclude(type: JsonType, given: JsonType, other: JsonType): JsonType {
  try {
    if (isNever(intersect(given, other))) return type;
    const rest = intersect(type, complement(other));
    const isReadable = rest.shapes.length <= Math.max(maxShapesOfBranch, type.shapes.length);
    return !isReadable || isNever(rest) ? { ...type, inexact: true } : rest;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...type, inexact: true };
  }
}

/** Narrows a type by `if`, `dependentRequired` and `dependentSchemas`. */
export function conditionSteps(schema: SchemaObject, pointer: string, at: TypesAt): Step[] {
  const { if: condition, dependentRequired, dependentSchemas } = schema;
  const steps: Step[] = [];
  if (condition !== undefined && (schema["then"] !== undefined || schema["else"] !== undefined)) {
    const test = at.given(`${pointer}/if`);
    const branch = (keyword: string) =>
      schema[keyword] === undefined ? any : at.filled(`${pointer}/${keyword}`);
    steps.push((type) =>
      unite([
        intersect(intersect(type, test), branch("then")),
        intersect(intersect(type, complement(test)), branch("else")),
      ]),
    );
  }
  for (const [name, required] of entriesOf(dependentRequired)) {
    const rule = withRequired(Array.isArray(required) ? required : []);
    steps.push((type) => dependOn(type, name, rule));
  }
  for (const [name] of entriesOf(dependentSchemas)) {
    const rule = at.filled(`${pointer}/dependentSchemas/${escapePointer(name)}`);
    steps.push((type) => dependOn(type, name, rule));
  }
  return steps;
}

/** With the property, the value must also suit `rule`. */
function dependOn(type: JsonType, name: string, rule: JsonType): JsonType {
  const both = unite([
    intersect(type, objectsWith(new Map([[name, property(never, false)]]))),
    intersect(intersect(type, withRequired([name], [])), rule),
  ]);
  limitCombinations(both.shapes);
  return both;
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
