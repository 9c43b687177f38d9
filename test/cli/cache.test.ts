import { chmod, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { findCacheFolder } from "../../src/cli/cache.js";
import { importModule } from "../../src/cli/typescript.js";
import { Project } from "../support/project.js";

const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

async function projectAndHome() {
  const project = await Project.create();
  const home = path.join(project.folder, "home");
  const modules = path.join(project.folder, "node_modules");
  await mkdir(home, { mode: 0o700 });
  await mkdir(modules);
  return { project, home, modules, find: () => findCacheFolder(project.folder, { env: {}, home }) };
}

test("the cache is in node_modules, for its owner only", async () => {
  const { project, modules, find } = await projectAndHome();
  await using _ = project;
  const folder = find();
  expect(folder).toBe(path.join(modules, ".cache/taskwright"));
  expect(await modeOf(folder ?? "")).toBe(0o700);
  await chmod(folder ?? "", 0o755);
  expect(find()).toBe(folder);
  expect(await modeOf(folder ?? "")).toBe(0o700);
});

test("node_modules of a folder above serves each project with a folder of its own", async () => {
  const { project, modules, home } = await projectAndHome();
  await using _ = project;
  const [one, other] = ["one", "other"].map((name) =>
    findCacheFolder(path.join(project.folder, name), { env: {}, home }),
  );
  expect(path.dirname(one ?? "")).toBe(path.join(modules, ".cache/taskwright"));
  expect(path.dirname(other ?? "")).toBe(path.dirname(one ?? ""));
  expect(one).not.toBe(other);
});

test.each<[string, (modules: string, elsewhere: string) => Promise<unknown>]>([
  ["node_modules that others can write to", (modules) => chmod(modules, 0o777)],
  ["node_modules of a group that can write", (modules) => chmod(modules, 0o775)],
  [
    "a cache that others can write to",
    async (modules) => {
      await mkdir(path.join(modules, ".cache"));
      await chmod(path.join(modules, ".cache"), 0o777);
    },
  ],
  [
    "a folder of ours that others can write to",
    async (modules) => {
      await mkdir(path.join(modules, ".cache/taskwright"), { recursive: true });
      await chmod(path.join(modules, ".cache/taskwright"), 0o777);
    },
  ],
  [
    "a link in place of our folder",
    async (modules, elsewhere) => {
      await mkdir(path.join(modules, ".cache"));
      await symlink(elsewhere, path.join(modules, ".cache/taskwright"));
    },
  ],
  ["a file in place of the cache", (modules) => writeFile(path.join(modules, ".cache"), "")],
])("%s makes the user's own cache folder serve", async (_name, spoil) => {
  const { project, home, modules, find } = await projectAndHome();
  await using _ = project;
  await spoil(modules, home);
  const folder = find();
  expect(folder).toMatch(/home\/\.cache\/taskwright\/[0-9a-f]{16}$/u);
  expect(await modeOf(folder ?? "")).toBe(0o700);
});

test("a folder of another user's is never used", async () => {
  const { project, modules, find } = await projectAndHome();
  await using _ = project;
  expect(find()).toContain(modules);
  // Only root could give the folders to another user.
  const { uid } = await stat(modules);
  const getuid = vi.spyOn(process, "getuid").mockReturnValue(uid + 1);
  try {
    expect(find()).toBeUndefined();
  } finally {
    getuid.mockRestore();
  }
});

test("there is no cache when no place is safe", async () => {
  const { project, home, modules, find } = await projectAndHome();
  await using _ = project;
  await chmod(modules, 0o777);
  await chmod(home, 0o777);
  expect(find()).toBeUndefined();
});

test("TypeScript is compiled into the project's cache and nowhere else", async () => {
  const { project, modules } = await projectAndHome();
  await using _ = project;
  await project.write({ "module.ts": "export const answer: number = 42;" });
  expect(await importModule(path.join(project.folder, "module.ts"))).toMatchObject({ answer: 42 });
  const compiled = Object.keys(await project.tree("node_modules/.cache/taskwright/jiti"));
  expect(compiled).toHaveLength(1);
  expect(await modeOf(path.join(modules, ".cache/taskwright"))).toBe(0o700);
});
