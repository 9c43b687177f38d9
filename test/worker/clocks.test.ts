import { expect, test, vi } from "vitest";
import { runOnce } from "../../src/index.js";
import { addJobs, createQueue, handlersFor } from "./support.js";

test("a start of a fast job reads the clock once", async () => {
  const database = await createQueue();
  const jobs = 2000;
  await addJobs(database.pool, "fast", jobs);
  const clock = vi.spyOn(Date, "now");
  const handlers = handlersFor({ fast: () => {} });
  const { completed } = await runOnce({ pool: database.pool, handlers });
  const reads = clock.mock.calls.length;
  clock.mockRestore();
  await database.drop();
  expect(completed).toBe(jobs);
  // Claims and timers read it, too, though not for each job.
  expect(reads).toBeGreaterThanOrEqual(jobs);
  expect(reads).toBeLessThan(jobs * 1.5);
});
