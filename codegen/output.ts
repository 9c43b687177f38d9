/** One file that codegen wants to exist. */
export interface OutputFile {
  /** Absolute path. */
  readonly path: string;
  readonly text: string;
}

/** What a stage of codegen hands on: its files are worth nothing while there are problems. */
export interface StageResult<P> {
  readonly files: readonly OutputFile[];
  readonly problems: readonly P[];
  /** What is accepted, but may not be what was meant. */
  readonly warnings?: readonly P[];
}
