import { rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { PayloadValidator } from "../../src/index.js";
import { compileAll, printedBy, readSchema, tools, type CompiledSchema } from "./support/corpus.js";
import { compileOriginal } from "./support/original-validator.js";
import { asParsed, sampleValues } from "./support/samples.js";
import { checkAssignments } from "./support/type-verdicts.js";

const samplesPerSchema = 40;
const seed = 20_261_127;

/** What codegen refuses, and by which rule; each of them is no JSON, or a value that can't be. */
const refused: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  typebox: { javascript_types: "invalid-schema" },
  "typescript-json-schema": { branded: "contradiction" },
};

interface Sample {
  readonly schema: CompiledSchema;
  /** By identity one of the payloads that were written by hand, or one that was made up. */
  readonly value: unknown;
  readonly given: unknown;
  /** With its defaults, if it was accepted. */
  readonly filled: unknown;
  readonly isAccepted: boolean;
  readonly isAcceptedByOriginal: boolean;
}

async function samplesOf(schema: CompiledSchema): Promise<Sample[]> {
  const { validator } = (await import(pathToFileURL(schema.validatorModule).href)) as {
    validator: PayloadValidator;
  };
  const original = compileOriginal(schema.value);
  const sampled = sampleValues(schema.schema, samplesPerSchema, seed);
  return [...sampled, ...schema.payloads.valid, ...schema.payloads.invalid].map((value) => {
    const [given, filled] = [asParsed(value), asParsed(value)];
    const isAccepted = validator(filled);
    const isAcceptedByOriginal = original(isAccepted ? filled : given);
    return { schema, value, given, filled, isAccepted, isAcceptedByOriginal };
  });
}

describe.each(tools)("schemas that %s prints", async (tool) => {
  const read = printedBy(tool).map(readSchema);
  const accepted = await compileAll(read.filter(({ rules }) => rules.length === 0));
  const samples = (await Promise.all(accepted.map(samplesOf))).flat();
  const folder = path.dirname(path.dirname(accepted[0]?.module ?? ""));

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test("are accepted, but for those that are listed with the rule that refuses them", () => {
    const rules = read.flatMap(({ name, rules }) => (rules.length > 0 ? [[name, ...rules]] : []));
    expect(rules).toEqual(Object.entries(refused[tool] ?? {}));
    expect(accepted.length / read.length).toBeGreaterThanOrEqual(0.95);
  });

  test("accept and refuse the payloads that were written for them", () => {
    const verdicts = (kind: "valid" | "invalid") =>
      accepted.flatMap((schema) =>
        schema.payloads[kind].map((payload) => ({
          name: schema.name,
          payload: JSON.stringify(payload),
          isAccepted: samples.find(({ value }) => value === payload)?.isAccepted,
        })),
      );
    expect(verdicts("valid").filter(({ isAccepted }) => isAccepted !== true)).toEqual([]);
    expect(verdicts("invalid").filter(({ isAccepted }) => isAccepted !== false)).toEqual([]);
    expect(verdicts("valid").length).toBeGreaterThan(2);
  });

  test("are checked as a plain validator of their own draft checks them", () => {
    const wrong = samples.filter(
      ({ isAccepted, isAcceptedByOriginal }) => isAccepted !== isAcceptedByOriginal,
    );
    expect(
      wrong.map(({ schema, given, isAccepted }) => [
        schema.name,
        JSON.stringify(given),
        isAccepted ? "accepted here" : "refused here",
      ]),
    ).toEqual([]);
  });

  test("have samples that pass, and samples that don't", () => {
    const oneSided = accepted.filter((schema) => {
      const verdicts = samples.flatMap((each) => (each.schema === schema ? [each.isAccepted] : []));
      return new Set(verdicts).size < 2;
    });
    expect(oneSided.map(({ name }) => name)).toEqual([]);
  });

  test("become types that compile, and that hold what passes", () => {
    const good = samples.filter(({ isAccepted }) => isAccepted);
    const { errors, moduleErrors } = checkAssignments(
      good.flatMap(({ schema: { module, input, payload }, given, filled }) => [
        { module, type: input, value: given },
        { module, type: payload, value: filled },
      ]),
      { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false },
    );
    expect(moduleErrors).toEqual([]);
    expect(
      errors.flatMap((error, index) => {
        const sample = good[Math.floor(index / 2)];
        return error === undefined
          ? []
          : [[sample?.schema.name, JSON.stringify(sample?.given), error]];
      }),
    ).toEqual([]);
  });
});
