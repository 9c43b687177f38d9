import { kinds, type Kind } from "../keywords.js";
import type { SchemaObject } from "../node.js";

/**
 * A set of JSON values, as a union of shapes; without shapes it is empty. This is what a schema
 * means, free of how it is written: `allOf`, `if` or a `$ref` with siblings are gone. Where it
 * can't be exact it is too large, never too small, so that no accepted value is typed away.
 */
export interface JsonType {
  readonly shapes: readonly Shape[];
  /** Set when the type is larger than the shapes themselves tell, which forbids to turn it round. */
  readonly inexact?: boolean;
}

export type Shape =
  | { readonly kind: "any" }
  | { readonly kind: "null" }
  | LiteralShape
  | ScalarShape
  | ArrayShape
  | ObjectShape
  | ReferenceShape;

/** One boolean, number or string. */
export interface LiteralShape {
  readonly kind: "literal";
  readonly value: boolean | number | string;
}

/** All numbers or strings that pass the checks. */
export interface ScalarShape {
  readonly kind: "number" | "string";
  readonly checks: readonly Check[];
}

/** What TypeScript can't say, such as `{ "minLength": 3 }`: kept to sort out literals. */
export type Check = SchemaObject;

export interface ArrayShape {
  readonly kind: "array";
  /** Types of the first items, whether or not they must be there. */
  readonly prefix: readonly JsonType[];
  /** Type of every further item. */
  readonly rest: JsonType;
  readonly min: number;
  /** Infinity when open. */
  readonly max: number;
  /** How many of the first items some keyword has looked at, for `unevaluatedItems`. */
  readonly evaluated: number;
  /** Whether there are rules that the other fields don't hold. */
  readonly hasChecks: boolean;
}

export interface ObjectShape {
  readonly kind: "object";
  readonly properties: ReadonlyMap<string, Property>;
  /** Types of the properties whose names match a pattern. */
  readonly patterns: readonly PatternProperty[];
  /** Type of every other property. */
  readonly additional: JsonType;
  /** Whether some keyword has looked at those, for `unevaluatedProperties`. */
  readonly additionalEvaluated: boolean;
  readonly hasChecks: boolean;
}

export interface Property {
  /** Empty: the property must not be there. */
  readonly type: JsonType;
  readonly required: boolean;
  /** The value that the validator fills in when the property is absent. */
  readonly filled?: Filled;
  readonly doc: string;
  readonly evaluated: boolean;
}

export interface Filled {
  readonly value: unknown;
  /** Of the schema that has the default. */
  readonly pointer: string;
}

export interface PatternProperty {
  readonly pattern: string;
  readonly type: JsonType;
}

/** A schema that a `$ref` points to, typed when it is first needed, so that it may be recursive. */
export interface ReferenceShape {
  readonly kind: "reference";
  readonly target: Definition;
}

export interface Definition {
  readonly pointer: string;
  readonly doc: string;
  /** Whether the validator fills in defaults in it, or in a part of it. */
  readonly hasDefaults: boolean;
  /** The kinds that its own `type` names, which is known before its type is. */
  readonly kinds: readonly Kind[] | undefined;
  type(): JsonType;
}

export const never: JsonType = { shapes: [] };
export const any: JsonType = { shapes: [{ kind: "any" }] };

export const openArray: ArrayShape = {
  kind: "array",
  prefix: [],
  rest: any,
  min: 0,
  max: Infinity,
  evaluated: 0,
  hasChecks: false,
};

export const openObject: ObjectShape = {
  kind: "object",
  properties: new Map(),
  patterns: [],
  additional: any,
  additionalEvaluated: false,
  hasChecks: false,
};

export function isNever(type: JsonType): boolean {
  return type.shapes.length === 0;
}

export function isAny(type: JsonType): boolean {
  return type.shapes.some(({ kind }) => kind === "any");
}

/** A property that must be there, or that the validator puts there, but can't be anything. */
export function isImpossible({ type, required, filled }: Property): boolean {
  return (required || filled !== undefined) && isNever(type);
}

