import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Project } from "../support/project.js";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const loader = import.meta.resolve("tsx");

/** Starts the command as a process of its own, as a shell would. */
function start(cwd: string, args: readonly string[]) {
  const child = spawn(
    process.execPath,
    ["--import", loader, "--conditions=taskwright-source", main, ...args],
    { cwd, stdio: ["ignore", "pipe", "pipe"] },
  );
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      child.emit("text");
    });
  }
  return {
    child,
    closed: once(child, "close") as Promise<[number | null, string | null]>,
    text: () => text,
    async says(expected: string) {
      while (!text.includes(expected)) await once(child, "text");
    },
  };
}

test("the process ends with the command's exit code, and all that it wrote is there", async () => {
  await using it = await Project.create({ "schemas/a.json": { type: "objekt" } });
  const command = start(it.folder, ["codegen", "--json"]);
  expect(await command.closed).toEqual([1, null]);
  expect(JSON.parse(command.text())).toMatchObject({ ok: false });
});

test.each(["SIGINT", "SIGTERM"] as const)("%s ends --watch in good order", async (signal) => {
  await using it = await Project.create({ "schemas/a.json": { type: "object" } });
  const command = start(it.folder, ["codegen", "--watch"]);
  await command.says("watching for changes");
  command.child.kill(signal);
  expect(await command.closed).toEqual([0, null]);
});
