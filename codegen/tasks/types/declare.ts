import { compile } from "json-schema-to-typescript";
import type { Definition, JsonType } from "./type.js";
import {
  endOfComment,
  toCanonical,
  withComment,
  type CanonicalSchema,
  type Side,
} from "./canonical.js";

/** Names for the types of one schema file. */
export interface TypeNames {
  /** The name of a definition's type; the same on both sides when they don't differ. */
  of(target: Definition, side: Side): string;
}

/** Type declarations as TypeScript text, and the names that they declare. */
export interface TypeDeclarations {
  readonly text: string;
  readonly names: readonly string[];
}

/** Declares a type and all that it refers to, for both sides. */
export async function declareTypes(
  root: Definition,
  names: TypeNames,
  stem = standInStem,
): Promise<TypeDeclarations> {
  const types = new Map<string, CanonicalSchema>();
  const standIns = new Map<string, string>();
  const refer = (target: Definition, given: Side): CanonicalSchema => {
    const side = differsBySide(target) ? given : "payload";
    const name = names.of(target, side);
    const known = standIns.get(name);
    if (known !== undefined) return { $ref: `#/types/${known}` };
    // Taken first, for the type may refer to itself.
    const standIn = `${stem}${standIns.size}`;
    standIns.set(name, standIn);
    types.set(standIn, {});
    const written = toCanonical(target.type(), side, refer);
    const named = "$ref" in written ? { anyOf: [written] } : written;
    types.set(standIn, withComment({ ...named, title: standIn }, target.doc));
    return { $ref: `#/types/${standIn}` };
  };
  const properties = { payload: refer(root, "payload"), input: refer(root, "input") };
  if (isUsedIn([...types.values()], stem)) return declareTypes(root, names, `${stem}X`);
  const carrier = {
    title: carrierName,
    type: "object",
    properties,
    types: Object.fromEntries(types),
  };
  const text = await compile(carrier as Parameters<typeof compile>[0], carrierName, options);
  const byStandIn = new Map([...standIns].map(([name, standIn]) => [standIn, name]));
  return { text: rename(cutComments(text), stem, byStandIn), names: [...standIns.keys()] };
}

/** The generator declares what a schema refers to, so one that refers to all is given to it. */
const carrierName = "TaskwrightCarrier";
/** The generator changes names that it doesn't like, so it gets ones that it does. */
const standInStem = "TaskwrightType";

const options = {
  additionalProperties: false,
  bannerComment: "",
  format: false,
  maxItems: 100,
  unknownAny: true,
};

/** Takes out what the generator added to comments, and comments that are empty then. */
function cutComments(text: string): string {
  const added = new RegExp(String.raw`\s*\* ${endOfComment}(?:(?!\*\/)[\s\S])*(?=\*\/)`, "gu");
  return text.replaceAll(added, "\n").replaceAll(/\/\*\*[\s*]*\*\/\s*/gu, "");
}

/** Gives the types their names, and drops the carrier. No text of the schema holds a stand-in. */
function rename(text: string, stem: string, names: ReadonlyMap<string, string>): string {
  const carrier = new RegExp(String.raw`export interface ${carrierName}\s*\{[^{}]*\}\s*`, "u");
  return text
    .replace(carrier, "")
    .replaceAll(new RegExp(String.raw`\b${stem}\d+\b`, "gu"), (name) => names.get(name) ?? name);
}

/** Whether a text of the schema holds the stem, so that it can't be told from the stand-ins. */
function isUsedIn(types: readonly CanonicalSchema[], stem: string): boolean {
  const own = new RegExp(String.raw`"(?:\$ref":"#\/types\/|title":")${stem}\d+"`, "gu");
  return JSON.stringify(types).replaceAll(own, "").includes(stem);
}

/** Whether a producer may leave out something that a handler is sure to get. */
export function differsBySide(root: Definition): boolean {
  const seen = new Set<Definition>();
  const differs = (type: JsonType): boolean =>
    type.shapes.some((shape) => {
      if (shape.kind === "array") return [...shape.prefix, shape.rest].some(differs);
      if (shape.kind === "reference") {
        if (seen.has(shape.target)) return false;
        seen.add(shape.target);
        return differs(shape.target.type());
      }
      if (shape.kind !== "object") return false;
      const properties = [...shape.properties.values()];
      return (
        properties.some(({ filled, type }) => filled !== undefined || differs(type)) ||
        shape.patterns.some(({ type }) => differs(type)) ||
        differs(shape.additional)
      );
    });
  seen.add(root);
  return differs(root.type());
}
