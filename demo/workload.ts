import type { Executor, Job, JobItem } from "taskwright";
import {
  addImportContacts,
  addProcessUserJobs,
  addSendDailyReport,
  addSendDailyReportJobs,
  addSendEmailJobs,
  type ProcessUserInput,
  type SendEmailInput,
} from "../generated/tasks/index.js";
import type { Statistics } from "./statistics.js";

const counts = { emails: 1200, users: 900, contacts: 8000, reports: 60 };
const recipients = 150;
/** Keyed by user, so that a second request for a user replaces the first while that waits. */
const distinctUsers = 600;
/** Milliseconds until the delayed reports are due. */
const reportDelayMs = 1_500;

/** An address that the demo's mail server refuses once, and one that it always refuses. */
export const flakyDomain = "flaky.example";
export const refusingDomain = "refusing.example";

/** Adds some thousand jobs through the generated helpers; counts and returns the distinct ones. */
export async function enqueueWorkload(
  db: Executor,
  statistics: Statistics,
): Promise<Pick<Job, "id" | "task">[]> {
  const runAt = new Date(Date.now() + reportDelayMs);
  const reports = Array.from({ length: counts.reports }, () => ({ payload: {}, spec: { runAt } }));
  const added = await Promise.all([
    addSendEmailJobs(db, emails()),
    addProcessUserJobs(db, users()),
    addImportContacts(db, contacts()),
    addSendDailyReportJobs(db, reports),
  ]);
  const urgent = await addSendDailyReport(db, { date: "2026-01-31" }, { priority: -10 });
  const tasks = new Map([...added.flat(), urgent].map(({ id, task }) => [id, task]));
  for (const task of tasks.values()) statistics.of(task).enqueued++;
  return [...tasks].map(([id, task]) => ({ id, task }));
}

function emails(): JobItem<SendEmailInput>[] {
  return Array.from({ length: counts.emails }, (_, index) => {
    const isFlaky = index % 60 === 7;
    const isRefused = index % 400 === 3;
    const domain = isFlaky ? flakyDomain : isRefused ? refusingDomain : "mail.example";
    const to = `reader-${index % recipients}@${domain}`;
    const payload = { to, subject: `Message ${index}`, body: "Hello!" };
    return isRefused ? { payload, spec: { maxAttempts: 1 } } : { payload };
  });
}

function users(): JobItem<ProcessUserInput>[] {
  return Array.from({ length: counts.users }, (_, index) => ({
    payload: {
      userId: `user-${index % distinctUsers}`,
      action: actionOf(index),
      ...(index % 3 === 0 ? { plan: "team" as const } : {}),
    },
  }));
}

function actionOf(index: number): ProcessUserInput["action"] {
  if (index % 5 === 0) return { kind: "merge", intoUserId: `user-${index}` };
  if (index % 2 === 0) return { kind: "rename", name: `Reader ${index}` };
  return { kind: "signup", source: "web" };
}

function contacts() {
  return Array.from({ length: counts.contacts }, (_, index) => ({
    accountId: 1 + (index % 9),
    email: `contact-${index}@mail.example`,
    score: index % 101,
  }));
}
