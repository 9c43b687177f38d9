/**
 * Measures codegen as a user runs it: the built package, in a project of its own.
 * `npx -y pnpm@12 bench:codegen [--tasks=300] [--definitions=344]`
 * @module
 */
import { parseArgs } from "node:util";
import { format } from "../figures.js";
import type { CommandRun } from "./command.js";
import { makeDocument } from "./document.js";
import type { Schema } from "./parts.js";
import { Subject } from "./subject.js";
import { makeTasks } from "./tasks.js";
import { measureWatch } from "./watch.js";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "300" },
    definitions: { type: "string", default: "344" },
  },
});
const out = process.stdout;

await Subject.build();

await measure(`${values.tasks} tasks`, makeTasks(Number(values.tasks)));
await measure(`a document of ${values.definitions} definitions`, {
  "large.json": makeDocument(Number(values.definitions)),
});

async function measure(title: string, schemas: Readonly<Record<string, Schema>>): Promise<void> {
  await using subject = await Subject.create(schemas);
  out.write(`${title}, ${size(JSON.stringify(schemas).length)} of schemas\n`);
  tell("first run", await subject.codegen());
  tell("unchanged run", await subject.codegen());
  tell("--check", await subject.codegen("--check"));
  out.write(
    `  modules ${size(await subject.size("tasks"))}, validators ${size(await subject.size("tasks/validators"))}\n`,
  );
  tell("tsc", await subject.compile());
  const [name, schema] = Object.entries(schemas)[0] ?? [];
  if (name !== undefined && schema !== undefined) {
    const seconds = await measureWatch(subject, name, schema);
    out.write(`  --watch, from a change to its output: ${seconds.map(format).join(", ")} s\n`);
  }
}

function tell(what: string, { code, seconds, cpuSeconds, output }: CommandRun): void {
  const cpu = cpuSeconds === undefined ? "" : `${format(cpuSeconds)} s of CPU, `;
  out.write(`  ${what}: ${cpu}${format(seconds)} s\n`);
  if (code !== 0) throw new Error(`It ended with ${code}:\n${output.slice(0, 3000)}`);
}

function size(bytes: number): string {
  return `${format(bytes / 1024)} KiB`;
}
