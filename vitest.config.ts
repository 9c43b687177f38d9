import path from "node:path";
import { defineConfig } from "vitest/config";

const conditions = ["taskwright-source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/**/golden/**"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Commands of projects without node_modules compile into the user's cache folder.
    env: { XDG_CACHE_HOME: path.resolve("node_modules/.cache/taskwright-tests") },
  },
});
