import { defineConfig } from "vitest/config";
import oldest from "../oldest.config.js";

/** The tests of all that lives in the database, on the server that `DATABASE_URL` names. */
export default defineConfig({
  ...oldest,
  test: { ...oldest.test, globalSetup: ["test/support/global-setup.ts"] },
});
