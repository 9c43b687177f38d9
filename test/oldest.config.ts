import { defineConfig } from "vitest/config";
import base from "../vitest.config.js";

/** The tests of all that lives in the database, on the oldest PostgreSQL that is supported. */
const folders = ["jobs", "model", "migrate", "manage", "recovery", "testing", "worker"];

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    globalSetup: ["test/support/oldest-server.ts"],
  },
});
