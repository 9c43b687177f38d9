import { defineHandlers } from "../generated/tasks/index.js";
import type { Ledger } from "./ledger.js";
import { flakyDomain, refusingDomain } from "./workload.js";

/** What the demo's handlers share; the worker hands it to each as `ctx.app`. */
export interface DemoApp {
  readonly ledger: Ledger;
}

export const handlers = defineHandlers<DemoApp>({
  send_email: async (payload, ctx) => {
    if (payload.to.endsWith(refusingDomain)) throw new Error("The server refused the address.");
    if (payload.to.endsWith(flakyDomain) && ctx.job.attempts === 1) {
      throw new Error("The mail server is busy: try again later.");
    }
    await ctx.app.ledger.record(ctx.db, ctx.job);
  },
  process_user: async (payload, ctx) => {
    // `plan` has a default in the schema: it is there, whatever the producer left out.
    ctx.log.debug(`${payload.userId} is on plan ${payload.plan}`);
    await ctx.withTransaction((tx) => ctx.app.ledger.record(tx, ctx.job));
  },
  send_daily_report: (_payload, ctx) => ctx.app.ledger.record(ctx.db, ctx.job),
  import_contacts: (_contacts, ctx) => ctx.app.ledger.record(ctx.db, ctx.job),
});
