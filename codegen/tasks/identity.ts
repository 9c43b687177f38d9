import type { LintedFile } from "./lint.js";
import { nameTask, type TaskNames } from "./names.js";

/** What of a task must be known beside other tasks. */
export interface TaskIdentity {
  /** Its name in the database. */
  readonly identifier: string;
  readonly isBatch: boolean;
  /** Where the identifier stands: a file, or a place in it. */
  readonly place: {
    readonly file: string;
    readonly pointer?: string;
    readonly line?: number;
    readonly column?: number;
  };
}

export function identify({
  source,
  defaults,
}: Pick<LintedFile, "source" | "defaults">): TaskIdentity {
  const { relativePath: file, document } = source;
  const pointer = "/x-task/identifier";
  const isGiven = defaults.identifier !== undefined;
  return {
    identifier: defaults.identifier ?? source.name,
    isBatch: defaults.batch !== undefined,
    place: isGiven ? { file, pointer, ...document.position(pointer) } : { file },
  };
}

export function namesOf({ identifier, isBatch }: TaskIdentity): TaskNames {
  return nameTask(identifier, isBatch);
}
