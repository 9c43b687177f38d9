import { isObject } from "../../json.js";
import type { SchemaObject } from "../node.js";
import { resolvePointer, type References } from "../reference.js";
import { readBranches, readConditions } from "./combine.js";
import { describe } from "./describe.js";
import { intersect } from "./intersect.js";
import { readOwn } from "./kinds.js";
import { Refusal } from "./refusal.js";
import { any, isNever, lazyType, never, type Definition, type JsonType } from "./type.js";
import { limitUnevaluatedItems, limitUnevaluatedProperties } from "./unevaluated.js";

/** Why a schema can't be typed truly. */
export interface TypeProblem {
  readonly pointer: string;
  readonly refusal: Refusal;
}

/** Turns the schemas of one document, which the rules have passed, into types. */
export class TypeReader {
  /** Grows while types are looked at; complete when each of them was. */
  readonly problems: TypeProblem[] = [];
  readonly #root: unknown;
  readonly #references: References;
  readonly #types = new Map<string, JsonType>();
  readonly #definitions = new Map<string, Definition>();
  readonly #inProgress = new Set<string>();

  constructor(root: unknown, references: References) {
    this.#root = root;
    this.#references = references;
  }

  /** The schema at a pointer, for use under a name of its own; the root's pointer is empty. */
  definition(pointer: string): Definition {
    let definition = this.#definitions.get(pointer);
    if (definition === undefined) {
      const schema = resolvePointer(this.#root, pointer);
      const doc = isObject(schema) ? describe(schema) : "";
      definition = { pointer, doc, type: () => this.at(pointer) };
      this.#definitions.set(pointer, definition);
    }
    return definition;
  }

  /** The type of the schema at a pointer. What can't be typed counts as anything, and is a problem. */
  at = (pointer: string): JsonType => {
    let type = this.#types.get(pointer);
    if (type === undefined) {
      type = this.#start(resolvePointer(this.#root, pointer), pointer);
      this.#types.set(pointer, type);
    }
    return type;
  };

  #start(schema: unknown, pointer: string): JsonType {
    if (!isObject(schema)) return schema === false ? never : any;
    return lazyType(() => {
      if (this.#inProgress.has(pointer)) throw endlessReference();
      try {
        return this.#read(schema, pointer);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.problems.push({ pointer, refusal: error });
        return any;
      }
    });
  }

  #read(schema: SchemaObject, pointer: string): JsonType {
    this.#inProgress.add(pointer);
    const found = this.problems.length;
    try {
      const type = this.#combine(schema, pointer);
      if (isNever(type) && this.problems.length === found) throw contradiction();
      return type;
    } finally {
      this.#inProgress.delete(pointer);
    }
  }

  /** Every keyword that is about this value narrows the type further. */
  #combine(schema: SchemaObject, pointer: string): JsonType {
    let type = readOwn(schema, pointer, this.at);
    const { $ref, allOf } = schema;
    const target = typeof $ref === "string" ? this.#references.resolve($ref) : undefined;
    if (target !== undefined) {
      type = intersect(type, { shapes: [{ kind: "reference", target: this.definition(target) }] });
    }
    const parts = Array.isArray(allOf) ? allOf : [];
    parts.forEach((_, index) => {
      type = intersect(type, this.at(`${pointer}/allOf/${index}`));
    });
    type = readBranches(type, schema, pointer, this.at);
    type = readConditions(type, schema, pointer, this.at);
    if (schema["unevaluatedProperties"] !== undefined) {
      type = limitUnevaluatedProperties(type, this.at(`${pointer}/unevaluatedProperties`));
    }
    if (schema["unevaluatedItems"] !== undefined) {
      type = limitUnevaluatedItems(type, this.at(`${pointer}/unevaluatedItems`));
    }
    return type;
  }
}

function contradiction(): Refusal {
  return new Refusal(
    "contradiction",
    "No value can ever pass this schema: its rules contradict each other.",
    "Remove the rule that is wrong. Where allOf, anyOf or $ref extend an object, additionalProperties: false in one part forbids the other parts' properties: write unevaluatedProperties: false on the whole instead.",
  );
}

function endlessReference(): Refusal {
  return new Refusal(
    "endless-reference",
    "The schema refers to itself without going down to another value first.",
    "Put the reference below properties or items; if it is there already, and has rules beside it, move both into a definition of their own and refer to that.",
  );
}
