import { appendFileSync, statSync } from "node:fs";
import path from "node:path";
import { bindHandlers, RetryAfterError, type HandlerSet, type JobContext } from "taskwright";
import type { Ledger } from "../ledger/ledger.js";
import { PlannedFailure, Runs, work, type RunningJob } from "./runs.js";
import { harmlessTasks, maxCrashes, tasks, type Item, type Payload } from "./tasks.js";

type Context = JobContext<undefined, Payload>;
type AnyContext = Pick<JobContext, "job">;

/** So soon a failed attempt is made again; the usual back-off would outlast a short run. */
const retryAfterMs = 500;

/** Our handlers of all tasks, or of those that do their process no harm. */
export function makeHandlers(ledger: Ledger, steady: boolean): HandlerSet<undefined> {
  const runs = new Runs(ledger);
  const perform = async (payload: Payload, ctx: Context) => {
    try {
      await runs.perform(toRunning(ctx), payload);
    } catch (error) {
      // Every other failure takes the usual back-off.
      if (Number(ctx.job.id) % 2 === 0) throw error;
      throw new RetryAfterError("planned failure", { after: retryAfterMs });
    }
  };
  const handlers = {
    fast: perform,
    slow: perform,
    queued: perform,
    keyed: perform,
    flaky: perform,
    doomed: perform,
    limited: perform,
    batch: (items: readonly Item[], ctx: AnyContext) => runs.performBatch(toRunning(ctx), items),
    effect: (payload: Payload, ctx: Context) => writeEffect(runs, payload, ctx),
    blocker: (payload: Payload, ctx: Context) =>
      runs.record(toRunning(ctx), [payload.request], async () => block(payload.ms ?? 0)),
    poison: (payload: Payload, ctx: Context) =>
      runs.record(toRunning(ctx), [payload.request], (run) => die(ledger, payload, run)),
  };
  if (!steady) return bindHandlers<typeof tasks, undefined>(tasks, handlers);
  const harmless = Object.fromEntries(harmlessTasks.map((name) => [name, handlers[name]]));
  return bindHandlers<typeof tasks, undefined>(tasks, harmless);
}

function toRunning({ job }: AnyContext): RunningJob {
  return { ...job, queue: job.queueName };
}

/** The completion and the effect commit together, or neither does. */
async function writeEffect(runs: Runs, payload: Payload, ctx: Context): Promise<void> {
  const { request, how, ms = 0 } = payload;
  await runs.record(toRunning(ctx), [request], async () => {
    await ctx.withTransaction(async (tx) => {
      await tx.query("insert into chaos_effects (request, pid) values ($1, $2)", [
        request,
        process.pid,
      ]);
      await work(toRunning(ctx), { request, ms });
      await ctx.completeIn(tx);
      if (how === "roll back" && ctx.job.attempts === 1) throw new PlannedFailure("rolled back");
    });
    if (how === "throw late") throw new PlannedFailure("thrown after the commit");
  });
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/**
 * Kills its own process, each time that it runs. A job that comes back more often than the library
 * allows is noted and spared, so that the rest of the run is worth something.
 */
async function die(ledger: Ledger, { request, how = "" }: Payload, run: string): Promise<void> {
  const deaths = path.join(ledger.folder, `poison ${request}`);
  appendFileSync(deaths, ".");
  if (statSync(deaths).size > 2 * maxCrashes) {
    ledger.write({ kind: "spared", run });
    return;
  }
  ledger.write({ kind: "poison", run, how });
  if (how === "exit") process.exit(3);
  if (how === "kill") process.kill(process.pid, "SIGKILL");
  void Promise.reject(new PlannedFailure("nobody catches it"));
  await new Promise(() => {});
}
