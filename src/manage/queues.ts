import type { Executor } from "../database/executor.js";
import { readTimeOrNull } from "../database/time.js";
import { text, type Rules } from "../option-rules.js";
import { readCursor, writeCursor } from "./cursor.js";
import { readsWithPauses, limitRule, manage, manageRules, type ManageOptions } from "./options.js";
import type { PageOptions } from "./list-jobs.js";

/** A named queue, whose jobs run one at a time. */
export interface QueueInfo {
  readonly name: string;
  /** How many jobs it has in all, failed ones included. */
  readonly jobs: number;
  /** How many of them are due and not running. */
  readonly due: number;
  /** How many of them have failed for good. */
  readonly failed: number;
  /** Since when the due job waits that waits longest. */
  readonly oldestDueAt: Date | null;
  /** The worker that runs a job of it. */
  readonly lockedBy: string | null;
  readonly lockedAt: Date | null;
  readonly isPaused: boolean;
}

/** Which queues {@link listQueues} lists. */
export interface ListQueuesOptions extends ManageOptions, PageOptions {
  /** Queues with this text, in any letter case, in their name. */
  readonly search?: string;
}

/** A page of a list of queues. */
export interface QueuePage {
  readonly queues: readonly QueueInfo[];
  /** Where the next page begins; null when there is none. */
  readonly nextCursor: string | null;
}

const owner = "listQueues";

/** Each option's rule and default. */
const rules = {
  ...manageRules,
  search: text(),
  limit: limitRule(),
  cursor: text(),
} satisfies Rules<ListQueuesOptions>;

/**
 * Lists queues page by page, by name; queues without jobs too, until a cleanup. Each page goes once
 * through all jobs, locking nothing.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export function listQueues(db: Executor, options: ListQueuesOptions = {}): Promise<QueuePage> {
  return manage(
    owner,
    readsWithPauses,
    options,
    rules,
    async (queries, { search, limit, cursor }) => {
      const asked = { search: search === "" ? null : (search ?? null) };
      const rows = await queries.listQueues(db, {
        ...asked,
        afterName: cursor === undefined ? null : readCursor(owner, asked, cursor),
        maxQueues: `${limit}`,
      });
      const queues = rows.map(({ oldestDueAt, lockedAt, ...row }) => ({
        name: row.name,
        jobs: Number(row.jobs),
        due: Number(row.due),
        failed: Number(row.failed),
        oldestDueAt: readTimeOrNull(oldestDueAt),
        lockedBy: row.lockedBy,
        lockedAt: readTimeOrNull(lockedAt),
        isPaused: row.isPaused,
      }));
      const last = queues.at(limit - 1);
      return { queues, nextCursor: last === undefined ? null : writeCursor(asked, last.name) };
    },
  );
}
