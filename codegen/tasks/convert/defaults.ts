import type { ValidateFunction } from "ajv";
import { escapePointer, isObject } from "../../json.js";
import { createAjv } from "../ajv.js";
import { withFilledAlternatives } from "../filling.js";
import { keywords } from "../keywords.js";
import { walkSchemas, type SchemaNode, type SchemaObject } from "../node.js";
import { decodeFragment, referenceTo, resolvePointer } from "../reference.js";
import type { Complaint } from "../rule.js";

type Draft = Record<string, unknown>;
type Warn = (rule: string, complaint: Complaint) => void;

/**
 * Leaves defaults where the validator fills them in, which is at properties. The default of a
 * definition counts for each property that refers to it; all others are annotations.
 */
export function settleDefaults(root: Draft, warn: Warn): void {
  const nodes = walkSchemas(root) as readonly (SchemaNode & { readonly schema: Draft })[];
  const used = new Set<unknown>();
  for (const { schema, keyword } of nodes) {
    if (keyword !== "properties" || Object.hasOwn(schema, "default")) continue;
    const holder = defaultHolder(root, schema);
    if (holder === undefined) continue;
    used.add(holder);
    schema["default"] = structuredClone(holder["default"]);
  }
  for (const { schema, keyword, pointer } of nodes) {
    if (!Object.hasOwn(schema, "default") || keyword === "properties") continue;
    delete schema["default"];
    if (used.has(schema)) continue;
    warn("ignored-default", {
      pointer: `${pointer}/default`,
      message: "This default is never filled in: only the default of a property is.",
      hint: "Move it to a property, or remove it.",
    });
  }
  dropCounted(nodes, warn);
  dropBroken(root, warn);
}

function dropCounted(
  nodes: readonly (SchemaNode & { readonly schema: Draft })[],
  warn: Warn,
): void {
  for (const { schema, pointer, keyword, parent } of nodes) {
    if (keyword !== "properties" || parent === undefined || !Object.hasOwn(schema, "default")) {
      continue;
    }
    if (!countsDefaults(parent.schema)) continue;
    delete schema["default"];
    warn("counted-default", {
      pointer: `${pointer}/default`,
      message: "maxProperties counts a default like what was given. It is not filled in.",
      hint: "Remove maxProperties or the default.",
    });
  }
}

/** Whether what is filled in can make an object larger than it may be. */
export function countsDefaults({
  maxProperties,
  properties,
  additionalProperties,
  patternProperties,
}: SchemaObject): boolean {
  if (typeof maxProperties !== "number" || !isObject(properties)) return false;
  const isClosed = additionalProperties === false && patternProperties === undefined;
  return !isClosed || Object.keys(properties).length > maxProperties;
}

/** The schema whose default a property takes over: the one that it is a reference to. */
function defaultHolder(root: Draft, property: Draft): Draft | undefined {
  const seen = new Set<unknown>();
  let current: unknown = property;
  while (isObject(current) && !seen.has(current)) {
    if (Object.hasOwn(current, "default")) return current;
    seen.add(current);
    const { $ref, allOf } = current;
    if (typeof $ref === "string") {
      current = resolvePointer(root, decodeFragment($ref.slice(1)));
    } else
      current = Array.isArray(allOf) && allOf.length === 1 ? (allOf as unknown[])[0] : undefined;
  }
  return undefined;
}

/** A default that breaks its own schema can't be filled in: the validator would refuse it. */
function dropBroken(root: Draft, warn: Warn): void {
  for (const { pointer, message } of findBrokenDefaults(root)) {
    delete (resolvePointer(root, pointer) as Draft)["default"];
    warn("broken-default", {
      pointer: `${pointer}/default`,
      message: `The default breaks its own schema: it ${message}. It is not filled in.`,
      hint: "Change the default or the schema.",
    });
  }
}

/** Documents without broken defaults, which are asked about more than once. */
const sound = new WeakSet();

/**
 * The properties whose defaults the schemas refuse that speak of them in one object: their own, and
 * those of patterns that their names match. None while the document doesn't compile.
 */
export function findBrokenDefaults(root: object): { pointer: string; message: string }[] {
  const holders = walkSchemas(root)
    .filter(({ schema, keyword }) => keyword === "properties" && Object.hasOwn(schema, "default"))
    .map(({ pointer, schema, ...node }) => ({
      pointer,
      schema,
      rules: [pointer, ...patternsFor({ pointer, schema, ...node })],
    }))
    .filter(({ schema, rules }) => rules.length > 1 || !isPlainlySound(schema));
  if (holders.length === 0 || sound.has(root)) return [];
  try {
    // Not strict: at the root of what is compiled here, a default has no effect.
    const ajv = createAjv(root, {
      strict: false,
      inlineRefs: false,
      code: { optimize: false },
    });
    ajv.addSchema({ ...withFilledAlternatives(root as Draft), $id: base });
    // Together, since compiling takes longer than checking.
    const all = holders.flatMap(({ schema, rules }) =>
      rules.map((rule) => ({ rule, value: schema["default"] })),
    );
    const values = all.map(({ value }) => value);
    if (
      faultOf(ajv.compile({ prefixItems: all.map(({ rule }) => refer(rule)) }), values) ===
      undefined
    ) {
      sound.add(root);
      return [];
    }
    return holders.flatMap(({ schema, pointer, rules }) => {
      for (const rule of rules) {
        const message = faultOf(ajv.compile(refer(rule)), schema["default"]);
        if (message !== undefined) return [{ pointer, message }];
      }
      return [];
    });
  } catch {
    return [];
  }
}

function refer(rule: string): SchemaObject {
  return { $ref: `${base}${referenceTo(rule)}` };
}

function faultOf(validate: ValidateFunction, value: unknown): string | undefined {
  try {
    if (validate(structuredClone(value))) return undefined;
    return validate.errors?.[0]?.message ?? "is refused";
  } catch (error) {
    // The default holds a default, and that one another, without end.
    if (error instanceof RangeError) return "would be filled in again and again, without end";
    throw error;
  }
}

/** Pointers to the schemas of the patterns that a property's name matches. */
function patternsFor({ key = "", parent }: SchemaNode): string[] {
  const patterns = parent?.schema["patternProperties"];
  return Object.keys(isObject(patterns) ? patterns : {})
    .filter((pattern) => new RegExp(pattern, "u").test(key))
    .map((pattern) => `${parent?.pointer ?? ""}/patternProperties/${escapePointer(pattern)}`);
}

/** Whether a default is seen to pass without a validator, as most are. */
function isPlainlySound(schema: SchemaObject): boolean {
  const { default: value, type, anyOf } = schema;
  const rules = Object.keys(schema).filter((name) => keywords.get(name)?.annotation !== true);
  if (rules.length !== 2) return false;
  if (Array.isArray(anyOf)) {
    return value === null && anyOf.some((branch) => isObject(branch) && isOnlyNull(branch));
  }
  const kind = value === null ? "null" : typeof value;
  return kind !== "object" && [type].flat().includes(kind);
}

function isOnlyNull(branch: SchemaObject): boolean {
  return branch["type"] === "null" && Object.keys(branch).length === 1;
}

const base = "taskwright:schema";
