/** Where a new pause is announced (sql/queries/pauses.sql). */
export const pauseChannel = "taskwright:pauses";

/** What can be paused. */
export type PauseKind = "task" | "queue";

/** What was paused. */
export interface PauseNotice {
  /** Unquoted name of the schema whose jobs it is about. */
  readonly schema: string;
  readonly kind: PauseKind;
  /** The task's identifier or the queue's name. */
  readonly name: string;
}

/** Reads an announcement; undefined for what isn't one, since anybody may notify on a channel. */
export function parsePauseNotice(payload: string | undefined): PauseNotice | undefined {
  try {
    const notice: Partial<Record<string, unknown>> = JSON.parse(payload ?? "") ?? {};
    const { schema, kind, name } = notice;
    if (typeof schema !== "string" || typeof name !== "string") return undefined;
    return kind === "task" || kind === "queue" ? { schema, kind, name } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a pause is about a job. */
export function concerns(
  { kind, name }: PauseNotice,
  job: { readonly task: string; readonly queueName: string | null },
): boolean {
  return name === (kind === "task" ? job.task : job.queueName);
}
