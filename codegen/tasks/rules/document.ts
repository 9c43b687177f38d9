import { createAjv } from "../ajv.js";
import { escapePointer, isObject, type JsonDocument } from "../../json.js";
import type { SchemaObject } from "../node.js";
import type { Finding } from "../rule.js";
import { compileValidator, type CompiledValidator } from "../validator.js";

/** What must hold before a document can be looked at as a schema. */
export function checkDocument(document: JsonDocument): Finding[] {
  const { value, duplicateKeys, inexactNumbers } = document;
  if (!isObject(value)) {
    const message = "A task's schema must be an object.";
    const hint = 'Start with { "type": "object", "properties": { … } }.';
    return [{ rule: "not-a-schema", pointer: "", message, hint }];
  }
  return [
    ...duplicateKeys.map((pointer) => ({
      rule: "duplicate-key",
      pointer,
      message: "The key is given twice; only the last one would count.",
      hint: "Remove one of them.",
    })),
    ...inexactNumbers.map((pointer) => ({
      rule: "inexact-number",
      pointer,
      message: "JavaScript can't hold this number exactly.",
      hint: "Stay within plus and minus 9007199254740991, or make the value a string.",
    })),
    ...loneSurrogates(value).map((pointer) => ({
      rule: "lone-surrogate",
      pointer: pointer.replaceAll(/\p{Surrogate}/gu, "\uFFFD"),
      message: "A text here holds half of a surrogate pair, which is no character.",
      hint: "Write the whole character, or remove the half.",
    })),
    ...checkMetaSchema(value),
  ];
}

/** Pointers to texts and keys that no encoding can write. */
function loneSurrogates(value: unknown, pointer = ""): string[] {
  if (typeof value === "string") return isBroken(value) ? [pointer] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, held]) => {
    const below = `${pointer}/${escapePointer(key)}`;
    return isBroken(key) ? [below] : loneSurrogates(held, below);
  });
}

function isBroken(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/** Kept, because the schema of schemas is slow to compile. */
let metaSchema: ReturnType<typeof createAjv> | undefined;

/** Draft 2020-12's own schema of schemas. */
function checkMetaSchema(schema: SchemaObject): Finding[] {
  // Another dialect is reported by a rule of its own; the form is checked all the same.
  const { $schema: _dialect, ...rest } = schema;
  metaSchema ??= createAjv({});
  if (metaSchema.validateSchema(rest) === true) return [];
  const findings = (metaSchema.errors ?? []).map(({ instancePath, message, params }) => ({
    rule: "invalid-schema",
    pointer: instancePath,
    message: `This is not valid in a schema of draft 2020-12: it ${message ?? "is refused"}${describeParams(params)}.`,
    hint: "Fix the keyword's value.",
  }));
  // The first error of a place is the closest one; those of the rules around it add nothing.
  const byPlace = new Map(findings.toReversed().map((finding) => [finding.pointer, finding]));
  return [...byPlace.values()].toReversed();
}

function describeParams(params: Record<string, unknown>): string {
  const allowed = params["allowedValues"];
  return Array.isArray(allowed) ? ` (${allowed.join(", ")})` : "";
}

/** What ajv's strict mode still finds; codegen's own rules should have said it better before. */
export function tryCompilation(schema: SchemaObject): {
  readonly validator?: CompiledValidator;
  readonly findings: readonly Finding[];
} {
  try {
    return { validator: compileValidator(schema), findings: [] };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = `The validator can't be built from this schema: ${error.message}.`;
    const hint = "Write the part that the message names in another way.";
    return { findings: [{ rule: "uncompilable", pointer: "", message, hint }] };
  }
}
