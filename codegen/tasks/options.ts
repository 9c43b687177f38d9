import { isObject } from "../json.js";
import { readCron, type ScheduleCheck } from "./cron.js";
import { durationForms, parseDuration } from "./duration.js";
import type { Finding } from "./rule.js";
import { didYouMean } from "../suggest.js";
import { parseTemplate, templateFields, type TemplatePart } from "./template.js";

/** A schema's `x-task`, checked. */
export interface TaskDefaults {
  readonly identifier?: string;
  readonly queueName?: readonly TemplatePart[];
  readonly jobKey?: readonly TemplatePart[];
  readonly jobKeyMode?: string;
  readonly priority?: number;
  readonly maxAttempts?: number;
  readonly flags?: readonly string[];
  readonly timeoutMs?: number;
  readonly isolate?: boolean;
  readonly maxPayloadBytes?: number;
  readonly batch?: { readonly maxItems?: number };
  readonly cron?: readonly string[];
}

/** What could be read, and what is wrong with the rest. */
export interface ReadDefaults {
  readonly defaults: TaskDefaults;
  readonly findings: readonly Finding[];
}

/** How one key of `x-task` is read: its value as it will be used, or undefined when it is wrong. */
interface Option {
  readonly as: keyof TaskDefaults;
  readonly expected: string;
  read(value: unknown): unknown;
}

const maxIdentifierLength = 128;
const maxInt16 = 32_767;
const maxFlagLength = 128;
const jobKeyModes: readonly unknown[] = ["replace", "preserve_run_at", "unsafe_dedupe"];

const options: Readonly<Record<string, Option>> = {
  identifier: {
    as: "identifier",
    expected: `a string of 1 to ${maxIdentifierLength} characters`,
    read: (value) => textUpTo(value, maxIdentifierLength),
  },
  queueName: {
    as: "queueName",
    expected: "a string of 1 to 128 characters, with {field} placeholders or without",
    read: (value) => templateUpTo(value, 128),
  },
  jobKey: {
    as: "jobKey",
    expected: "a string of 1 to 512 characters, with {field} placeholders or without",
    read: (value) => templateUpTo(value, 512),
  },
  jobKeyMode: {
    as: "jobKeyMode",
    expected: `one of ${jobKeyModes.join(", ")}`,
    read: (value) => (jobKeyModes.includes(value) ? value : undefined),
  },
  priority: {
    as: "priority",
    expected: `an integer from -32768 to ${maxInt16}`,
    read: (value) => integerIn(value, -maxInt16 - 1, maxInt16),
  },
  maxAttempts: {
    as: "maxAttempts",
    expected: `an integer from 1 to ${maxInt16}`,
    read: (value) => integerIn(value, 1, maxInt16),
  },
  flags: {
    as: "flags",
    expected: "an array of distinct texts",
    read: readFlags,
  },
  timeout: { as: "timeoutMs", expected: durationForms, read: parseDuration },
  isolate: {
    as: "isolate",
    expected: "true or false",
    read: (value) => (typeof value === "boolean" ? value : undefined),
  },
  maxPayloadBytes: {
    as: "maxPayloadBytes",
    expected: "an integer of at least 1",
    read: (value) => integerIn(value, 1, Number.MAX_SAFE_INTEGER),
  },
  batch: {
    as: "batch",
    expected: "true, or an object with maxItems, an integer of at least 1",
    read: readBatch,
  },
};

/** Every key that `x-task` may have. */
export const optionNames: readonly string[] = [...Object.keys(options), "cron"];

/** Reads `x-task`; findings carry pointers. */
export function readDefaults(value: unknown, checkSchedule: ScheduleCheck): ReadDefaults {
  if (value === undefined) return { defaults: {}, findings: [] };
  if (!isObject(value)) {
    const message = "x-task is not an object.";
    const hint = `Write an object with some of these keys: ${optionNames.join(", ")}.`;
    return {
      defaults: {},
      findings: [{ rule: "x-task-value", pointer: "/x-task", message, hint }],
    };
  }
  const read = Object.entries(value).map(([key, given]) =>
    key === "cron" ? readCron(given, checkSchedule) : readOption(key, given),
  );
  const defaults: TaskDefaults = Object.freeze(
    Object.assign({}, ...read.map((option) => option.defaults)),
  );
  const findings = read.flatMap((option) => option.findings);
  return { defaults, findings: [...findings, ...findConflicts(value, defaults)] };
}

