import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { isObject, parseJson } from "../../../codegen/json.js";
import type { SchemaObject } from "../../../codegen/tasks/node.js";
import { compileOriginal } from "../support/original-validator.js";
import { readTask, type ReadTask } from "../support/read-task.js";
import { asParsed, sampleValues } from "../support/samples.js";
import { collectStore, collectWebhooks, sample, type CollectedSchema } from "./sources.js";

const samplesPerSchema = 20;
const { values: options } = parseArgs({
  options: {
    /** A folder of SchemaStore's schemas, if there is a copy on disk. */
    store: { type: "string" },
    /** Which sample of the store is taken. */
    offset: { type: "string", default: "0" },
    count: { type: "string", default: "200" },
  },
});

/** What became of one schema: accepted, or the rules that refuse it; and verdicts that differ. */
interface Outcome {
  readonly name: string;
  readonly problems: readonly string[];
  readonly differences: readonly string[];
}

async function judge({ name, text }: CollectedSchema): Promise<Outcome> {
  const parsed = parseJson(text);
  if (!parsed.ok) return { name, problems: ["not-json"], differences: [] };
  const task = await readTask(text);
  if (task.problems.length > 0) return { name, problems: task.problems, differences: [] };
  const differences = compare(parsed.document.value as SchemaObject, task);
  return { name, problems: [], differences };
}

/** Payloads that a plain validator of the schema's own draft judges differently. */
function compare(original: SchemaObject, task: ReadTask): string[] {
  let judgeOriginal: (value: unknown) => boolean;
  try {
    judgeOriginal = compileOriginal(original);
  } catch {
    // Some schemas are beyond the plain validator, such as ones with broken patterns.
    return [];
  }
  // A payload is an object, whether or not the schema says so.
  const payloads = sampleValues(task.schema, samplesPerSchema, 1).filter(isObject);
  return payloads.flatMap((value) => {
    const filled = task.accept(asParsed(value));
    const isAccepted = filled !== undefined;
    if (judgeOriginal(isAccepted ? filled : asParsed(value)) === isAccepted) return [];
    return [`${isAccepted ? "accepted" : "refused"} here: ${JSON.stringify(value)}`];
  });
}

function report(title: string, outcomes: readonly Outcome[], target: number): boolean {
  const refused = outcomes.filter(({ problems }) => problems.length > 0);
  const accepted = outcomes.length - refused.length;
  console.log(`${title}: ${accepted} of ${outcomes.length} accepted, at least ${target} wanted`);
  for (const { name, problems } of refused) console.log(`  ${name}: ${problems[0]}`);
  const different = outcomes.filter(({ differences }) => differences.length > 0);
  for (const { name, differences } of different) console.log(`  ${name}: ${differences[0]}`);
  return accepted >= target && different.length === 0;
}

async function judgeAll(schemas: readonly CollectedSchema[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const schema of schemas) outcomes.push(await judge(schema));
  return outcomes;
}

const folder = mkdtempSync(path.join(tmpdir(), "taskwright-collections-"));
try {
  const [webhooks, store] = ["webhooks", "store"].map((name) => path.join(folder, name));
  for (const each of [webhooks, store]) mkdirSync(String(each));
  const isGood = report("webhook payloads", await judgeAll(collectWebhooks(String(webhooks))), 220);
  const medium = collectStore(String(store), options.store);
  const chosen = sample(medium, Number(options.count), Number(options.offset));
  const wanted = Math.ceil(chosen.length * 0.75);
  const isStoreGood = report("SchemaStore, medium size", await judgeAll(chosen), wanted);
  process.exitCode = isGood && isStoreGood ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
