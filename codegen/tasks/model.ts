import { identify } from "./identity.js";
import type { LintedFile } from "./lint.js";
import type { SchemaFile } from "./load.js";
import { importedTypes, nameTask, pascalCase, type TaskNames } from "./names.js";
import type { TaskDefaults } from "./options.js";
import { pointerKeys } from "../json.js";
import type { Side } from "./types/canonical.js";
import {
  declareTypes,
  differsBySide,
  type TypeDeclarations,
  type TypeNames,
} from "./types/declare.js";
import type { Definition } from "./types/type.js";
import type { CompiledValidator } from "./validator.js";

/** All that the emitters know of one task. Nothing changes it after it was made. */
export interface TaskModel {
  readonly identifier: string;
  readonly source: SchemaFile;
  readonly validator: CompiledValidator;
  readonly names: TaskNames;
  readonly doc: string;
  /** The type of the payload, or of one item of a batch task, and of its parts. */
  readonly types: TypeDeclarations;
  /** Whether producer and handler see different types. */
  readonly hasDefaults: boolean;
  readonly defaults: TaskDefaults;
  /** Whether an empty object is a valid payload, so that the producer may leave it out. */
  readonly isPayloadOptional: boolean;
}

export async function buildModel({
  source,
  defaults,
  root,
  validator,
}: LintedFile): Promise<TaskModel> {
  if (root === undefined || validator === undefined)
    throw new Error(`${source.relativePath} was not linted clean.`);
  const identifier = identify({ source, defaults }).identifier;
  const names = nameTask(identifier, defaults.batch !== undefined);
  return Object.freeze({
    identifier,
    source,
    validator,
    names,
    doc: root.doc,
    types: await declareTypes(root, nameTypes(root, names)),
    hasDefaults: differsBySide(root),
    defaults,
    isPayloadOptional: defaults.batch === undefined && validator.acceptsNothing,
  });
}

/**
 * A definition is named after its task and its own last key, so that two tasks may both define an
 * address, and a definition may be called Date.
 */
function nameTypes(root: Definition, names: TaskNames): TypeNames {
  const byDefinition = new Map<string, string>();
  const { rootPayload, rootInput, payload, input, handler } = names;
  const taken = new Set([...importedTypes, rootPayload, rootInput, payload, input, handler]);
  const stemOf = ({ pointer }: Definition): string => {
    const known = byDefinition.get(pointer);
    if (known !== undefined) return known;
    const own = `${names.stem}${pascalCase(pointerKeys(pointer).at(-1) ?? "") || "Part"}`;
    let stem = own;
    for (let count = 2; taken.has(stem) || taken.has(`${stem}Input`); count++)
      stem = `${own}${count}`;
    taken.add(stem).add(`${stem}Input`);
    byDefinition.set(pointer, stem);
    return stem;
  };
  return {
    of: (target: Definition, side: Side) => {
      if (target === root) return side === "input" ? names.rootInput : names.rootPayload;
      return side === "input" ? `${stemOf(target)}Input` : stemOf(target);
    },
  };
}
