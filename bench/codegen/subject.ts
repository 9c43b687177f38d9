import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runNode, type CommandRun } from "./command.js";
import type { Schema } from "./parts.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const program = path.join(repository, "dist/src/cli/main.js");
const compiler = path.join(repository, "node_modules/typescript/bin/tsc");

/** A project outside the repository that uses the built package. */
export class Subject implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(schemas: Readonly<Record<string, Schema>>): Promise<Subject> {
    const subject = new Subject(await mkdtemp(path.join(tmpdir(), "taskwright-speed-")));
    await mkdir(path.join(subject.folder, "node_modules"));
    await symlink(repository, path.join(subject.folder, "node_modules/taskwright"));
    await subject.write("package.json", { name: "subject", private: true, type: "module" });
    await subject.write("tsconfig.json", {
      compilerOptions: {
        target: "es2022",
        module: "nodenext",
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
      },
      include: ["generated"],
    });
    await mkdir(path.join(subject.folder, "schemas"));
    for (const [name, schema] of Object.entries(schemas)) {
      await subject.write(`schemas/${name}`, schema);
    }
    return subject;
  }

  async write(name: string, content: unknown): Promise<void> {
    await writeFile(path.join(this.folder, name), `${JSON.stringify(content, undefined, 2)}\n`);
  }

  codegen(...flags: readonly string[]): Promise<CommandRun> {
    return runNode([program, "codegen", ...flags], this.folder);
  }

  compile(): Promise<CommandRun> {
    return runNode([compiler, "-p", "."], this.folder);
  }

  /** Compiles the repository into the package that subjects use. */
  static async build(): Promise<void> {
    const { code, output } = await runNode([compiler, "-p", "tsconfig.build.json"], repository);
    if (code !== 0) throw new Error(output);
  }

  get program(): string {
    return program;
  }

  /** The bytes of all files right in a folder of the output. */
  async size(folder: string): Promise<number> {
    const names = await readdir(path.join(this.folder, "generated", folder));
    const files = names.filter((name) => name.endsWith(".ts"));
    const sizes = files.map((name) => stat(path.join(this.folder, "generated", folder, name)));
    return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
