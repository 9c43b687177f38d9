import { pointerKeys } from "../../json.js";

/** Where each schema of a converted document came from. */
export class Origins {
  readonly #sources = new Map<string, string>();
  readonly #targets = new Map<string, string>();

  add(source: string, target: string): void {
    this.#sources.set(target, source);
    this.#targets.set(source, target);
  }

  /** As `add`, for what isn't a schema, and so is never referred to. */
  addPart(source: string, target: string): void {
    this.#sources.set(target, source);
  }

  /** Where the schema at a pointer into the source stands now; undefined when it was left out. */
  targetOf(source: string): string | undefined {
    return this.#targets.get(source);
  }

  /** The pointer into the source for one into the converted document. */
  sourceOf(target: string): string {
    const known = this.#sources.get(target);
    if (known !== undefined || target === "") return known ?? "";
    const end = target.lastIndexOf("/");
    return this.sourceOf(target.slice(0, end)) + target.slice(end);
  }

  /** The schema that holds a place of the source, and the keyword of it that leads there. */
  holderOf(source: string): { readonly target: string; readonly keyword: string } | undefined {
    for (let end = source.lastIndexOf("/"); end >= 0; end = source.lastIndexOf("/", end - 1)) {
      const target = this.#targets.get(source.slice(0, end));
      const [keyword] = pointerKeys(source.slice(end));
      if (target !== undefined && keyword !== undefined) return { target, keyword };
      if (end === 0) break;
    }
    return undefined;
  }
}
