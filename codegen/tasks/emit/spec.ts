import type { TaskDefaults } from "../options.js";
import { templateFields, type TemplatePart } from "../template.js";

/** The source of the function that gives a job's defaults; undefined when the task has none. */
export function specSource(defaults: TaskDefaults): string | undefined {
  const { queueName, jobKey, jobKeyMode, priority, maxAttempts, flags } = defaults;
  const members = [
    ...(queueName === undefined ? [] : [`queueName: ${templateSource(queueName)}`]),
    ...(jobKey === undefined ? [] : [`jobKey: ${templateSource(jobKey)}`]),
    ...Object.entries({ jobKeyMode, priority, maxAttempts, flags })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ];
  if (members.length === 0) return undefined;
  const usesPayload = [queueName, jobKey].some((parts) => templateFields(parts ?? []).length > 0);
  return `(${usesPayload ? "payload" : ""}) => ({ ${members.join(", ")} })`;
}

function templateSource(parts: readonly TemplatePart[]): string {
  if (templateFields(parts).length === 0) {
    return JSON.stringify(parts.map((part) => ("text" in part ? part.text : "")).join(""));
  }
  const source = parts.map((part) =>
    "text" in part
      ? part.text.replaceAll(/[`\\]|\$(?=\{)/gu, String.raw`\$&`)
      : `\${payload${accessSource(part.field)}}`,
  );
  return `\`${source.join("")}\``;
}

function accessSource(name: string): string {
  return /^[A-Za-z_$][\w$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
