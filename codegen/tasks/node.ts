import { escapePointer, isObject } from "../json.js";
import { keywords, type Kind } from "./keywords.js";

/** A schema as an object; the boolean schemas have no keywords to look at. */
export interface SchemaObject {
  readonly [keyword: string]: unknown;
}

/** One schema inside a schema file, with its way down from the root. */
export interface SchemaNode {
  readonly schema: SchemaObject;
  readonly pointer: string;
  /** The schema that holds this one; absent for the root. */
  readonly parent: SchemaNode | undefined;
  /** The keyword of the parent that holds this schema. */
  readonly keyword: string;
  /** Its key or index there. */
  readonly key: string | undefined;
}

/** Every schema object of a document, the root first. What isn't a schema by its shape is left out. */
export function walkSchemas(root: unknown): SchemaNode[] {
  const nodes: SchemaNode[] = [];
  const visit = (
    value: unknown,
    pointer: string,
    parent: SchemaNode | undefined,
    keyword: string,
    key?: string,
  ) => {
    if (!isObject(value)) return;
    const node: SchemaNode = { schema: value, pointer, parent, keyword, key };
    nodes.push(node);
    for (const [name, held] of Object.entries(value)) {
      const holds = keywords.get(name)?.holds;
      const below = `${pointer}/${escapePointer(name)}`;
      if (holds === "schema") visit(held, below, node, name);
      if ((holds === "list" && Array.isArray(held)) || (holds === "map" && isObject(held))) {
        for (const [key, schema] of Object.entries(held)) {
          visit(schema, `${below}/${escapePointer(key)}`, node, name, key);
        }
      }
    }
  };
  visit(root, "", undefined, "");
  return nodes;
}

/** This schema and those above it that are about the same value. */
export function sameValueNodes(node: SchemaNode): SchemaNode[] {
  const nodes = [node];
  let current = node;
  while (current.parent !== undefined && keywords.get(current.keyword)?.inPlace === true) {
    current = current.parent;
    nodes.push(current);
  }
  return nodes;
}

/** The kinds that `type` allows; undefined when it is absent. */
export function typeKinds(schema: SchemaObject): Kind[] | undefined {
  const { type } = schema;
  if (type === undefined) return undefined;
  const names = Array.isArray(type) ? type : [type];
  return [...new Set(names.map((name) => (name === "integer" ? "number" : name) as Kind))];
}
