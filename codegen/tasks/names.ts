/** The words of a name in any spelling: `send_email`, `send-email`, `sendEmail`, `SEND EMAIL`. */
export function wordsOf(name: string): string[] {
  return name
    .normalize("NFC")
    .replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2")
    .replaceAll(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, "$1 $2")
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/** `send_email` becomes `SendEmail`; empty when nothing in it can be part of a name. */
export function pascalCase(name: string): string {
  return wordsOf(name)
    .map((word) => {
      const [first = "", ...rest] = word;
      return first.toUpperCase() + rest.join("").toLowerCase();
    })
    .join("");
}

/** Every name that codegen makes of one task. */
export interface TaskNames {
  /** Name of the generated module, without its extension. */
  readonly file: string;
  /** `SendEmail`: the stem of the other names. */
  readonly stem: string;
  /** The task's own constant. */
  readonly task: string;
  readonly schema: string;
  readonly validate: string;
  readonly add: string;
  /** Adds several jobs at once; a batch task has none, its jobs hold several items already. */
  readonly addMany: string | undefined;
  readonly handler: string;
  readonly payload: string;
  readonly input: string;
  /** The schema's own types: the payload, or one item of it. */
  readonly rootPayload: string;
  readonly rootInput: string;
}

/** Names of files that codegen writes beside those of the tasks. */
const otherFiles: ReadonlySet<string> = new Set(["index", "graphile-worker"]);

/** Words that can't name a constant in a module, or that would hide what the module imports. */
const takenNames: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval
  export extends false finally for function if implements import in instanceof interface let new
  null package private protected public return static super switch this throw true try typeof
  undefined var void while with yield tasks validator defineHandlers definePartialHandlers
  bindHandlers bindClient createClient methods defineCron cron defineTask enqueue enqueueMany
  enqueueBatch`.split(/\s+/u),
);

/** Types that a task's module imports. */
export const importedTypes: ReadonlySet<string> = new Set([
  "Executor",
  "Handler",
  "Job",
  "JobItem",
  "StandardSchema",
  "TaskSpec",
  "ValidationResult",
]);

export function nameTask(identifier: string, isBatch: boolean): TaskNames {
  const pascal = pascalCase(identifier);
  const isTaken =
    /^\p{N}/u.test(pascal) ||
    (isBatch && importedTypes.has(`${pascal}Item`)) ||
    // A client's methods addMany and addBulk are for all tasks.
    pascal === "Many" ||
    pascal === "Bulk";
  const stem = isTaken ? `Task${pascal}` : pascal;
  const [first = "", ...rest] = stem;
  const camel = first.toLowerCase() + rest.join("");
  const file = identifier.normalize("NFC").replaceAll(/[^\p{L}\p{N}_-]/gu, "_");
  const root = isBatch ? `${stem}Item` : stem;
  return Object.freeze({
    file: otherFiles.has(file.toLowerCase()) ? `task_${file}` : file,
    stem,
    task: takenNames.has(camel) ? `${camel}Task` : camel,
    schema: `${camel}Schema`,
    validate: `validate${stem}`,
    add: `add${stem}`,
    addMany: isBatch ? undefined : `add${stem}Jobs`,
    handler: `${stem}Handler`,
    payload: `${stem}Payload`,
    input: `${stem}Input`,
    rootPayload: isBatch ? root : `${root}Payload`,
    rootInput: `${root}Input`,
  });
}
