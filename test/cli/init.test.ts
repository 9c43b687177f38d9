import { expect, test } from "vitest";
import { runCommand } from "../support/command-line.js";
import { Project } from "../support/project.js";

test("init sets up an empty folder, and codegen works there at once", async () => {
  await using it = await Project.create();
  const result = await runCommand(it.folder, ["init", "--no-install"]);
  expect(result).toMatchObject({ code: 0, err: "" });
  expect(Object.keys(await it.tree("."))).toEqual([
    "package.json",
    "schemas/send_email.json",
    "taskwright.config.json",
  ]);
  const manifest = JSON.parse(await it.read("package.json")) as Record<string, object>;
  expect(manifest).toMatchObject({ type: "module", scripts: { codegen: "taskwright codegen" } });
  expect(Object.keys(manifest["devDependencies"] ?? {})).toEqual([
    "chokidar",
    "jiti",
    "json-schema-to-typescript",
    "jsonc-parser",
    "prettier",
    "recheck",
    "ts-morph",
    "typescript",
  ]);
  expect(await runCommand(it.folder, ["codegen"])).toMatchObject({ code: 0 });
  expect(await it.read("generated/tasks/send_email.ts")).toContain("export function addSendEmail(");
});

test("init leaves alone what is there", async () => {
  const files = {
    "package.json":
      '{\n\t"name": "mine",\n\t"scripts": { "codegen": "my own" },\n\t"dependencies": { "prettier": "1.0.0" }\n}\n',
    "schemas/mine.json": '{ "type": "object" }',
    "taskwright.config.json": '{ "schema": "mine" }',
    "pnpm-lock.yaml": "",
  };
  await using it = await Project.create(files);
  const result = await runCommand(it.folder, ["init", "--no-install"]);
  expect(result.code).toBe(0);
  expect(result.out).toContain("pnpm install");
  const { "package.json": manifest = "", ...others } = await it.tree(".");
  const { "package.json": _before, ...unchanged } = files;
  expect(others).toEqual(unchanged);
  expect(manifest).toContain('\n\t"name": "mine"');
  expect(JSON.parse(manifest)).toMatchObject({
    scripts: { codegen: "my own" },
    dependencies: { prettier: "1.0.0" },
  });
  const before = await it.tree(".");
  const again = await runCommand(it.folder, ["init", "--no-install"]);
  expect(again.out).toContain("kept package.json");
  expect(await it.tree(".")).toEqual(before);
});

test("init refuses a package.json that is not JSON", async () => {
  await using it = await Project.create({ "package.json": "{" });
  const result = await runCommand(it.folder, ["init", "--no-install"]);
  expect(result.code).toBe(1);
  expect(result.err).toContain("package.json is not JSON");
  expect(await it.read("package.json")).toBe("{");
});

test("init --json tells what it did in one object", async () => {
  await using it = await Project.create();
  const { code, out } = await runCommand(it.folder, ["init", "--no-install", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    ok: true,
    messages: expect.arrayContaining(["created taskwright.config.json"]),
  });
});
