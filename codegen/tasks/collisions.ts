import type { Problem } from "../problem.js";
import { namesOf, type TaskIdentity } from "./identity.js";
import { pascalCase, type TaskNames } from "./names.js";

type Named = TaskIdentity & { readonly names: TaskNames };

/** Finds tasks whose names can't stand beside each other in one registry. */
export function findCollisions(tasks: readonly TaskIdentity[]): Problem[] {
  const problems: Problem[] = [];
  const named: Named[] = [];
  for (const task of tasks) {
    const problem = checkIdentifier(task);
    if (problem === undefined) named.push({ ...task, names: namesOf(task) });
    else problems.push(problem);
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
  const [own, other] = [task.identifier, holder.identifier];
  return {
    ...task.place,
    rule: "name-collision",
    message:
      own === other
        ? `Task "${own}" is also defined by ${holder.place.file}.`
        : `Tasks "${own}" and "${other}" (${holder.place.file}) would both be called ${name} in the generated code.`,
    hint: "Rename the file of one of them, or give it an x-task.identifier that differs in more than case and separators.",
  };
}

function checkIdentifier({ identifier, place }: TaskIdentity): Problem | undefined {
  const isNameable =
    pascalCase(identifier) !== "" && identifier !== "__proto__" && !lineEnd.test(identifier);
  if (isNameable && Array.from(identifier).length <= maxIdentifierLength) return undefined;
  return {
    ...place,
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

/** Finds types of parts of payloads that have the same name in two tasks. */
export function findNameClashes(
  tasks: readonly { readonly identity: TaskIdentity; readonly typeNames: readonly string[] }[],
): Problem[] {
  const holders = new Map<string, TaskIdentity>();
  const problems: Problem[] = [];
  for (const { identity, typeNames } of tasks) {
    const exported = new Set([...claimedNames(namesOf(identity)), ...typeNames]);
    for (const name of exported) {
      const holder = holders.get(name);
      holders.set(name, identity);
      if (holder === undefined) continue;
      problems.push({
        file: identity.place.file,
        rule: "type-collision",
        message: `Tasks "${identity.identifier}" and "${holder.identifier}" both make a type called ${name}.`,
        hint: "Rename the definition in $defs that the type is named after.",
      });
    }
  }
  return problems;
}
