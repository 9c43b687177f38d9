import { escapePointer, isObject, pointerKeys } from "../../json.js";
import { keywords } from "../keywords.js";
import { referenceTo, resolvePointer } from "../reference.js";
import type { Complaint, Finding } from "../rule.js";
import { dialectOf, dialectWithin, type Dialect } from "./dialect.js";
import { Identities } from "./identity.js";
import { meantKeyword } from "./misspelt.js";
import { repairPattern } from "./patterns.js";
import { Origins } from "./origins.js";
import { allowsNothing, tidy } from "./tidy.js";

/** A schema while it is being built. */
export type Draft = Record<string, unknown>;

/** A document in draft 2020-12 that means what its source means. */
export interface Conversion {
  readonly root: Draft;
  readonly origins: Origins;
  /** With pointers into the source. */
  readonly warnings: readonly Finding[];
  /** Whether some reference leads to the whole document. */
  readonly refersToRoot: boolean;
}

/** Keywords that name a schema; references are resolved before they are dropped. */
const identities = new Set(["$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"]);

/** Rules of drafts before 4: to take them for annotations would drop what they check. */
const unreadable = new Set(["extends", "disallow", "divisibleBy"]);

const newest = "https://json-schema.org/draft/2020-12/schema";

/**
 * Converts a document of any dialect since draft-04, without what neither types nor validators read.
 * Wrapped, the document becomes a definition, which the root refers to.
 */
export function convert(source: Draft, isWrapped = false): Conversion {
  return new Converter(source, isWrapped).run();
}

class Converter {
  readonly #source: Draft;
  readonly #identities: Identities;
  readonly #origins = new Origins();
  readonly #warnings: Finding[] = [];
  readonly #references: { readonly draft: Draft; readonly target: string }[] = [];
  readonly #dialect: Dialect;
  readonly #isWrapped: boolean;
  /** Keywords that seem idle tell `unevaluated…` what was looked at. */
  readonly #countsEvaluated: boolean;

  constructor(source: Draft, isWrapped: boolean) {
    this.#source = source;
    this.#isWrapped = isWrapped;
    this.#countsEvaluated = JSON.stringify(source).includes('"unevaluated');
    this.#dialect = dialectOf(source["$schema"]) ?? 2020;
    this.#identities = new Identities(source, this.#dialect);
  }

  run(): Conversion {
    const at = this.#isWrapped ? "/$defs/root" : "";
    const converted = this.#schema(this.#source, "", at, this.#dialect) as Draft;
    const root = this.#isWrapped ? wrap(converted) : converted;
    // Converting a target may find further references, which the loop comes to as well.
    for (const { draft, target } of this.#references) {
      const pointer = this.#origins.targetOf(target) ?? this.#lift(root, target);
      draft["$ref"] = referenceTo(pointer);
    }
    const refersToRoot = this.#references.some(({ target }) => target === "");
    return { root, origins: this.#origins, warnings: this.#warnings, refersToRoot };
  }

  /** Copies a schema that stands where draft 2020-12 has none, into the definitions. */
  #lift(root: Draft, target: string): string {
    const definitions = (root["$defs"] ??= {}) as Draft;
    const name = freeName(definitions, pointerKeys(target).at(-1) ?? "schema");
    const pointer = `/$defs/${escapePointer(name)}`;
    const dialect = this.#identities.dialectAt(target);
    const schema = this.#schema(resolvePointer(this.#source, target), target, pointer, dialect);
    setOwn(definitions, name, schema);
    return pointer;
  }