function readOption(key: string, given: unknown): ReadDefaults {
  const pointer = `/x-task/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const option = Object.hasOwn(options, key) ? options[key] : undefined;
  if (option === undefined) {
    return refuse({
      rule: "unknown-x-task-key",
      pointer,
      message: `x-task has no key "${key}".${didYouMean(key, optionNames)}`,
      hint: `It knows ${optionNames.join(", ")}.`,
    });
  }
  const used = option.read(given);
  if (used !== undefined) return { defaults: { [option.as]: used }, findings: [] };
  return refuse({
    rule: "x-task-value",
    pointer,
    message: `${key} of x-task ${faultOf(key, given)}.`,
    hint: `Make it ${option.expected}.`,
  });
}

function refuse(finding: Finding): ReadDefaults {
  return { defaults: {}, findings: [finding] };
}

function faultOf(key: string, given: unknown): string {
  if ((key === "queueName" || key === "jobKey") && typeof given === "string") {
    const template = parseTemplate(given);
    if (!template.ok) return `can't be read: ${template.message}`;
  }
  return `can't be ${JSON.stringify(given)}`;
}

/** Keys that make no sense together. */
function findConflicts(given: Record<string, unknown>, defaults: TaskDefaults): Finding[] {
  const findings: Finding[] = [];
  if (given["jobKeyMode"] !== undefined && given["jobKey"] === undefined) {
    findings.push({
      rule: "job-key-mode-without-key",
      pointer: "/x-task/jobKeyMode",
      message: "jobKeyMode says what happens to a job of the same key, but there is no jobKey.",
      hint: "Add a jobKey, or remove jobKeyMode.",
    });
  }
  if (given["batch"] === undefined) return findings;
  for (const key of ["queueName", "jobKey"] as const) {
    const [field] = templateFields(defaults[key] ?? []);
    if (field === undefined) continue;
    findings.push({
      rule: "batch-placeholder",
      pointer: `/x-task/${key}`,
      message: `The placeholder {${field}} names a property of one item, but a job of a batch task has many items.`,
      hint: `Use a ${key} without placeholders, or give it with each call.`,
    });
  }
  if (given["cron"] !== undefined) {
    findings.push({
      rule: "batch-cron",
      pointer: "/x-task/cron",
      message: "A scheduled job has no items, so a batch task can't have a schedule.",
      hint: "Schedule a task that collects the items and adds the batch.",
    });
  }
  return findings;
}

function textUpTo(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== "string" || value === "" || value.includes("\0")) return undefined;
  return Array.from(value).length <= maxLength ? value : undefined;
}

function templateUpTo(value: unknown, maxLength: number): readonly TemplatePart[] | undefined {
  const text = textUpTo(value, Infinity);
  const template = text === undefined ? undefined : parseTemplate(text);
  if (template?.ok !== true) return undefined;
  const fixed = template.parts.map((part) => ("text" in part ? part.text : "")).join("");
  return Array.from(fixed).length <= maxLength ? Object.freeze([...template.parts]) : undefined;
}

function integerIn(value: unknown, min: number, max: number): number | undefined {
  const isIn = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
  return isIn ? (value as number) : undefined;
}

function readFlags(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || new Set(value).size !== value.length) return undefined;
  const flags = value.map((flag) => textUpTo(flag, maxFlagLength));
  return flags.every((flag) => flag !== undefined) ? Object.freeze(flags) : undefined;
}

function readBatch(value: unknown): TaskDefaults["batch"] {
  if (value === true) return {};
  if (!isObject(value) || Object.keys(value).some((key) => key !== "maxItems")) return undefined;
  const maxItems = integerIn(value["maxItems"], 1, Number.MAX_SAFE_INTEGER);
  return maxItems === undefined && value["maxItems"] !== undefined ? undefined : { ...value };
}
