/** One thing that is wrong with the input of codegen. Problems are collected, never thrown one by one. */
export interface Problem {
  /** Path of the offending file, relative to the project's root, with forward slashes. */
  readonly file: string;
  /** JSON Pointer (RFC 6901) into a schema file; the empty string is the whole document. */
  readonly pointer?: string;
  /** One-based line in a file that isn't JSON, or that isn't JSON any more. */
  readonly line?: number;
  readonly column?: number;
  /** Stable name of the rule that was broken, such as `unknown-x-task-key`. */
  readonly rule: string;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** One text block for a person: where, what, what to do. */
export function formatProblem(problem: Problem): string {
  const line = problem.line === undefined ? "" : `:${problem.line}`;
  const column = problem.column === undefined ? "" : `:${problem.column}`;
  const pointer = problem.pointer === undefined ? "" : `#${problem.pointer}`;
  return `${problem.file}${line}${column}${pointer}\n  ${problem.message} [${problem.rule}]\n  ${problem.hint}`;
}
