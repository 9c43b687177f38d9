import type { SchemaNode } from "../node.js";
import type { Finding, LintInput } from "../rule.js";

/** All stages recurse over schemas and through `$ref`s. This keeps them well within the stack. */
const maxDepth = 400;

/** The pointer of a schema that is reached only over too many others; undefined when there is none. */
export function findDepth({ nodes, references }: LintInput): string | undefined {
  const byPointer = new Map(nodes.map((node) => [node.pointer, node]));
  const children = new Map<SchemaNode, SchemaNode[]>();
  for (const node of nodes) {
    if (node.parent !== undefined && node.keyword !== "$defs") addTo(children, node.parent, node);
    const { $ref } = node.schema;
    const target = typeof $ref === "string" ? references.resolve($ref) : undefined;
    const referred = target === undefined ? undefined : byPointer.get(target);
    if (referred !== undefined) addTo(children, node, referred);
  }
  const seen = new Set<SchemaNode>();
  // Depth first, as the stages go, but without a stack of their kind: the root, then definitions.
  const starts = nodes.filter(({ parent, keyword }) => parent === undefined || keyword === "$defs");
  const open = starts.toReversed().map((node) => ({ node, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (seen.has(node)) continue;
    seen.add(node);
    if (depth > maxDepth) return node.pointer;
    for (const child of children.get(node) ?? []) open.push({ node: child, depth: depth + 1 });
  }
  return undefined;
}

function addTo(map: Map<SchemaNode, SchemaNode[]>, key: SchemaNode, node: SchemaNode): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [node]);
  else list.push(node);
}

export function tooDeep(pointer: string): Finding {
  return {
    rule: "too-deep",
    pointer,
    message: `The schema goes more than ${maxDepth} levels down, $refs included.`,
    hint: "Make it flatter; a list of any length can be an array, or a definition that refers to itself.",
  };
}
