import type { Problem } from "../problem.js";
import type { LintedFile } from "./lint.js";
import { identifierOf, type TaskModel } from "./model.js";
import { nameTask, pascalCase, type TaskNames } from "./names.js";

type Named = Pick<LintedFile, "source" | "defaults"> & { readonly names: TaskNames };

/** Finds tasks whose names can't stand beside each other in one registry. */
export function findCollisions(files: readonly LintedFile[]): Problem[] {
  const problems: Problem[] = [];
  const named: Named[] = [];
  for (const { source, defaults } of files) {
    const identifier = identifierOf({ source, defaults });
    const problem = checkIdentifier({ source, defaults });
    if (problem === undefined) {
      named.push({ source, defaults, names: nameTask(identifier, defaults.batch !== undefined) });
    } else problems.push(problem);
  }
  const holders = new Map<string, Named>();
  for (const task of named) {
    const clash = claimedNames(task.names)
      .map((name) => [name, holders.get(name)] as const)
      .find(([, holder]) => holder !== undefined);
    const [name, holder] = clash ?? [];
    if (name !== undefined && holder !== undefined) problems.push(collision(task, holder, name));
    else for (const claimed of claimedNames(task.names)) holders.set(claimed, task);
  }
  return problems;
}

/** What a task's module exports, and its file, which some systems find in any letter case. */
function claimedNames(names: TaskNames): string[] {
  const exported = [
    names.task,
    names.schema,
    names.validate,
    names.add,
    names.addMany,
    names.handler,
    names.payload,
    names.input,
    names.rootPayload,
    names.rootInput,
  ].filter((name) => name !== undefined);
  return [...new Set(exported), `${names.file.toLowerCase()}.ts`];
}

function collision(task: Named, holder: Named, name: string): Problem {
  const [own, other] = [identifierOf(task), identifierOf(holder)];
  return {
    ...placeOfIdentifier(task),
    rule: "name-collision",
    message:
      own === other
        ? `Task "${own}" is also defined by ${holder.source.relativePath}.`
        : `Tasks "${own}" and "${other}" (${holder.source.relativePath}) would both be called ${name} in the generated code.`,
    hint: "Rename the file of one of them, or give it an x-task.identifier that differs in more than case and separators.",
  };
}

function checkIdentifier(file: Pick<LintedFile, "source" | "defaults">): Problem | undefined {
  const identifier = identifierOf(file);
  const isNameable =
    pascalCase(identifier) !== "" && identifier !== "__proto__" && !lineEnd.test(identifier);
  if (isNameable && Array.from(identifier).length <= maxIdentifierLength) return undefined;
  return {
    ...placeOfIdentifier(file),
    rule: "task-identifier",
    message: isNameable
      ? `The task's identifier has more than ${maxIdentifierLength} characters.`
      : `No name can be made of the task identifier ${JSON.stringify(identifier)}.`,
    hint: "Use letters or digits, with _ or - between words.",
  };
}

/** Characters that end a comment's line, or that no terminal shows. */
const lineEnd = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const maxIdentifierLength = 128;

function placeOfIdentifier({ source, defaults }: Pick<LintedFile, "source" | "defaults">) {
  const { relativePath, document } = source;
  if (defaults.identifier === undefined) return { file: relativePath };
  const pointer = "/x-task/identifier";
  return { file: relativePath, pointer, ...document.position(pointer) };
}

/** Finds types of parts of payloads that have the same name in two tasks. */
export function findNameClashes(models: readonly TaskModel[]): Problem[] {
  const holders = new Map<string, TaskModel>();
  const problems: Problem[] = [];
  for (const model of models) {
    const exported = new Set([...claimedNames(model.names), ...model.types.names]);
    for (const name of exported) {
      const holder = holders.get(name);
      holders.set(name, model);
      if (holder === undefined) continue;
      problems.push({
        file: model.source.relativePath,
        rule: "type-collision",
        message: `Tasks "${model.identifier}" and "${holder.identifier}" both make a type called ${name}.`,
        hint: "Rename the definition in $defs that the type is named after.",
      });
    }
  }
  return problems;
}
