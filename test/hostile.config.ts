import { defineConfig } from "vitest/config";
import base from "../vitest.config.js";

/** The tests of all that lives in the database, beside an application whose settings and parsers are its own. */
const folders = ["client", "cron", "database", "jobs", "manage", "model", "recovery", "worker"];

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    globalSetup: ["test/support/hostile-server.ts"],
    setupFiles: ["test/support/hostile-parsers.ts"],
  },
});
