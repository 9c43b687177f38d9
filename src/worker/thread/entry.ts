/** What a thread of isolated tasks runs: the pool imports it, and calls its default export for each request. */
import { workerData } from "node:worker_threads";
import type { ThreadData, ThreadRequest } from "../../isolation/messages.js";
import { markThread } from "./mark.js";
import { ThreadResources } from "./resources.js";
import { runJob } from "./run-job.js";

markThread();
const resources = new ThreadResources(workerData as ThreadData);

/** Never rejects: the job's result is sent through the request's port. */
export default async function answer({ job }: ThreadRequest): Promise<void> {
  if (job === undefined) return;
  await (job === "end" ? resources.dispose() : runJob(job, resources));
}
