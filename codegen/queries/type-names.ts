import type { SqlType } from "./catalogue.js";
import { reservedWords, typeWords } from "./names.js";

/** Names of types that a generated module uses itself. */
const ownTypes = ["Buffer", "ConstructorParameters", "Date", "Interval", "PreparedQuery", "Query"];
const taken = new Set([...reservedWords, ...typeWords, ...ownTypes, "QueryIR", "Uint8Array"]);
/** What every query's own types end in. */
const queryType = /(?:Params|Result|Query)$/u;

/** The declarations of enums in one module. A name is an enum's own as far as TypeScript allows it. */
export class TypeNames {
  /** Whether something is typed as an interval, which is declared for all modules. */
  usesInterval = false;
  readonly #names = new Map<number, string>();
  readonly #declarations = new Map<string, string>();

  enumName({ oid, name, labels }: SqlType): string {
    const known = this.#names.get(oid);
    if (known !== undefined) return known;
    const free = this.#freeName(name);
    this.#names.set(oid, free);
    // JSON's escapes are TypeScript's, too, so a label can't end its string.
    const union = labels.map((label) => JSON.stringify(label)).toSorted();
    this.#declarations.set(free, `export type ${free} = ${union.join(" | ") || "never"};\n`);
    return free;
  }

  /** Declarations of all enums that were named, in the order of their names. */
  declare(): string {
    const sorted = [...this.#declarations].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, declaration]) => declaration).join("\n");
  }

  #freeName(name: string): string {
    const identifier = name
      .replaceAll(/[^\p{ID_Continue}$]/gu, "_")
      .replace(/^(?=\P{ID_Start})/u, "_");
    const isFree = (each: string) =>
      !taken.has(each) && !queryType.test(each) && !this.#declarations.has(each);
    if (isFree(identifier)) return identifier;
    for (let number = 1; ; number += 1) {
      const numbered = `${identifier}_${number}`;
      if (isFree(numbered)) return numbered;
    }
  }
}