/** All values of one kind. */
export function shapesOfKind(kind: Kind): Shape[] {
  switch (kind) {
    case "null":
      return [{ kind }];
    case "boolean":
      return [
        { kind: "literal", value: true },
        { kind: "literal", value: false },
      ];
    case "number":
    case "string":
      return [{ kind, checks: [] }];
    case "array":
      return [openArray];
    case "object":
      return [openObject];
  }
}

/** All values but those of some kinds. */
export function shapesExcept(...excluded: readonly Kind[]): Shape[] {
  return kinds.filter((kind) => !excluded.includes(kind)).flatMap(shapesOfKind);
}

/** Exactly one value. */
export function typeOfValue(value: unknown): JsonType {
  if (value === null) return { shapes: [{ kind: "null" }] };
  if (typeof value === "boolean" || typeof value === "number" || typeof value === "string") {
    return { shapes: [{ kind: "literal", value }] };
  }
  if (Array.isArray(value)) {
    const { length } = value;
    const prefix = value.map(typeOfValue);
    return {
      shapes: [
        { ...openArray, prefix, rest: never, min: length, max: length, evaluated: Infinity },
      ],
    };
  }
  const properties = Object.entries(value as object).map(([name, held]): [string, Property] => [
    name,
    { type: typeOfValue(held), required: true, doc: "", evaluated: false },
  ]);
  return { shapes: [{ ...openObject, properties: new Map(properties), additional: never }] };
}

/** All values of the types. */
export function union(types: readonly JsonType[]): JsonType {
  const shapes = types.flatMap((type) => type.shapes);
  const open = shapes.find(({ kind }) => kind === "any");
  return withExactness({ shapes: open === undefined ? shapes : [open] }, types);
}

/** A type that came out of others is as inexact as they are. */
export function withExactness(type: JsonType, sources: readonly JsonType[]): JsonType {
  return sources.some(({ inexact }) => inexact) ? { ...type, inexact: true } : type;
}

/** A type that is worked out when it is first looked at, and then kept. */
export function lazyType(make: () => JsonType): JsonType {
  let made: JsonType | undefined;
  const get = () => (made ??= make());
  return {
    get shapes() {
      return get().shapes;
    },
    get inexact() {
      return get().inexact ?? false;
    },
  };
}

/** The same type without references at its top. */
export function expand(type: JsonType): JsonType {
  if (!type.shapes.some(({ kind }) => kind === "reference")) return type;
  return union(
    type.shapes.map((shape) =>
      shape.kind === "reference"
        ? withExactness(expand(shape.target.type()), [type])
        : withExactness({ shapes: [shape] }, [type]),
    ),
  );
}

/** The type as a value is before defaults are filled in, which is when conditions look at it. */
export function asGiven(type: JsonType): JsonType {
  // By identity, since looking into it may be what is going on further out.
  if (type === any || type === never) return type;
  return lazyType(() => withExactness({ shapes: type.shapes.map(shapeAsGiven) }, [type]));
}

function shapeAsGiven(shape: Shape): Shape {
  if (shape.kind === "reference") return { ...shape, target: definitionAsGiven(shape.target) };
  if (shape.kind === "array") {
    return { ...shape, prefix: shape.prefix.map(asGiven), rest: asGiven(shape.rest) };
  }
  if (shape.kind !== "object") return shape;
  const properties = [...shape.properties].map(([name, property]): [string, Property] => {
    const { filled, ...rest } = property;
    const required = rest.required && filled === undefined;
    return [name, { ...rest, required, type: asGiven(rest.type) }];
  });
  return {
    ...shape,
    properties: new Map(properties),
    patterns: shape.patterns.map(({ pattern, type }) => ({ pattern, type: asGiven(type) })),
    additional: asGiven(shape.additional),
  };
}

const given = new WeakMap<Definition, Definition>();

function definitionAsGiven(target: Definition): Definition {
  if (!target.hasDefaults) return target;
  let definition = given.get(target);
  if (definition === undefined) {
    const type = lazyType(() => asGiven(target.type()));
    definition = {
      ...target,
      pointer: `${target.pointer}Given`,
      hasDefaults: false,
      type: () => type,
    };
    given.set(target, definition);
  }
  return definition;
}