  #schema(given: unknown, from: string, to: string, outer: Dialect): unknown {
    this.#origins.add(from, to);
    if (!isObject(given)) return given;
    const dialect = dialectWithin(given, outer);
    const draft: Draft = {};
    for (const [keyword, value] of Object.entries(this.#effective(given, from, dialect))) {
      this.#keyword(draft, keyword, value, { given, from, to, dialect });
    }
    const warn = (rule: string, complaint: Complaint) => {
      this.#warn(rule, { ...complaint, pointer: from + complaint.pointer });
    };
    tidy(draft, warn, this.#countsEvaluated);
    return from !== "" && allowsNothing(draft) ? false : draft;
  }

  /** Up to draft-07, rules beside `$ref` are ignored. */
  #effective(given: Draft, from: string, dialect: Dialect): Draft {
    if (dialect > 7 || typeof given["$ref"] !== "string") return given;
    const kept = Object.entries(given).filter(([name]) => {
      const keyword = keywords.get(name);
      const isKept =
        keyword === undefined || keyword.annotation === true || besideReference.has(name);
      if (!isKept) {
        this.#warn("ignored-beside-ref", {
          pointer: `${from}/${escapePointer(name)}`,
          message: `${name} stands beside $ref, where draft-0${dialect} ignores it.`,
          hint: "Remove it, or declare draft 2020-12, in which both count.",
        });
      }
      return isKept;
    });
    return Object.fromEntries(kept);
  }

  #keyword(draft: Draft, keyword: string, value: unknown, place: Place): void {
    const { from, to, dialect, given } = place;
    const below = `${from}/${escapePointer(keyword)}`;
    if (identities.has(keyword) || (keyword === "id" && typeof value === "string" && dialect === 4))
      return;
    switch (keyword) {
      case "$schema":
        if (dialectOf(value) === undefined) draft[keyword] = value;
        else if (from === "") draft[keyword] = newest;
        return;
      case "$ref":
      case "$recursiveRef":
      case "$dynamicRef":
        this.#reference(draft, keyword, value, from);
        return;
      case "definitions":
      case "$defs":
        this.#map(draft, "$defs", value, place, keyword);
        return;
      case "items":
        if (Array.isArray(value)) this.#list(draft, "prefixItems", value, place, keyword);
        else draft[keyword] = this.#schema(value, below, `${to}/items`, dialect);
        return;
      case "additionalItems":
        if (!Array.isArray(given["items"])) return;
        draft["items"] = this.#schema(value, below, `${to}/items`, dialect);
        return;
      case "dependencies":
        this.#dependencies(draft, value, place);
        return;
      case "exclusiveMinimum":
      case "exclusiveMaximum":
        exclusive(draft, keyword, value, given);
        return;
      case "minimum":
      case "maximum":
        if (given[keyword === "minimum" ? "exclusiveMinimum" : "exclusiveMaximum"] === true) return;
    }
    this.#plain(draft, keyword, value, place);
  }

  #plain(draft: Draft, keyword: string, value: unknown, place: Place): void {
    const { from, to, dialect } = place;
    const below = `${from}/${escapePointer(keyword)}`;
    const known = keywords.get(keyword);
    if (known === undefined) this.#unknown(draft, keyword, value, below);
    else if (known.holds === "map") this.#map(draft, keyword, value, place, keyword);
    else if (known.holds === "list") this.#list(draft, keyword, value, place, keyword);
    else if (known.holds === "schema") {
      draft[keyword] = this.#schema(value, below, `${to}/${escapePointer(keyword)}`, dialect);
    } else if (known.annotation !== true || isAnnotationValue(keyword, value)) {
      draft[keyword] = value;
    }
  }

  /** An annotation of some tool or editor, unless it looks like a rule that is misspelt. */
  #unknown(draft: Draft, keyword: string, value: unknown, pointer: string): void {
    if (keyword.startsWith("x-") || keyword === "nullable" || unreadable.has(keyword)) {
      draft[keyword] = value;
      return;
    }
    const meant = meantKeyword(keyword);
    if (meant === undefined) return;
    this.#warn("unknown-keyword", {
      pointer,
      message: `"${keyword}" is no keyword, and nothing checks it. Did you mean "${meant}"?`,
      hint: 'Correct it; a name that is meant as it is can start with "x-".',
    });
  }

  #reference(draft: Draft, keyword: string, value: unknown, from: string): void {
    if (typeof value !== "string") {
      draft[keyword] = value;
      return;
    }
    const isUnambiguous =
      keyword === "$recursiveRef"
        ? this.#identities.isRecursionUnambiguous(from)
        : keyword === "$ref" || this.#identities.isUnambiguous(value.replace(/^.*#/u, ""));
    if (!isUnambiguous) {
      draft[keyword] = value;
      return;
    }
    const target =
      keyword === "$recursiveRef"
        ? this.#identities.resourceOf(from)
        : this.#identities.resolve(value, from);
    if (target === undefined) draft["$ref"] = value;
    else {
      // Holds the keyword's place among the others.
      draft["$ref"] = value;
      this.#references.push({ draft, target });
    }
  }

  #map(draft: Draft, name: string, value: unknown, place: Place, keyword: string): void {
    if (!isObject(value)) {
      draft[name] = value;
      return;
    }
    const { from, to, dialect } = place;
    const map = isObject(draft[name]) ? draft[name] : {};
    for (const [key, schema] of Object.entries(value)) {
      const own = ownKey(map, name, key);
      const target = `${to}/${escapePointer(name)}/${escapePointer(own)}`;
      const source = `${from}/${escapePointer(keyword)}/${escapePointer(key)}`;
      // Some documents group their definitions; what is referred to in a group is lifted out of it.
      if (name === "$defs" && !isSchema(schema)) continue;
      setOwn(map, own, this.#schema(schema, source, target, dialect));
    }
    draft[name] = map;
  }

  #list(draft: Draft, name: string, value: unknown, place: Place, keyword: string): void {
    const { from, to, dialect } = place;
    if (!Array.isArray(value)) {
      draft[name] = value;
      return;
    }
    const schemas = [...(value as unknown[]).entries()];
    // Generators write an alternative that can't be for undefined, which JSON doesn't have.
    const isAlternative = name === "anyOf" || name === "oneOf";
    const possible = schemas.filter(([, schema]) => !isAlternative || !allowsNothing(schema));
    const kept = possible.length === 0 ? schemas : possible;
    draft[name] = kept.map(([source, schema], index) =>
      this.#schema(schema, `${from}/${keyword}/${source}`, `${to}/${name}/${index}`, dialect),
    );
  }

  #dependencies(draft: Draft, value: unknown, place: Place): void {
    if (!isObject(value)) return;
    const entries = Object.entries(value);
    const lists = entries.filter(([, held]) => Array.isArray(held) || typeof held === "string");
    const schemas = entries.filter(([, held]) => isSchema(held));
    if (lists.length > 0) {
      const required = lists.map(([name, held]) => [name, [held].flat()]);
      draft["dependentRequired"] = Object.fromEntries(required);
      this.#origins.addPart(`${place.from}/dependencies`, `${place.to}/dependentRequired`);
    }
    if (schemas.length > 0) {
      const held = Object.fromEntries(schemas);
      this.#map(draft, "dependentSchemas", held, place, "dependencies");
    }
  }

  #warn(rule: string, complaint: Complaint): void {
    this.#warnings.push({ rule, ...complaint });
  }
}

