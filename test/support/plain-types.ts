import { types, type CustomTypesConfig } from "pg";

/** What pg never parses: char, name, text, bpchar and varchar. */
const textTypes: ReadonlySet<number> = new Set([18, 19, 25, 1042, 1043]);

/** Types whose parser an application may have replaced: those that pg names, and arrays. */
const parsedTypes: readonly number[] = [
  ...Object.values(types.builtins).filter((oid): oid is number => typeof oid === "number"),
  // Arrays: of numbers, booleans, text, times, JSON.
  ...new Set([
    1000, 1001, 1005, 1007, 1009, 1015, 1016, 1021, 1022, 1115, 1182, 1185, 1231, 199, 3807,
  ]),
].filter((oid) => !textTypes.has(oid));

type Parse = (text: string) => unknown;

const parserOf = types.getTypeParser as (oid: number, format: "text") => Parse;
const plainParsers = new Map(parsedTypes.map((oid) => [oid, parserOf(oid, "text")]));

/** How pg reads results while nobody has set a parser of their own. */
export const plainTypes: CustomTypesConfig = {
  getTypeParser: (oid: number) => plainParsers.get(oid) ?? ((text: string) => text),
};

/** As an application: makes something else of everything, for all connections that say nothing of types. */
export function setHostileParsers(): void {
  setParsers(() => (text) => Object.freeze({ parsed: text }));
}

/** Undoes that. */
export function resetParsers(): void {
  setParsers((oid) => plainParsers.get(oid) ?? ((text) => text));
}

function setParsers(choose: (oid: number) => Parse): void {
  const set = types.setTypeParser as (oid: number, parse: Parse) => void;
  for (const oid of parsedTypes) set(oid, choose(oid));
}
