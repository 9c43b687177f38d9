import { distance } from "fastest-levenshtein";
import { keywords } from "../keywords.js";

const rules = [...keywords].flatMap(([name, { annotation }]) =>
  annotation === true ? [] : [name],
);

/** Shorter names are near too many others. */
const minLength = 4;

/** The keyword that an unknown name was most likely meant to be; undefined when none is near. */
export function meantKeyword(given: string): string | undefined {
  const plain = fold(given);
  if (plain.length < minLength) return undefined;
  return rules.find((name) => {
    const known = fold(name);
    return known.length >= minLength && distance(plain, known) <= maxEdits(known);
  });
}

function fold(name: string): string {
  return name.replaceAll(/[_\s$-]/gu, "").toLowerCase();
}

function maxEdits(name: string): number {
  return name.length < 7 ? 1 : name.length < 14 ? 2 : 3;
}
