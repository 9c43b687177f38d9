import { escapePointer, isObject } from "../json.js";
import { keywords } from "./keywords.js";
import { walkSchemas, type SchemaObject } from "./node.js";
import { References, referenceTo, resolvePointer } from "./reference.js";

/**
 * The schema that validators are compiled from. ajv fills in no default below `anyOf` and `oneOf`,
 * or fills in those of a branch that doesn't match. So where a branch has defaults, the branches
 * are checked without them, as the payload was given; then those of the first branch that matches
 * are filled in, which `if` and `then` say. Schemas without such defaults stay as they are.
 */
export function withFilledAlternatives(root: SchemaObject): SchemaObject {
  return hasTriedDefault(root) ? new Filling(root).run() : root;
}

/**
 * The same, with fewer forms of each definition where that makes no difference: what is checked as it was
 * given is not checked again in another form, but only filled in.
 */
export function withSharedDefinitions(root: SchemaObject): SchemaObject {
  return hasTriedDefault(root) ? new Filling(root).runShared() : root;
}

/** The schemas that have defaults for a part of their value, or lead to some. */
export function fillingSchemas(root: SchemaObject): ReadonlySet<unknown> {
  const filling = new Set<unknown>();
  const users = new Map<unknown, unknown[]>();
  const references = new References(root);
  const queue: unknown[] = [];
  const addUser = (used: unknown, user: unknown) => {
    users.set(used, [...(users.get(used) ?? []), user]);
  };
  for (const { schema, parent, keyword } of walkSchemas(root)) {
    if (parent !== undefined && keyword !== "$defs") addUser(schema, parent.schema);
    const { $ref } = schema;
    const target = typeof $ref === "string" ? references.resolve($ref) : undefined;
    if (target !== undefined) addUser(resolvePointer(root, target), schema);
    if (keyword === "properties" && Object.hasOwn(schema, "default")) queue.push(parent?.schema);
  }
  for (const schema of queue) {
    if (filling.has(schema)) continue;
    filling.add(schema);
    for (const user of users.get(schema) ?? []) queue.push(user);
  }
  return filling;
}

/** Keywords whose schemas ask a question of the value: what fails there may be right. */
const questions = new Set(["not", "if", "contains", "propertyNames"]);
const alternatives = ["anyOf", "oneOf"] as const;

function hasTriedDefault(root: SchemaObject): boolean {
  const nodes = walkSchemas(root);
  const hasDefaults = nodes.some(
    ({ schema, keyword }) => keyword === "properties" && Object.hasOwn(schema, "default"),
  );
  const isTried = (name: string) => questions.has(name) || name === "anyOf" || name === "oneOf";
  return hasDefaults && nodes.some(({ keyword }) => isTried(keyword));
}

class Filling {
  readonly #root: SchemaObject;
  readonly #references: References;
  /** Schemas that have defaults, or lead to some. */
  readonly #filling: ReadonlySet<unknown>;
  /** Definitions in their other forms, by form and pointer. */
  readonly #names = new Map<string, string>();
  readonly #definitions: Record<string, unknown> = {};

  constructor(root: SchemaObject) {
    this.#root = root;
    this.#references = new References(root);
    this.#filling = fillingSchemas(root);
  }

