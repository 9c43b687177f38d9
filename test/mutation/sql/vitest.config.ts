import { readFileSync } from "node:fs";
import base from "../../../vitest.config.js";

/** A migration with one change, by its name. */
export interface MutatedMigration {
  readonly name: string;
  readonly text: string;
}

const file = process.env["MUTATED_MIGRATION"];
const mutated =
  file === undefined ? undefined : (JSON.parse(readFileSync(file, "utf8")) as MutatedMigration);

/** Puts the changed migration in the place of the one that was generated; no file of the project changes. */
const mutate = {
  name: "mutated-migration",
  enforce: "pre" as const,
  transform(code: string, id: string): string | undefined {
    if (mutated === undefined || !id.endsWith("/generated/migrations.ts")) return undefined;
    const opening = "export const migrations = {";
    if (!code.includes(opening)) throw new Error("The generated migrations look different.");
    return `${code.replace(opening, "const originals = {")}
export const migrations = { ...originals, ${JSON.stringify(mutated.name)}: ${JSON.stringify(mutated.text)} };`;
  },
};

export default {
  ...base,
  plugins: [mutate],
  // A mutant that makes a test wait in vain is noticed, and needn't be waited for as long as usual.
  test: { ...base.test, testTimeout: 15_000, hookTimeout: 15_000 },
};
