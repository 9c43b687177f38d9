import { randomUUID } from "node:crypto";
import { startWorker } from "taskwright";
import { handlersFor } from "./support.js";

// A worker in a process of its own. It says at which step of its job it is, and goes on only when it
// was not asked to stand still there: then a test kills it.
const [connectionString = "", stopAt = ""] = process.argv.slice(2);

function reach(step: string): Promise<void> {
  console.log(step);
  return step === stopAt ? new Promise(() => {}) : Promise.resolve();
}

const handlers = handlersFor({
  pay: async (_, ctx) => {
    await reach("handler");
    await ctx.withTransaction(async (tx) => {
      await reach("transaction");
      await tx.query("insert into effects values ($1)", [ctx.job.id]);
      await reach("written");
      await ctx.completeIn(tx);
      await reach("completed");
    });
    await reach("committed");
  },
});
const worker = await startWorker({
  connectionString,
  handlers,
  workerId: `effect-${randomUUID()}`,
  // The first moment after the handler's end at which anything is settled.
  on: { "job:complete": () => console.log("settled") },
});
console.log(`worker ${worker.id}`);
