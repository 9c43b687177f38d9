import { Stryker } from "@stryker-mutator/core";
import type { Result, Verdict } from "./report.js";

export interface TypeScriptOptions {
  /** Files or globs to mutate; `file.ts:10-40` for some lines of one. */
  readonly files: readonly string[];
  /** Globs of the tests to run. */
  readonly tests: readonly string[];
  readonly concurrency: number;
}

/** Runs Stryker. Its copy of the project lives below node_modules; no file of the project changes. */
export async function mutateTypeScript(options: TypeScriptOptions): Promise<Result[]> {
  const { files, tests, concurrency } = options;
  // Read by vitest.config.ts, in Stryker's own processes.
  process.env["MUTATION_TESTS"] = tests.join(",");
  const stryker = new Stryker({
    mutate: [...files],
    // What messages say is no behaviour, and the compiler checks all other words.
    mutator: { excludedMutations: ["StringLiteral"] },
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
    coverageAnalysis: "perTest",
    ignoreStatic: true,
    concurrency,
    // A mutant that waits for what never comes costs this long and a test's own time.
    timeoutMS: 20_000,
    // It would read the config by way of TypeScript's JavaScript API, which TypeScript 7 lacks.
    tsconfigFile: "none",
    tempDirName: "node_modules/.cache/stryker",
    reporters: ["progress-append-only"],
    allowConsoleColors: false,
  });
  const results = await stryker.runMutationTest();
  return results.flatMap(({ fileName, location, mutatorName, replacement, status }) => {
    const verdict = verdicts[status];
    if (verdict === undefined) return [];
    return [
      {
        file: fileName.slice(process.cwd().length + 1),
        line: location.start.line,
        operator: mutatorName,
        before: `columns ${location.start.column} to ${location.end.line}:${location.end.column}`,
        after: replacement,
        verdict,
      },
    ];
  });
}

const verdicts: Readonly<Partial<Record<string, Verdict>>> = {
  Killed: "killed",
  Survived: "survived",
  Timeout: "timeout",
  NoCoverage: "uncovered",
  CompileError: "invalid",
  RuntimeError: "killed",
};
