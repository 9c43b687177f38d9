import { threadId } from "node:worker_threads";
import { definePartialHandlers } from "./generated/tasks/index.js";

export const handlers = definePartialHandlers({
  crunch: async ({ by }, ctx) => {
    await ctx.db.query("insert into crunched values ($1, $2)", [by, threadId > 0]);
  },
});
