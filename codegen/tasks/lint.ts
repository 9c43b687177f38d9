import type { ScheduleCheck } from "./cron.js";
import { readDocument, type ReadingOptions } from "./convert/index.js";
import { isObject, type JsonDocument } from "../json.js";
import type { SchemaFile } from "./load.js";
import { walkSchemas, type SchemaObject } from "./node.js";
import { readDefaults, type TaskDefaults } from "./options.js";
import { References } from "./reference.js";
import { applyRules, type Finding, type LintInput } from "./rule.js";
import { compiledRules, defaultRules, strictDefaultRules } from "./rules/defaults.js";
import { findDepth, tooDeep } from "./rules/depth.js";
import { checkDocument, tryCompilation } from "./rules/document.js";
import { keywordRules } from "./rules/keywords.js";
import { referenceRules } from "./rules/references.js";
import { trialRules } from "./rules/trials.js";
import { typeRules } from "./rules/types.js";
import { unevaluatedRules } from "./rules/unevaluated.js";
import { valueRules } from "./rules/values.js";
import { findSlowPatterns } from "./slow-patterns.js";
import { TypeReader } from "./types/read.js";
import type { Definition } from "./types/type.js";
import { dropUnclearDefaults } from "./unclear-defaults.js";
import type { CompiledValidator } from "./validator.js";

/** A schema file that was read, with all that is wrong with it. */
export interface LintedFile {
  readonly source: SchemaFile;
  /** The document as draft 2020-12. */
  readonly schema: SchemaObject;
  readonly defaults: TaskDefaults;
  /** With pointers into the source, like the warnings. */
  readonly findings: readonly Finding[];
  /** What is accepted, but may not be what was meant. */
  readonly warnings: readonly Finding[];
  /** The root's type; absent while there are findings, like the validator. */
  readonly root?: Definition;
  readonly validator?: CompiledValidator;
}

const schemaRules = [
  ...keywordRules,
  ...referenceRules,
  ...valueRules,
  ...trialRules,
  ...unevaluatedRules,
];

/** Rules of meaning that only warn, unless in strict mode: types and validators agree all the same. */
const mild: ReadonlySet<string> = new Set([
  "untyped-value",
  "undeclared-property",
  "impossible-branch",
]);

/** Checks one file. A document that is too deep for the stack is a finding like others. */
export function lintFile(
  source: SchemaFile,
  checkSchedule: ScheduleCheck,
  options: ReadingOptions = {},
): LintedFile {
  try {
    return readAndLint(source, checkSchedule, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { source, schema: {}, defaults: {}, warnings: [], findings: [tooDeep("")] };
  }
}

function readAndLint(
  source: SchemaFile,
  checkSchedule: ScheduleCheck,
  options: ReadingOptions,
): LintedFile {
  const { document, warnings, sourceOf } = readDocument(source.document, options);
  const place = (finding: Finding) => ({ ...finding, pointer: sourceOf(finding.pointer) });
  const { linted, dropped } = lintWithTrueDefaults(document, checkSchedule, options);
  const { defaults, root, validator } = linted;
  const isMild = ({ rule }: Finding) => options.strict !== true && mild.has(rule);
  const findings = linted.findings.filter((each) => !isMild(each));
  const slow = root === undefined ? [] : findSlowPatterns(document.value as SchemaObject);
  return {
    source,
    schema: isObject(document.value) ? document.value : {},
    defaults,
    findings: findings.map(place),
    warnings: [...warnings, ...[...dropped, ...linted.findings.filter(isMild), ...slow].map(place)],
    ...(findings.length > 0 || root === undefined || validator === undefined
      ? {}
      : { root, validator }),
  };
}

/** Each round may bring to light a further default that can't be filled in. */
function lintWithTrueDefaults(
  document: JsonDocument,
  checkSchedule: ScheduleCheck,
  options: ReadingOptions,
): { readonly linted: Linted; readonly dropped: readonly Finding[] } {
  const dropped: Finding[] = [];
  for (;;) {
    const linted = lintDocument(document, checkSchedule, options);
    const found = options.strict === true ? [] : dropUnclearDefaults(document, linted.findings);
    if (found.length === 0) return { linted, dropped };
    dropped.push(...found);
  }
}

type Linted = Pick<LintedFile, "defaults" | "findings" | "root" | "validator">;

/** In steps, each of which relies on what the ones before have made sure of. */
function lintDocument(
  document: JsonDocument,
  checkSchedule: ScheduleCheck,
  { strict }: ReadingOptions,
): Linted {
  const malformed = checkDocument(document);
  if (!isObject(document.value)) return { defaults: {}, findings: malformed };
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
    return { defaults, findings };
  }
  const deep = findDepth(input);
  if (deep !== undefined) return { defaults, findings: [...optionFindings, tooDeep(deep)] };
  const rules = [...schemaRules, ...(strict === true ? strictDefaultRules : defaultRules)];
  const findings = [...optionFindings, ...applyRules(rules, input)];
  if (findings.length > optionFindings.length) return { defaults, findings };
  const { validator, findings: uncompilable } = tryCompilation(root);
  if (validator === undefined) return { defaults, findings: [...findings, ...uncompilable] };
  for (const each of applyRules(compiledRules, input)) findings.push(each);
  const reader = new TypeReader(root, input.references, strict);
  for (const each of typeRules(input, reader, defaults)) findings.push(each);
  return { defaults, findings, root: reader.definition(""), validator };
}