  run(): SchemaObject {
    const root = this.#checked(this.#root) as Record<string, unknown>;
    const { $defs } = root;
    if (Object.keys(this.#definitions).length === 0) return root;
    return { ...root, $defs: { ...(isObject($defs) ? $defs : {}), ...this.#definitions } };
  }

  runShared(): SchemaObject {
    const root = this.run() as { readonly $defs?: Record<string, unknown> };
    if (!isObject(root.$defs) || this.#countsWhatIsFilledIn()) return root;
    const own = Object.keys(isObject(this.#root["$defs"]) ? this.#root["$defs"] : {});
    const isGiven = (name: string) => this.#names.has(`given /$defs/${escapePointer(name)}`);
    const shared: Record<string, unknown> = {};
    const next = () => own.find((name) => isGiven(name) && !Object.hasOwn(shared, name));
    // One may need the given form of another.
    for (let name = next(); name !== undefined; name = next()) {
      const $ref = referenceTo(`/$defs/${escapePointer(name)}`);
      const given = this.#refer("given", $ref, (target) => this.#given(target));
      const filled = this.#refer("filled", $ref, (target) => this.#filled(target));
      shared[name] = { allOf: [{ $ref: given }, { $ref: filled }] };
    }
    return { ...root, $defs: { ...root.$defs, ...shared, ...this.#definitions } };
  }

  /** Whether some keyword may judge otherwise once defaults are filled in. */
  #countsWhatIsFilledIn(): boolean {
    return [...this.#filling].some(
      (schema) => isObject(schema) && Object.keys(schema).some((name) => counting.has(name)),
    );
  }

  #target(reference: string): unknown {
    const pointer = this.#references.resolve(reference);
    return pointer === undefined ? undefined : resolvePointer(this.#root, pointer);
  }

  /** The schema where its defaults are filled in: only its alternatives change. */
  #checked(schema: unknown): unknown {
    if (!isObject(schema)) return schema;
    const draft: Record<string, unknown> = {};
    for (const [keyword, value] of Object.entries(schema)) {
      const isTried = questions.has(keyword) || keyword === "anyOf" || keyword === "oneOf";
      draft[keyword] = mapSchemas(keyword, value, (inner) =>
        isTried ? this.#given(inner) : this.#checked(inner),
      );
    }
    const fills = this.#choices(schema);
    if (fills.length === 0) return draft;
    // What the schema asks of the value, it asks of it as it was given.
    const { if: condition, then, else: otherwise, allOf, ...rest } = draft;
    const conditional = condition === undefined ? [] : [whenThenElse(condition, then, otherwise)];
    return {
      ...rest,
      allOf: [...(Array.isArray(allOf) ? (allOf as unknown[]) : []), ...conditional, ...fills],
    };
  }

  /** The schema without defaults: a property that has one need not be there. */
  #given(schema: unknown): unknown {
    if (!isObject(schema) || !this.#filling.has(schema)) return schema;
    const { properties, required } = schema;
    const draft: Record<string, unknown> = {};
    for (const [keyword, value] of Object.entries(schema)) {
      draft[keyword] =
        keyword === "$ref"
          ? this.#refer("given", value, (target) => this.#given(target))
          : mapSchemas(keyword, value, (inner) => this.#given(inner));
    }
    if (isObject(properties)) {
      draft["properties"] = mapValues(properties, (property) =>
        withoutDefault(this.#given(property)),
      );
      if (Array.isArray(required)) {
        draft["required"] = required.filter((name) => !hasDefault(properties, String(name)));
      }
    }
    return draft;
  }

  /** Only what fills in the defaults of a value that has passed the schema. */
  #filled(schema: unknown): unknown {
    if (!isObject(schema) || !this.#filling.has(schema)) return true;
    const draft: Record<string, unknown> = {};
    const parts: unknown[] = this.#choices(schema);
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === "$ref") {
        draft["$ref"] = this.#refer("filled", value, (target) => this.#filled(target));
      } else if (keyword === "properties" && isObject(value)) {
        draft["properties"] = mapValues(value, (property) => this.#filledProperty(property));
      } else if (fillingKeywords.has(keyword)) {
        draft[keyword] = mapSchemas(keyword, value, (inner) => this.#filled(inner));
      } else if (keyword === "allOf" && Array.isArray(value)) {
        parts.push(...value.map((part) => this.#filled(part)));
      }
    }
    const { if: condition } = schema;
    if (condition !== undefined) {
      const [then, otherwise] = [this.#filled(schema["then"]), this.#filled(schema["else"])];
      parts.push(whenThenElse(this.#given(condition), then, otherwise));
    }
    return parts.length === 0 ? draft : { ...draft, allOf: parts };
  }

  #filledProperty(property: unknown): unknown {
    const filled = this.#filled(property);
    if (!isObject(property) || !Object.hasOwn(property, "default")) return filled;
    return { ...(isObject(filled) ? filled : {}), default: property["default"] };
  }

  /** For `anyOf` and `oneOf` each: which branch matches, and what that one fills in. */
  #choices(schema: SchemaObject): unknown[] {
    return alternatives.flatMap((keyword) => {
      const branches: unknown[] = Array.isArray(schema[keyword]) ? schema[keyword] : [];
      const chain = branches
        .filter((branch) => this.#filling.has(branch))
        .reduceRight<unknown>(
          (otherwise, branch) => whenThenElse(this.#given(branch), this.#filled(branch), otherwise),
          undefined,
        );
      return chain === undefined ? [] : [chain];
    });
  }

  /** A reference to another form of a definition, which is made when it is first needed. */
  #refer(form: string, reference: unknown, make: (target: unknown) => unknown): unknown {
    if (typeof reference !== "string") return reference;
    const pointer = this.#references.resolve(reference);
    const target = this.#target(reference);
    if (pointer === undefined || !this.#filling.has(target)) {
      return form === "given" ? reference : emptyReference(this.#definitions);
    }
    const key = `${form} ${pointer}`;
    let name = this.#names.get(key);
    if (name === undefined) {
      name = `taskwright-${form}-${this.#names.size}`;
      this.#names.set(key, name);
      this.#definitions[name] = make(target);
    }
    return `#/$defs/${name}`;
  }
}

/** Keywords that look at a value after defaults were filled in, there or in a part of it. */
const counting = new Set([
  "minProperties",
  "maxProperties",
  "dependentRequired",
  "dependentSchemas",
  "patternProperties",
  "propertyNames",
  "unevaluatedProperties",
  "unevaluatedItems",
  "uniqueItems",
  "contains",
]);

const fillingKeywords = new Set([
  "prefixItems",
  "items",
  "patternProperties",
  "additionalProperties",
  "dependentSchemas",
]);

/** A reference that must stand there, but leads to nothing to fill in. */
function emptyReference(definitions: Record<string, unknown>): string {
  definitions["taskwright-empty"] = true;
  return "#/$defs/taskwright-empty";
}

function withoutDefault(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const { default: _default, ...rest } = schema;
  return rest;
}

function hasDefault(properties: SchemaObject, name: string): boolean {
  if (!Object.hasOwn(properties, name)) return false;
  const property = properties[name];
  return isObject(property) && Object.hasOwn(property, "default");
}

function whenThenElse(condition: unknown, then: unknown, otherwise: unknown): SchemaObject {
  const parts: [string, unknown][] = [
    ["if", condition],
    ["then", then],
    ["else", otherwise],
  ];
  return Object.fromEntries(parts.filter(([, schema]) => schema !== undefined));
}

function mapValues(map: SchemaObject, change: (value: unknown) => unknown): SchemaObject {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

/** Changes the schemas that a keyword holds. */
function mapSchemas(
  keyword: string,
  value: unknown,
  change: (schema: unknown) => unknown,
): unknown {
  const holds = keywords.get(keyword)?.holds;
  if (holds === "schema") return change(value);
  if (holds === "list" && Array.isArray(value)) return value.map(change);
  return holds === "map" && isObject(value) ? mapValues(value, change) : value;
}
