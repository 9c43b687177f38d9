import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { createAjv } from "../../codegen/tasks/ajv.js";
import { nameTask } from "../../codegen/tasks/names.js";
import type { SchemaObject } from "../../codegen/tasks/node.js";
import type { PayloadValidator } from "../../src/index.js";
import { acceptedCases } from "./support/golden.js";
import { relax } from "./support/relax.js";
import { asParsed, sampleValues } from "./support/samples.js";
import { checkAssignments } from "./support/type-verdicts.js";

const samplesPerTask = 80;
const seed = 20_240_229;

/** One schema with what codegen made of it. */
interface Subject {
  readonly name: string;
  readonly schema: SchemaObject;
  readonly module: string;
  readonly validatorModule: string;
  readonly input: string;
  readonly payload: string;
}

function subjectsIn(schemas: string, output: string): Subject[] {
  return readdirSync(schemas).map((file) => {
    const schema = JSON.parse(readFileSync(path.join(schemas, file), "utf8")) as SchemaObject;
    const options = (schema["x-task"] ?? {}) as { identifier?: string; batch?: unknown };
    const identifier = options.identifier ?? path.basename(file, ".json");
    const names = nameTask(identifier, options.batch !== undefined);
    return {
      name: path.relative(repository, path.join(schemas, file)),
      schema,
      module: path.join(output, `${names.file}.ts`),
      validatorModule: path.join(output, "validators", `${names.file}.ts`),
      input: names.rootInput,
      payload: names.rootPayload,
    };
  });
}

const repository = fileURLToPath(new URL("../..", import.meta.url));
const subjects = [
  ...subjectsIn(path.join(repository, "schemas"), path.join(repository, "generated/tasks")),
  ...acceptedCases.flatMap(({ folder }) =>
    subjectsIn(path.join(folder, "schemas"), path.join(folder, "expected")),
  ),
];

interface Verdict {
  readonly value: unknown;
  /** What the value is once defaults are filled in. */
  readonly filled: unknown;
  readonly isAccepted: boolean;
  readonly isSayablyRejected: boolean;
}

async function judge({ schema, validatorModule }: Subject): Promise<Verdict[]> {
  const module = (await import(pathToFileURL(validatorModule).href)) as {
    validator: PayloadValidator;
  };
  const reference = createAjv(schema).compile(schema);
  const relaxed = createAjv(schema, { strict: false }).compile(relax(schema) as SchemaObject);
  return sampleValues(schema, samplesPerTask, seed).map((value) => {
    const filled = asParsed(value);
    const isAccepted = module.validator(filled);
    const expected = asParsed(value);
    expect(reference(expected), JSON.stringify(value)).toBe(isAccepted);
    expect(filled).toEqual(expected);
    return { value, filled, isAccepted, isSayablyRejected: !relaxed(asParsed(value)) };
  });
}

describe("types and validators agree", async () => {
  const verdicts = await Promise.all(subjects.map(judge));
  const flat = subjects.flatMap((subject, index) =>
    (verdicts[index] ?? []).map((verdict) => ({ subject, ...verdict })),
  );
  const inputs = checkAssignments(
    flat.map(({ subject, value }) => ({ module: subject.module, type: subject.input, value })),
  );
  const accepted = flat.filter(({ isAccepted }) => isAccepted);
  const payloads = checkAssignments(
    accepted.map(({ subject, filled }) => ({
      module: subject.module,
      type: subject.payload,
      value: filled,
    })),
    { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false },
  );

  test("the generated modules compile, under strict options and more usual ones", () => {
    expect(inputs.moduleErrors).toEqual([]);
    expect(payloads.moduleErrors).toEqual([]);
  });

  test("each schema has samples of both kinds", () => {
    for (const [index, subject] of subjects.entries()) {
      const own = verdicts[index] ?? [];
      const good = own.filter(({ isAccepted }) => isAccepted).length;
      expect(good, `${subject.name}: accepted`).toBeGreaterThan(0);
      expect(own.length - good, `${subject.name}: rejected`).toBeGreaterThan(0);
    }
  });

  describe.each(subjects.map((subject, index) => ({ subject, name: subject.name, index })))(
    "$name",
    ({ subject }) => {
      const own = flat.flatMap((verdict, index) =>
        verdict.subject === subject ? [{ ...verdict, error: inputs.errors[index] }] : [],
      );

      test("what the validator accepts, the producer's type accepts", () => {
        const wrong = own.filter(({ isAccepted, error }) => isAccepted && error !== undefined);
        expect(wrong.map(({ value, error }) => [JSON.stringify(value), error])).toEqual([]);
      });

      test("what the validator accepts, with its defaults, the handler's type accepts", () => {
        const wrong = accepted.flatMap((verdict, index) =>
          verdict.subject === subject && payloads.errors[index] !== undefined
            ? [[JSON.stringify(verdict.filled), payloads.errors[index]]]
            : [],
        );
        expect(wrong).toEqual([]);
      });

      test("what the validator rejects for a reason that TypeScript can say, the type rejects", () => {
        const wrong = own.filter(
          ({ isSayablyRejected, error }) => isSayablyRejected && error === undefined,
        );
        expect(wrong.map(({ value }) => JSON.stringify(value))).toEqual([]);
      });
    },
  );
});
