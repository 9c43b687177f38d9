import { compile } from "json-schema-to-typescript";
import { Project } from "ts-morph";
import type { Definition, JsonType } from "./type.js";
import { toCanonical, type CanonicalSchema, type Side } from "./canonical.js";

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
export async function declareTypes(root: Definition, names: TypeNames): Promise<TypeDeclarations> {
  const types: Record<string, CanonicalSchema> = {};
  const refer = (target: Definition, given: Side): CanonicalSchema => {
    const side = differsBySide(target) ? given : "payload";
    const name = names.of(target, side);
    if (!Object.hasOwn(types, name)) {
      // Taken first, for the type may refer to itself.
      types[name] = {};
      const written = toCanonical(target.type(), side, refer);
      const named = "$ref" in written ? { anyOf: [written] } : written;
      types[name] = { ...named, title: name, description: target.doc };
    }
    return { $ref: `#/types/${name}` };
  };
  const sides: readonly Side[] = ["payload", "input"];
  const properties = Object.fromEntries(sides.map((side) => [side, refer(root, side)]));
  const carrier = { title: carrierName, type: "object", properties, types };
  const text = await compile(carrier as Parameters<typeof compile>[0], carrierName, options);
  return { text: withoutCarrier(text), names: Object.keys(types) };
}

/** The generator declares what a schema refers to, so one that refers to all is given to it. */
const carrierName = "TaskwrightCarrier";

const options = {
  additionalProperties: false,
  bannerComment: "",
  format: false,
  maxItems: 100,
  unknownAny: true,
};

function withoutCarrier(text: string): string {
  const project = new Project({ useInMemoryFileSystem: true });
  const file = project.createSourceFile("types.ts", text);
  file.getInterfaceOrThrow(carrierName).remove();
  return file.getFullText();
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
