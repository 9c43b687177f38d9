import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** A user's project in a folder of its own, outside the repository. */
export class Project implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Creates the folder with some files; values that are no text become JSON. */
  static async create(files: Readonly<Record<string, unknown>> = {}): Promise<Project> {
    const project = new Project(await mkdtemp(path.join(tmpdir(), "taskwright-project-")));
    await project.write(files);
    return project;
  }

  async write(files: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(
        file,
        typeof content === "string" ? content : JSON.stringify(content, null, 2),
      );
    }
  }

  async remove(name: string): Promise<void> {
    await rm(path.join(this.folder, name));
  }

  read(name: string): Promise<string> {
    return readFile(path.join(this.folder, name), "utf8");
  }

  /** The text of every file below a folder, by its path there. */
  async tree(name: string): Promise<Record<string, string>> {
    const root = path.join(this.folder, name);
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
      .sort();
    const texts = await Promise.all(files.map((file) => readFile(path.join(root, file), "utf8")));
    return Object.fromEntries(
      files.map((file, index) => [file.split(path.sep).join("/"), texts[index] ?? ""]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
