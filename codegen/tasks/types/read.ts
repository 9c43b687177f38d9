import { isObject } from "../../json.js";
import { fillingSchemas } from "../filling.js";
import { typeKinds, walkSchemas, type SchemaObject } from "../node.js";
import { resolvePointer, type References } from "../reference.js";
import { branchSteps, conditionSteps } from "./combine.js";
import { describe } from "./describe.js";
import { intersect } from "./intersect.js";
import { readOwn } from "./kinds.js";
import { Refusal } from "./refusal.js";
import { any, asGiven, isNever, lazyType, never, type Definition, type JsonType } from "./type.js";
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
  /** Alternatives that no value can pass, which count as not there unless in strict mode. */
  readonly impossible: TypeProblem[] = [];
  /** Whether some type leaves out rules, and with them perhaps properties, that the schema has. */
  isWidened = false;
  readonly #root: unknown;
  readonly #references: References;
  readonly #types = new Map<string, JsonType>();
  readonly #definitions = new Map<string, Definition>();
  readonly #inProgress = new Set<string>();
  readonly #filling: ReadonlySet<unknown>;
  readonly #mayWiden: boolean;
  readonly #isStrict: boolean;

  constructor(root: SchemaObject, references: References, isStrict = false) {
    this.#root = root;
    this.#isStrict = isStrict;
    this.#filling = fillingSchemas(root);
    // What a keyword has looked at must be known where a type is left out.
    this.#mayWiden = !walkSchemas(root).some(({ schema }) =>
      Object.keys(schema).some((keyword) => keyword.startsWith("unevaluated")),
    );
    this.#references = references;
  }

  /** The schema at a pointer, for use under a name of its own; the root's pointer is empty. */
  definition(pointer: string): Definition {
    let definition = this.#definitions.get(pointer);
    if (definition === undefined) {
      const schema = resolvePointer(this.#root, pointer);
      const doc = isObject(schema) ? describe(schema) : "";
      const hasDefaults = this.#filling.has(schema);
      const kinds = isObject(schema) ? typeKinds(schema) : undefined;
      definition = { pointer, doc, hasDefaults, kinds, type: () => this.at(pointer) };
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

  /** The same type before defaults are filled in. */
  #givenAt = (pointer: string): JsonType => {
    const type = this.at(pointer);
    return this.#filling.has(resolvePointer(this.#root, pointer)) ? asGiven(type) : type;
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
      if (!isNever(type) || this.problems.length > found) return type;
      if (this.#isStrict || !isAlternative(pointer)) throw contradiction();
      this.#refuseBranch(pointer, impossibleAlternative());
      return type;
    } finally {
      this.#inProgress.delete(pointer);
    }
  }

  #refuseBranch = (pointer: string, refusal: Refusal): void => {
    if (this.#isStrict) throw refusal;
    this.impossible.push({ pointer, refusal });
  };

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
      type = this.#narrow(type, (type) => intersect(type, this.at(`${pointer}/allOf/${index}`)));
    });
    const at = { filled: this.at, given: this.#givenAt };
    for (const narrow of [
      ...branchSteps(schema, pointer, at, this.#refuseBranch),
      ...conditionSteps(schema, pointer, at),
    ]) {
      type = this.#narrow(type, narrow);
    }
    if (schema["unevaluatedProperties"] !== undefined) {
      type = limitUnevaluatedProperties(type, this.at(`${pointer}/unevaluatedProperties`));
    }
    if (schema["unevaluatedItems"] !== undefined) {
      type = limitUnevaluatedItems(type, this.at(`${pointer}/unevaluatedItems`));
    }
    return type;
  }

  /** What makes too many combinations is left to the validator: the type is larger, but still true. */
  #narrow(type: JsonType, narrow: (type: JsonType) => JsonType): JsonType {
    try {
      return narrow(type);
    } catch (error) {
      const isWidened = error instanceof Refusal && error.rule === "too-many-combinations";
      if (!isWidened || !this.#mayWiden) throw error;
      this.isWidened = true;
      return { shapes: type.shapes, inexact: true };
    }
  }
}

function isAlternative(pointer: string): boolean {
  return /\/(?:anyOf|oneOf)\/\d+$/u.test(pointer);
}

function impossibleAlternative(): Refusal {
  const { message, hint } = contradiction();
  return new Refusal("impossible-branch", message, hint);
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
