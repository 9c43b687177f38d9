import type { ScheduleCheck } from "./cron.js";
import { isObject } from "../json.js";
import type { SchemaFile } from "./load.js";
import { walkSchemas, type SchemaObject } from "./node.js";
import { readDefaults, type TaskDefaults } from "./options.js";
import { References } from "./reference.js";
import { applyRules, type Finding, type LintInput } from "./rule.js";
import { compiledRules, defaultRules } from "./rules/defaults.js";
import { checkCompilation, checkDocument } from "./rules/document.js";
import { keywordRules } from "./rules/keywords.js";
import { referenceRules } from "./rules/references.js";
import { trialRules } from "./rules/trials.js";
import { typeRules } from "./rules/types.js";
import { unevaluatedRules } from "./rules/unevaluated.js";
import { valueRules } from "./rules/values.js";
import { TypeReader } from "./types/read.js";
import type { Definition } from "./types/type.js";

/** A schema file that was read, with all that is wrong with it. */
export interface LintedFile {
  readonly source: SchemaFile;
  readonly defaults: TaskDefaults;
  readonly findings: readonly Finding[];
  /** The root's type; absent while there are findings. */
  readonly root?: Definition;
}

const schemaRules = [
  ...keywordRules,
  ...referenceRules,
  ...valueRules,
  ...defaultRules,
  ...trialRules,
  ...unevaluatedRules,
];

/** Checks one file in steps, each of which relies on what the ones before have made sure of. */
export function lintFile(source: SchemaFile, checkSchedule: ScheduleCheck): LintedFile {
  const { document } = source;
  const malformed = checkDocument(document);
  if (!isObject(document.value)) return { source, defaults: {}, findings: malformed };
  const root: SchemaObject = document.value;
  const input: LintInput = {
    document,
    root,
    nodes: walkSchemas(root),
    references: new References(root),
  };
  const { defaults, findings: optionFindings } = readDefaults(root["x-task"], checkSchedule);
  if (malformed.length > 0) {
    // Keywords and options can be judged all the same, so that one run tells as much as it can.
    const findings = [...malformed, ...optionFindings, ...applyRules(keywordRules, input)];
    return { source, defaults, findings };
  }
  const findings = [...optionFindings, ...applyRules(schemaRules, input)];
  if (findings.length === optionFindings.length) {
    for (const each of checkCompilation(root)) findings.push(each);
  }
  if (findings.length > optionFindings.length) return { source, defaults, findings };
  for (const each of applyRules(compiledRules, input)) findings.push(each);
  const reader = new TypeReader(root, input.references);
  for (const each of typeRules(input, reader, defaults)) findings.push(each);
  const definition = reader.definition("");
  return findings.length > 0
    ? { source, defaults, findings }
    : { source, defaults, findings, root: definition };
}
