import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "../../codegen/json.js";
import { createAjv } from "../../codegen/tasks/ajv.js";
import { lintFile } from "../../codegen/tasks/lint.js";
import { buildModel, type TaskModel } from "../../codegen/tasks/model.js";
import type { SchemaObject } from "../../codegen/tasks/node.js";
import { findScheduleFaults } from "../../src/cron/task-schedules.js";
import { randomSchema } from "./support/random-schemas.js";
import { compileElsewhere } from "./support/other-validator.js";
import { relaxFurther } from "./support/relax.js";
import { asParsed, sampleValues } from "./support/samples.js";
import { checkAssignments, type Assignment } from "./support/type-verdicts.js";

const schemaCount = 60;
const samplesPerSchema = 25;
const seed = 4242;

/** Combinations that make no sense are refused, and by these rules only. */
const expectedRules = new Set([
  "contradiction",
  "impossible-branch",
  "endless-reference",
  "unclear-unevaluated",
  "nested-unevaluated",
  "skipped-contains",
  "recursive-combination",
  "too-many-combinations",
]);

interface Sample extends Assignment {
  readonly schema: string;
  readonly isAccepted: boolean;
  readonly isSayablyRejected: boolean;
}

async function modelOf(schema: SchemaObject): Promise<TaskModel | undefined> {
  const parsed = parseJson(JSON.stringify(schema));
  if (!parsed.ok) throw new Error(parsed.message);
  const source = { name: "task", relativePath: "task.json", document: parsed.document };
  const linted = lintFile(source, findScheduleFaults);
  const unexpected = linted.findings.filter(({ rule }) => !expectedRules.has(rule));
  expect(unexpected, JSON.stringify(schema)).toEqual([]);
  return linted.findings.length > 0 ? undefined : buildModel(linted);
}

async function samplesOf(schema: SchemaObject, model: TaskModel, index: number): Promise<Sample[]> {
  const validate = createAjv(schema).compile(schema);
  const validateElsewhere = await compileElsewhere(schema);
  const relaxed = createAjv(schema, { strict: false }).compile(relaxFurther(schema));
  const alias = model.hasDefaults ? "" : "\nexport type TaskInput = TaskPayload;";
  const module = {
    module: `/random/types${index}.ts`,
    text: model.types.text + alias,
    schema: JSON.stringify(schema),
  };
  return sampleValues(schema, samplesPerSchema, seed).flatMap((value): Sample[] => {
    const filled = asParsed(value);
    const isAccepted = validate(filled);
    const where = `${JSON.stringify(schema)} of ${JSON.stringify(filled)}`;
    expect(validateElsewhere(filled), where).toBe(isAccepted);
    const isSayablyRejected = !relaxed(asParsed(value));
    const input = { ...module, type: "TaskInput", value, isAccepted, isSayablyRejected };
    return isAccepted ? [input, { ...input, type: "TaskPayload", value: filled }] : [input];
  });
}

test("types, validators and the specification agree on schemas that nobody would write", async () => {
  const samples: Sample[] = [];
  const schemas = fc.sample(randomSchema, { seed, numRuns: schemaCount });
  for (const [index, schema] of schemas.entries()) {
    const model = await modelOf(schema);
    if (model !== undefined) samples.push(...(await samplesOf(schema, model, index)));
  }
  const { errors, moduleErrors } = checkAssignments(samples, { types: [] });
  expect(moduleErrors).toEqual([]);
  const wrong = samples.flatMap((sample, index) => {
    const error = errors[index];
    const isWrong = sample.isAccepted ? error !== undefined : sample.isSayablyRejected && !error;
    return isWrong ? [{ schema: sample.schema, value: JSON.stringify(sample.value), error }] : [];
  });
  expect(wrong).toEqual([]);
  expect(samples.length).toBeGreaterThan(schemaCount * 5);
});
