import { isObject } from "../../json.js";
import { createAjv } from "../ajv.js";
import { withFilledAlternatives } from "../filling.js";
import { keywords } from "../keywords.js";
import { walkSchemas, type SchemaNode, type SchemaObject } from "../node.js";
import { referenceTo, resolvePointer } from "../reference.js";
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
  dropBroken(root, warn);
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
      current = resolvePointer(root, decodeURIComponent($ref.slice(1)));
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

/** The properties whose defaults their own schemas refuse; none while the document doesn't compile. */
export function findBrokenDefaults(root: object): { pointer: string; message: string }[] {
  const holders = walkSchemas(root).filter(
    ({ schema, keyword }) =>
      keyword === "properties" && Object.hasOwn(schema, "default") && !isPlainlySound(schema),
  );
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
    const validate = ajv.compile({
      prefixItems: holders.map(({ pointer }) => ({ $ref: `${base}${referenceTo(pointer)}` })),
    });
    if (validate(structuredClone(holders.map(({ schema }) => schema["default"])))) {
      sound.add(root);
      return [];
    }
    const errors = validate.errors ?? [];
    return holders.flatMap(({ pointer }, index) => {
      const error = errors.find(({ instancePath }) => instancePath.split("/")[1] === `${index}`);
      return error === undefined ? [] : [{ pointer, message: error.message ?? "is refused" }];
    });
  } catch {
    return [];
  }
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
