import { rename } from "node:fs/promises";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { runCommand } from "../support/command-line.js";
import { Project } from "../support/project.js";

const patience = { timeout: 20_000, interval: 20 };

test("--watch follows changes, tells of errors and goes on, and ends when asked", async () => {
  await using it = await Project.create({
    "schemas/a.json": { type: "object" },
    "taskwright.config.json": { schema: "one" },
  });
  const end = new AbortController();
  const lines: string[] = [];
  const command = runCommand(it.folder, ["codegen", "--watch"], {
    signal: end.signal,
    onLine: (line) => lines.push(line),
  });
  const generated = () => it.tree("generated/tasks");
  await vi.waitFor(async () => expect(await generated()).toHaveProperty(["a.ts"]), patience);
  await vi.waitFor(() => expect(lines.join()).toContain("watching"), patience);

  await it.write({ "schemas/b.json": { type: "object", description: "First." } });
  await vi.waitFor(async () => expect((await generated())["b.ts"]).toContain("First."), patience);

  await it.write({ "schemas/b.json": "{" });
  await vi.waitFor(() => expect(lines.join()).toContain("[not-json]"), patience);
  expect((await generated())["b.ts"]).toContain("First.");

  // Editors save by renaming a new file over the old one.
  await it.write({ "b.tmp": { type: "object", description: "Second." } });
  await rename(path.join(it.folder, "b.tmp"), path.join(it.folder, "schemas/b.json"));
  await vi.waitFor(async () => expect((await generated())["b.ts"]).toContain("Second."), patience);

  await it.write({ "config.tmp": { schema: "two" } });
  await rename(path.join(it.folder, "config.tmp"), path.join(it.folder, "taskwright.config.json"));
  await vi.waitFor(async () => expect((await generated())["a.ts"]).toContain('"two"'), patience);

  await it.write({ "taskwright.config.json": { scheme: "two" } });
  await vi.waitFor(() => expect(lines.join()).toContain('Did you mean "schema"?'), patience);
  await it.write({ "taskwright.config.json": { schema: "three" } });
  await vi.waitFor(async () => expect((await generated())["a.ts"]).toContain('"three"'), patience);

  await it.remove("schemas/b.json");
  await vi.waitFor(async () => expect(await generated()).not.toHaveProperty(["b.ts"]), patience);

  end.abort();
  expect(await command).toMatchObject({ code: 0 });
});