function wrap({ $schema, "x-task": options, ...root }: Draft): Draft {
  return {
    ...($schema === undefined ? {} : { $schema }),
    ...(options === undefined ? {} : { "x-task": options }),
    $ref: "#/$defs/root",
    $defs: { root },
  };
}

interface Place {
  readonly given: Draft;
  readonly from: string;
  readonly to: string;
  readonly dialect: Dialect;
}

const besideReference = new Set(["$ref", "$defs", "$schema", "$id", "default"]);

/** Draft-04 says with `true` that the bound beside it is excluded. */
function exclusive(draft: Draft, keyword: string, value: unknown, given: Draft): void {
  if (typeof value !== "boolean") draft[keyword] = value;
  else if (value) draft[keyword] = given[keyword === "exclusiveMinimum" ? "minimum" : "maximum"];
}

/** Tools put all sorts of things under these names; the schema of schemas wants one form. */
function isAnnotationValue(keyword: string, value: unknown): boolean {
  if (keyword === "examples") return Array.isArray(value);
  if (["deprecated", "readOnly", "writeOnly"].includes(keyword)) return typeof value === "boolean";
  return typeof value === "string";
}

function isSchema(value: unknown): boolean {
  return typeof value === "boolean" || isObject(value);
}

function ownKey(map: Draft, keyword: string, key: string): string {
  // The validator skips a pattern that is exactly this name.
  if (keyword === "patternProperties")
    return key === "__proto__" ? `(?:${key})` : repairPattern(key);
  return keyword === "$defs" ? freeName(map, key) : key;
}

function freeName(map: Draft, name: string): string {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}${count}`;
    if (!Object.hasOwn(map, candidate)) return candidate;
  }
}

/** Sets a key even if it is `__proto__`. */
function setOwn(map: Draft, key: string, value: unknown): void {
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}
