import type { TestProject } from "vitest/node";
import { sourceFlags } from "./process.js";
import { startEmbeddedServer } from "../../src/cli/embedded.js";

declare module "vitest" {
  interface ProvidedContext {
    /** A server on which each test file makes databases of its own. */
    serverUrl: string;
    /** Settings that each of these databases gets. */
    settings: readonly (readonly [name: string, value: string])[];
  }
}

/** One PostgreSQL server for the whole run: `DATABASE_URL`'s, or an embedded one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide("settings", []);
  const given = process.env["DATABASE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("serverUrl", given);
    return async () => {};
  }
  const server = await startEmbeddedServer({
    settings: ["max_connections=300"],
    nodeFlags: sourceFlags,
  });
  project.provide("serverUrl", server.connectionString);
  return () => server.stop();
}
