import { mkdir, readdir, symlink } from "node:fs/promises";
import path from "node:path";
import { inject } from "vitest";
import { runCommand as runTaskwright } from "../support/command-line.js";
import { Project } from "../support/project.js";
import { basePage, groupBlocks, layOut } from "./layout.js";
import { repository, type Page } from "./page.js";

const peers = "test/interop/peer/node_modules";

/** What a user's project has that follows the pages. */
const tsconfig = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    moduleDetection: "force",
    customConditions: ["taskwright-source"],
    types: ["node"],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  },
};

/** Every page's examples as a project: a folder each, in a folder that has the packages. */
export async function createExamples(pages: readonly Page[]): Promise<Project> {
  const project = await Project.create({
    "tsconfig.json": tsconfig,
    "package.json": { private: true, type: "module" },
  });
  await linkPackages(project.folder);
  for (const page of pages) {
    for (const [file, text] of layOut(page, pages)) {
      await project.write({ [path.join(page.name, file)]: text });
    }
    await project.write({ [path.join(page.name, "package.json")]: { type: "module" } });
  }
  return project;
}

/**
 * Compiles the schemas of each page, with the config that it shows. Pages that show neither have the
 * schemas of the first page, and what was made of these.
 */
export async function compileSchemas(project: Project, pages: readonly Page[]): Promise<void> {
  // Queries are checked on the tests' server.
  const env = { DATABASE_URL: inject("serverUrl") };
  for (const page of pages) {
    const root = path.join(project.folder, page.name);
    if (showsSchemas(page)) {
      const { code, out, err } = await runTaskwright(root, ["codegen"], { env });
      if (code !== 0) throw new Error(`${page.file}: ${out}\n${err}`);
    } else {
      await mkdir(path.join(root, "generated"), { recursive: true });
      await symlink(
        path.join(project.folder, basePage, "generated/tasks"),
        path.join(root, "generated/tasks"),
        "dir",
      );
    }
  }
}

function showsSchemas(page: Page): boolean {
  return [...groupBlocks(page).keys()].some((file) => /^schemas\/|^taskwright\.config/u.test(file));
}

async function linkPackages(folder: string): Promise<void> {
  const modules = path.join(folder, "node_modules");
  await mkdir(modules);
  const own = path.join(repository, "node_modules");
  const link = (target: string, name: string) => symlink(target, path.join(modules, name), "dir");
  for (const name of await readdir(own)) {
    if (!name.startsWith(".")) await link(path.join(own, name), name);
  }
  await link(repository, "taskwright");
  await link(path.join(repository, peers, "graphile-worker"), "graphile-worker");
}
