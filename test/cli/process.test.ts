import { expect, test } from "vitest";
import { startCommand as start } from "../support/command-process.js";
import { Project } from "../support/project.js";

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

test("a wrong command line is told once with --json, without commander's own prefix", async () => {
  await using it = await Project.create({});
  const command = start(it.folder, ["codegen", "--jsno", "--json"]);
  expect(await command.closed).toEqual([2, null]);
  const { error } = JSON.parse(command.text());
  expect(error.message).toMatch(/^unknown option '--jsno'/u);
});
