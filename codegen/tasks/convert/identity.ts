import { escapePointer, isObject } from "../../json.js";
import { keywords } from "../keywords.js";
import { resolvePointer } from "../reference.js";
import { dialectWithin, olderHolders, type Dialect } from "./dialect.js";

/** Stands for the address of a document that names none. */
const noAddress = "https://document.invalid/";

/** What one schema object is known by. */
interface Place {
  readonly base: string;
  readonly dialect: Dialect;
}

/** Where the names of a document lead: `$id`s, anchors and pointers, in every dialect. */
export class Identities {
  readonly #root: unknown;
  readonly #resources = new Map<string, string>();
  readonly #anchors = new Map<string, string>();
  readonly #dynamicAnchors = new Map<string, number>();
  readonly #places = new Map<string, Place>();
  #recursiveAnchors = 0;

  constructor(root: unknown, dialect: Dialect) {
    this.#root = root;
    this.#resources.set(noAddress, "");
    this.#visit(root, "", { base: noAddress, dialect });
  }

  /** The pointer that a reference in the schema at `from` leads to; undefined when out of the document. */
  resolve(reference: string, from: string): string | undefined {
    const address = join(reference, this.#baseOf(from));
    if (address === undefined) return undefined;
    const [document, fragment] = split(address);
    const resource = this.#resources.get(document);
    if (fragment !== "" && !fragment.startsWith("/")) {
      return this.#anchors.get(`${document}#${fragment}`) ?? this.#anchors.get(`#${fragment}`);
    }
    const candidates = [resource, reference.startsWith("#") ? "" : undefined]
      .filter((pointer) => pointer !== undefined)
      .map((pointer) => pointer + fragment);
    return candidates.find((pointer) => isSchema(resolvePointer(this.#root, pointer)));
  }

  /** Whether a `$dynamicRef` to this anchor can only ever lead to one place. */
  isUnambiguous(anchor: string): boolean {
    return (this.#dynamicAnchors.get(anchor) ?? 0) <= 1;
  }

  /** Whether the `$recursiveRef` of a schema can only ever lead to one place. */
  isRecursionUnambiguous(from: string): boolean {
    const resource = resolvePointer(this.#root, this.resourceOf(from));
    return !isRecursionAnchor(resource) || this.#recursiveAnchors <= 1;
  }

  /** The pointer of the resource that a schema belongs to, which `$recursiveRef` means. */
  resourceOf(pointer: string): string {
    return this.#resources.get(this.#baseOf(pointer)) ?? "";
  }

  /** The dialect of the closest schema at or above a pointer. */
  dialectAt(pointer: string): Dialect {
    return this.#placeOf(pointer)?.dialect ?? 2020;
  }

  #baseOf(pointer: string): string {
    return this.#placeOf(pointer)?.base ?? noAddress;
  }

  #placeOf(pointer: string): Place | undefined {
    const place = this.#places.get(pointer);
    if (place !== undefined || pointer === "") return place;
    return this.#placeOf(pointer.slice(0, pointer.lastIndexOf("/")));
  }

  #visit(schema: unknown, pointer: string, outer: Place): void {
    if (!isObject(schema)) return;
    const place = this.#enter(schema, pointer, outer);
    for (const [name, held] of Object.entries(schema)) {
      const holds = olderHolders.get(name) ?? keywords.get(name)?.holds;
      if (holds === undefined) continue;
      const below = `${pointer}/${escapePointer(name)}`;
      const isMany = holds === "map" ? isObject(held) : Array.isArray(held);
      // Before draft 2020-12, items may be a list, whatever the table says.
      if (isMany) {
        for (const [key, one] of Object.entries(held as object)) {
          this.#visit(one, `${below}/${escapePointer(key)}`, place);
        }
      } else this.#visit(held, below, place);
    }
  }

  #enter(schema: Record<string, unknown>, pointer: string, outer: Place): Place {
    const dialect = dialectWithin(schema, outer.dialect);
    const id = schema[dialect === 4 ? "id" : "$id"];
    // At the root it is the document's address, which generators write beside $ref as well.
    const isIgnored = dialect <= 7 && schema["$ref"] !== undefined && pointer !== "";
    let { base } = outer;
    if (typeof id === "string" && !isIgnored) {
      if (id.startsWith("#")) this.#anchors.set(`${base}${id}`, pointer);
      else {
        base = split(join(id, base) ?? base)[0];
        if (!this.#resources.has(base)) this.#resources.set(base, pointer);
      }
    }
    if (isRecursionAnchor(schema)) this.#recursiveAnchors += 1;
    for (const keyword of ["$anchor", "$dynamicAnchor"]) {
      const anchor = schema[keyword];
      if (typeof anchor !== "string") continue;
      this.#anchors.set(`${base}#${anchor}`, pointer);
      if (!this.#anchors.has(`#${anchor}`)) this.#anchors.set(`#${anchor}`, pointer);
      if (keyword === "$dynamicAnchor") {
        this.#dynamicAnchors.set(anchor, (this.#dynamicAnchors.get(anchor) ?? 0) + 1);
      }
    }
    const place = { base, dialect };
    this.#places.set(pointer, place);
    return place;
  }
}

function isRecursionAnchor(schema: unknown): boolean {
  return isObject(schema) && schema["$recursiveAnchor"] === true;
}

function isSchema(value: unknown): boolean {
  return typeof value === "boolean" || isObject(value);
}

function join(reference: string, base: string): string | undefined {
  if (reference.startsWith("#")) return `${base}${reference}`;
  try {
    return new URL(reference, base).href;
  } catch {
    return undefined;
  }
}

/** The address without its fragment, and the fragment as text. */
function split(address: string): [string, string] {
  const hash = address.indexOf("#");
  if (hash === -1) return [address, ""];
  const fragment = address.slice(hash + 1);
  try {
    return [address.slice(0, hash), decodeURIComponent(fragment)];
  } catch {
    return [address.slice(0, hash), fragment];
  }
}
