import type { TestProject } from "vitest/node";
import setup from "./global-setup.js";

/**
 * Settings that a database may have for its application. Those that would change what the tests' own statements
 * do are left to test/migrate/settings.test.ts.
 */
const settings: readonly (readonly [name: string, value: string])[] = [
  ["array_nulls", "off"],
  ["transform_null_equals", "on"],
  ["quote_all_identifiers", "on"],
  ["plpgsql.extra_errors", "all"],
  ["plpgsql.variable_conflict", "error"],
  ["default_transaction_deferrable", "on"],
  ["intervalstyle", "sql_standard"],
  ["timezone", "Asia/Kathmandu"],
  ["bytea_output", "escape"],
  ["extra_float_digits", "-15"],
  ["check_function_bodies", "off"],
  ["work_mem", "64kB"],
];

/** The usual server, on which every test's database has the settings above. */
export default async function hostileSetup(project: TestProject): Promise<() => Promise<void>> {
  const stop = await setup(project);
  project.provide("settings", settings);
  return stop;
}
