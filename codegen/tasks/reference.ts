import { isObject, pointerKeys } from "../json.js";
import { walkSchemas } from "./node.js";

/** The value at a JSON Pointer; undefined when there is none. */
export function resolvePointer(root: unknown, pointer: string): unknown {
  let current = root;
  for (const key of pointerKeys(pointer)) {
    const holder: unknown = current;
    if (Array.isArray(holder))
      current = /^(0|[1-9]\d*)$/u.test(key) ? holder[Number(key)] : undefined;
    else current = isObject(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
  }
  return current;
}

/** The `$ref` that leads to a JSON Pointer. */
export function referenceTo(pointer: string): string {
  return `#${pointer.split("/").map(encode).join("/").replaceAll("%24", "$")}`;
}

/** Turns the `$ref`s of one document into pointers. */
export class References {
  readonly #id: string | undefined;
  readonly #anchors = new Map<string, string>();
  readonly #schemas: ReadonlySet<string>;

  constructor(root: unknown) {
    const nodes = walkSchemas(root);
    const id = isObject(root) ? root["$id"] : undefined;
    this.#id = typeof id === "string" ? id.replace(/#$/u, "") : undefined;
    this.#schemas = new Set(nodes.map(({ pointer }) => pointer));
    for (const { schema, pointer } of nodes) {
      const anchor = schema["$anchor"];
      if (typeof anchor === "string") this.#anchors.set(anchor, pointer);
    }
  }

  /** The pointer that a `$ref` names inside the document; undefined when it leads elsewhere. */
  resolve(reference: string): string | undefined {
    const hash = reference.indexOf("#");
    const base = hash === -1 ? reference : reference.slice(0, hash);
    if (base !== "" && base !== this.#id) return undefined;
    const fragment = hash === -1 ? "" : decodeFragment(reference.slice(hash + 1));
    const pointer = fragment.startsWith("/") ? fragment : this.#anchors.get(fragment);
    return fragment === "" ? "" : pointer;
  }

  /** Whether a pointer names a schema object, rather than nothing or some other part. */
  isSchema(pointer: string): boolean {
    return this.#schemas.has(pointer);
  }
}

/** A half of a surrogate pair has no encoding; a rule of its own refuses it. */
function encode(token: string): string {
  try {
    return encodeURIComponent(token);
  } catch {
    return token;
  }
}

/** A fragment as text; as it is where its percent signs mean nothing. */
export function decodeFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
