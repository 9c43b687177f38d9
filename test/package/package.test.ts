import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand, runOrThrow } from "../support/command.js";
import { createDatabase, type TestDatabase } from "../support/database.js";

const repository = path.resolve(import.meta.dirname, "../..");
const project = path.join(import.meta.dirname, "project");
const minutes = 60_000;

let folder: string;
let database: TestDatabase;

const npx = (...args: string[]) => runOrThrow("npx", ["--no-install", ...args], { cwd: folder });
const write = (name: string, text: string) => writeFile(path.join(folder, name), text);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "taskwright-package-"));
  database = await createDatabase();
  await runOrThrow("npm", ["pack", "--pack-destination", folder], { cwd: repository });
  const tarball = (await runOrThrow("ls", [], { cwd: folder })).trim();
  await write("package.json", JSON.stringify({ name: "app", private: true, type: "module" }));
  await runOrThrow("npm", ["install", `./${tarball}`, "pg"], { cwd: folder });
  await runOrThrow("npm", ["install", "-D", "typescript", "@types/node", "@types/pg"], {
    cwd: folder,
  });
}, 5 * minutes);

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

describe("the packed package in a project of its own", () => {
  test(
    "sets itself up, compiles the schemas, type-checks and runs a job",
    async () => {
      await npx("taskwright", "init");
      await npx("taskwright", "codegen");
      await npx("taskwright", "codegen", "--check");
      for (const name of ["tsconfig.json", "app.ts"]) {
        await copyFile(path.join(project, name), path.join(folder, name));
      }
      await npx("tsc", "-p", ".");
      const output = await runOrThrow("node", ["app.js"], {
        cwd: folder,
        env: { DATABASE_URL: database.connectionString },
      });
      expect(output.trim()).toBe("sent to ada@example.com in attempt 1");
    },
    5 * minutes,
  );

  test(
    "checks payloads in a CommonJS project whose TypeScript tsx runs",
    async () => {
      const manifest = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
      await write("package.json", JSON.stringify({ ...manifest, type: "commonjs" }));
      await write(
        "check.ts",
        `import { validateSendEmail } from "./generated/tasks/index.js";
for (const to of ["ada@example.com", "ada"]) {
  console.log(validateSendEmail({ to, subject: "Hello", body: "" }).ok);
}\n`,
      );
      const tsx = path.join(repository, "node_modules/.bin/tsx");
      const output = await runOrThrow(tsx, ["check.ts"], { cwd: folder });
      await write("package.json", JSON.stringify(manifest));
      await rm(path.join(folder, "check.ts"));
      expect(output.trim().split("\n")).toEqual(["true", "false"]);
    },
    minutes,
  );

  test.each(["nodenext", "bundler"])(
    "has types that strict compilers accept whole, with %s resolution",
    async (resolution) => {
      const exports = ["", "/validation", "/drivers", "/testing"];
      const imports = exports.map((name, n) => `export * as e${n} from "taskwright${name}";`);
      await write(
        "exports.ts",
        [...imports, 'export * from "./generated/tasks/index.js";'].join("\n"),
      );
      const module = resolution === "bundler" ? "esnext" : resolution;
      const flags = `--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --types node
        --target es2023 --lib es2023,esnext.disposable --module ${module}
        --moduleResolution ${resolution} --ignoreConfig`;
      await npx("tsc", ...flags.split(/\s+/u), "exports.ts");
    },
    5 * minutes,
  );

  test(
    "generates code that imports the package by its name alone",
    async () => {
      const code = await readFile(path.join(folder, "generated/tasks/send_email.ts"), "utf8");
      expect(code).toMatch(/from "taskwright"/u);
      expect(code).not.toMatch(/from "(\.\.\/)+(src|dist)/u);
    },
    minutes,
  );

  test.each([
    ["a payload that lacks a field", 'to: "ada@example.com", ', "", /subject|to/u],
    ["a payload with a field of the wrong type", '"Hello"', "42", /number/u],
    ["a handler of a task that doesn't exist", "send_email: ", "send_emial: ", /send_emial/u],
    ["a handler that reads a field that doesn't exist", "payload.to", "payload.cc", /cc/u],
  ])(
    "refuses to compile %s",
    async (_case, right, wrong, message) => {
      const app = await readFile(path.join(project, "app.ts"), "utf8");
      expect(app).toContain(right);
      await write("app.ts", app.replace(right, wrong));
      const { code, stdout } = await runCommand("npx", ["--no-install", "tsc", "-p", "."], {
        cwd: folder,
      });
      expect(code).not.toBe(0);
      expect(stdout).toMatch(message);
    },
    minutes,
  );

  test(
    "finds its threads' module, beside compiled handlers and beside those that run reads by itself",
    async () => {
      const schema = {
        type: "object",
        properties: { by: { type: "string" } },
        required: ["by"],
        "x-task": { isolate: true },
      };
      await write("schemas/crunch.json", JSON.stringify(schema));
      await npx("taskwright", "codegen");
      for (const name of ["crunch.ts", "crunch-app.ts"]) {
        await copyFile(path.join(project, name), path.join(folder, name));
      }
      const config = { extends: "./tsconfig.json", include: ["crunch*.ts", "generated"] };
      await write("tsconfig.crunch.json", JSON.stringify(config));
      await npx("tsc", "-p", "tsconfig.crunch.json");
      const env = { DATABASE_URL: database.connectionString };
      const { pool } = database;
      await pool.query("create table crunched (by text, in_thread boolean)");
      const add = (by: string) =>
        pool.query("select graphile_worker.add_job('crunch', json_build_object('by', $1::text))", [
          by,
        ]);
      await add("startWorker");
      const output = await runOrThrow("node", ["crunch-app.js"], { cwd: folder, env });
      expect(output.trim()).toBe("1 completed");
      await add("run");
      await runOrThrow("npx", ["--no-install", "taskwright", "run", "crunch.ts", "--once"], {
        cwd: folder,
        env,
      });
      const { rows } = await pool.query("select * from crunched order by by");
      expect(rows).toEqual([
        { by: "run", in_thread: true },
        { by: "startWorker", in_thread: true },
      ]);
    },
    5 * minutes,
  );
});
