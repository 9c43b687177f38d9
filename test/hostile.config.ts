import { defineConfig } from "vitest/config";
import base from "../vitest.config.js";

/** The tests of all that lives in the database, beside an application whose settings and parsers are its own. */
const folders = ["client", "cron", "database", "jobs", "manage", "model", "recovery", "worker"];

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    // No statement of ours sends an array with a null, which array_nulls makes a text.
    exclude: [...(base.test?.exclude ?? []), "test/database/parameter.test.ts"],
    // Prisma's own adapter can't read what an application's parsers make of its results.
    testNamePattern: /^(?!.*the connections of Prisma)/u,
    globalSetup: ["test/support/hostile-server.ts"],
    setupFiles: ["test/support/hostile-parsers.ts"],
  },
});
