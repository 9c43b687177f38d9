import type { Executor } from "../database/executor.js";
import type { Queries } from "../database/queries.js";
import { arrayOf, name, names, oneOf, Rule, text, type Rules } from "../option-rules.js";
import type { Checked } from "../options.js";
import type { TaskDefinition } from "../tasks/task.js";
import { readCursor, writeCursor } from "./cursor.js";
import { reads, limitRule, manage, manageRules, type ManageOptions } from "./options.js";
import { jobStates, readJob, type JobState, type StoredJob } from "../jobs/stored-job.js";

/** A task, by its identifier or, for the type of its payload, itself. */
export type TaskReference<Payload> =
  string | Pick<TaskDefinition<unknown, Payload>, "identifier" | "validate">;

/** Which jobs to list. What isn't given lets all pass. */
export interface JobFilters {
  /** In one of these states. */
  readonly state?: JobState | readonly JobState[];
  readonly queueName?: string;
  /** The job with this key. */
  readonly key?: string;
  /** With at least one of these flags. */
  readonly flags?: readonly string[];
  /**
   * With this text, in any letter case, in the payload as JSON text, in the last error or in the
   * key. Each payload has to be read for it: mind the cost of a search through a long backlog.
   */
  readonly search?: string;
}

/** Which page of a list, and how long. */
export interface PageOptions {
  /** How many there are at most on a page. Default 100; 1 to 1000. */
  readonly limit?: number;
  /** The `nextCursor` of the page before. Default: the first page. */
  readonly cursor?: string;
}

/** Which jobs {@link listJobs} lists, and in what order. */
export interface ListJobsOptions<Payload = unknown> extends ManageOptions, JobFilters, PageOptions {
  /** Of this task, or of one of these. Give a task itself to have payloads of its type. */
  readonly task?: TaskReference<Payload> | readonly TaskReference<Payload>[];
  /** By when they were added. Default `newest`, first. */
  readonly order?: JobOrder;
}

/** Which jobs of a list come first. */
export type JobOrder = "newest" | "oldest";

/** A page of a list of jobs. */
export interface JobPage<Payload = unknown> {
  readonly jobs: readonly StoredJob<Payload>[];
  /** Where the next page begins; null when there is none. */
  readonly nextCursor: string | null;
}

const owner = "listJobs";
/** A look at so many jobs takes some tens of milliseconds, and a search through few as long. */
const maxLooks = 20_000;
const maxSearchLooks = 5_000;

/**
 * Lists jobs page by page, in the order in which they were added. Pages hold steady while jobs come
 * and go: a job that was there before the first page and stays is on exactly one of them.
 *
 * It looks through the jobs in statements that are short each, however rare what is asked for, and
 * locks nothing. The whole costs as much as there are jobs to look at: all of them for a filter that
 * lets few pass, but for `key`, which finds its job at once.
 * @throws TaskwrightError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SCHEMA_MISSING`
 */
export function listJobs<Payload = unknown>(
  db: Executor,
  options: ListJobsOptions<Payload> = {},
): Promise<JobPage<Payload>> {
  return manage(owner, reads, options, rules, async (queries, checked) => {
    const question = resolveQuestion(checked);
    const { asked, limit } = question;
    const { jobs, lastId } = await look(queries, db, question);
    const page = jobs as StoredJob<Payload>[];
    if (page.length < limit) return { jobs: page, nextCursor: null };
    return { jobs: page, nextCursor: writeCursor(asked, lastId) };
  });
}

/** Looks for jobs until the page is full or no jobs are left to look at. */
async function look(
  queries: Queries,
  db: Executor,
  { asked, afterId, limit }: Question,
): Promise<{ readonly jobs: StoredJob[]; readonly lastId: string }> {
  const jobs: StoredJob[] = [];
  const longest = asked.search === null ? maxLooks : maxSearchLooks;
  let lastId = afterId;
  for (let looks = limit; ; looks = Math.min(4 * looks, longest)) {
    const rows = await queries.listJobs(db, {
      ...asked,
      afterId: lastId,
      maxJobs: `${limit - jobs.length}`,
      maxLooks: `${looks}`,
    });
    let isEnd = false;
    for (const row of rows) {
      if (row.job !== null) jobs.push(readJob(row.job));
      else {
        isEnd = row.isEnd === true;
        lastId = row.lastId ?? lastId;
      }
    }
    const last = jobs.at(-1);
    if (jobs.length >= limit && last !== undefined) return { jobs, lastId: last.id };
    if (isEnd) return { jobs, lastId };
  }
}

/** A task that is undefined by mistake must not list the jobs of all tasks. */
const taskRule = new Rule<TaskReference<unknown>>("a task or its identifier", (value) =>
  name().accepts(
    typeof value === "object" ? (value as { readonly identifier: unknown }).identifier : value,
  ),
);
/** The rule of the option `task`. */
export const tasksRule = severalOf(taskRule, "a task or its identifier, or several of them");

/** Each option's rule and default. */
const rules = {
  ...manageRules,
  state: severalOf(oneOf(...jobStates), `one or several of ${jobStates.join(", ")}`),
  task: tasksRule,
  queueName: name(),
  key: name(),
  flags: names(),
  search: text(),
  limit: limitRule(),
  cursor: text(),
  order: oneOf("newest", "oldest").or("newest"),
} satisfies Rules<ListJobsOptions>;

/** The rule of an option that is one of something, or a list. */
function severalOf<Value>(rule: Rule<Value>, expected: string): Rule<Value | readonly Value[]> {
  const list = arrayOf(rule, expected);
  const test = (value: unknown) => list.accepts(value) || rule.accepts(value);
  return new Rule<Value | readonly Value[]>(expected, test, { copiesArrays: true });
}

interface Question {
  /** What the pages of a list have in common. */
  readonly asked: ReturnType<typeof resolveFilters>;
  readonly afterId: string;
  readonly limit: number;
}

const beforeAllIds = "0";
/** No identity column gives this one. */
const afterAllIds = (2n ** 63n - 1n).toString();

function resolveQuestion(options: Checked<typeof rules>): Question {
  const { limit, order, cursor } = options;
  const asked = resolveFilters(options);
  const start = order === "newest" ? afterAllIds : beforeAllIds;
  const afterId = cursor === undefined ? start : readCursor(owner, asked, cursor);
  return { asked, limit, afterId };
}

function resolveFilters(options: Checked<typeof rules>) {
  const { state, task, queueName, key, flags, search, order } = options;
  const states = state === undefined ? null : [state].flat();
  const tasks = task === undefined ? null : [task].flat().map(identifierOf);
  return {
    newestFirst: `${order === "newest"}`,
    states: toJson(states),
    tasks: toJson(tasks),
    queueName: queueName ?? null,
    key: key ?? null,
    flags: toJson(flags ?? null),
    search: search === undefined || search === "" ? null : search,
  };
}

function toJson(list: readonly string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}

function identifierOf(task: TaskReference<unknown>): string {
  return typeof task === "string" ? task : task.identifier;
}
