import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runCommand } from "../support/command-line.js";
import { Project } from "../support/project.js";

const sendEmail = {
  type: "object",
  properties: { to: { type: "string" }, urgent: { type: "boolean", default: false } },
  required: ["to"],
  additionalProperties: false,
  "x-task": { queueName: "mail:{to}" },
};
const project = (files: Record<string, unknown> = {}) =>
  Project.create({ "schemas/send_email.json": sendEmail, ...files });

test("keeps edits of generated files unless --force is given", async () => {
  await using it = await project({ "schemas/gone.json": { type: "object" } });
  await runCommand(it.folder, ["codegen"]);
  const edit = async (name: string) => {
    const text = `${await it.read(`generated/tasks/${name}`)}// mine\n`;
    await it.write({ [`generated/tasks/${name}`]: text });
  };
  await edit("gone.ts");
  await edit("send_email.ts");
  await it.remove("schemas/gone.json");
  const before = await it.tree("generated");
  const refused = await runCommand(it.folder, ["codegen"]);
  expect(refused.code).toBe(1);
  for (const name of ["gone.ts", "send_email.ts"]) {
    expect(refused.err).toContain(`generated/tasks/${name}\n  The file has changed since`);
  }
  expect(refused.err).toContain("[edited-file]");
  expect(await it.tree("generated")).toEqual(before);
  expect(await runCommand(it.folder, ["codegen", "--force"])).toMatchObject({ code: 0 });
  expect(Object.keys(await it.tree("generated/tasks"))).not.toContain("gone.ts");
  expect(await it.read("generated/tasks/send_email.ts")).not.toContain("// mine");
  expect(await runCommand(it.folder, ["codegen", "--check"])).toMatchObject({ code: 0 });
});

test("never removes generated files that it has no record of, whatever a record says", async () => {
  await using other = await project();
  await runCommand(other.folder, ["codegen"]);
  const theirs = await other.read("generated/tasks/send_email.ts");
  await using it = await project({
    "generated/tasks/theirs.ts": theirs,
    "mine.ts": theirs,
    "generated/tasks/taskwright-codegen.json": {
      files: { "../../mine.ts": createHash("sha256").update(theirs).digest("hex"), "x.ts": 1 },
    },
  });
  expect(await runCommand(it.folder, ["codegen"])).toMatchObject({ code: 0 });
  expect(await it.read("generated/tasks/theirs.ts")).toBe(theirs);
  expect(await it.read("mine.ts")).toBe(theirs);
});

test("takes generated files with other line ends for its own", async () => {
  await using it = await project();
  await runCommand(it.folder, ["codegen"]);
  const name = "generated/tasks/send_email.ts";
  await it.write({ [name]: (await it.read(name)).replaceAll("\n", "\r\n") });
  expect(await runCommand(it.folder, ["codegen"])).toMatchObject({ code: 0 });
  expect(await it.read(name)).not.toContain("\r");
});

test.each([
  ["a named pipe", (file: string) => execFileSync("mkfifo", [file]), "named pipe"],
  ["a link to a device", (file: string) => symlinkSync("/dev/zero", file), "device"],
  ["a link to nothing", (file: string) => symlinkSync("/nowhere/at/all", file), "link to nothing"],
  [
    "a file of many megabytes",
    (file: string) => {
      writeFileSync(file, "");
      truncateSync(file, 3_000_000_000);
    },
    "at most 16777216 are read",
  ],
  [
    "a schema of 4,000 levels",
    (file: string) => writeFileSync(file, `${"[".repeat(4_000)}${"]".repeat(4_000)}`),
    "more than 200 levels deep",
  ],
])("refuses %s among the schemas by its name", async (_what, make, expected) => {
  await using it = await project();
  make(`${it.folder}/schemas/odd.json`);
  const { code, err } = await runCommand(it.folder, ["codegen"]);
  expect(code).toBe(1);
  expect(err).toContain("schemas/odd.json");
  expect(err).toContain(expected);
  expect(err).not.toMatch(/\n\s+at /u);
});

test("refuses a named pipe or a link to nothing where its output belongs, even by force", async () => {
  await using it = await project({ "generated/tasks/note": "" });
  execFileSync("mkfifo", [`${it.folder}/generated/tasks/send_email.ts`]);
  symlinkSync("/nowhere/at/all", `${it.folder}/generated/tasks/index.ts`);
  const { code, err } = await runCommand(it.folder, ["codegen", "--force"]);
  expect(code).toBe(1);
  expect(err).toContain("generated/tasks/send_email.ts");
  expect(err).toContain("generated/tasks/index.ts");
});
