import base from "../../vitest.config.js";

const globs = (process.env["MUTATION_TESTS"] ?? "test/worker/**/*.test.ts").split(",");

/** Stryker's: the tests that typescript.ts names, by globs; those with an exclamation mark are left out. */
export default {
  ...base,
  test: {
    ...base.test,
    testTimeout: 15_000,
    include: globs.filter((glob) => !glob.startsWith("!")),
    exclude: [
      ...(base.test?.exclude ?? []),
      ...globs.filter((glob) => glob.startsWith("!")).map((glob) => glob.slice(1)),
    ],
  },
};
