import { access, mkdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { afterEach, expect, test } from "vitest";
import { runCommand } from "../support/command-line.js";
import { startCommand } from "../support/command-process.js";
import { Project } from "../support/project.js";

const schema = {
  type: "object",
  properties: { to: { type: "string" } },
  required: ["to"],
  additionalProperties: false,
};

function worker(label: string): string {
  return `
    import { defineHandlers } from "./generated/tasks/index.js";
    import { label } from "./label.js";
    export const handlers = defineHandlers({
      greet: async ({ to }, ctx): Promise<void> => { ctx.log.info(label + " ${label} " + to); },
    });`;
}

let running: ReturnType<typeof startCommand> | undefined;

afterEach(() => {
  running?.child.kill("SIGKILL");
});

test("dev gives a database, follows schemas and sources, survives faults and leaves nothing", async () => {
  await using it = await Project.create({
    "package.json": { type: "module" },
    "taskwright.config.json": { handlers: "worker.ts" },
    "schemas/greet.json": schema,
    "worker.ts": worker("hello"),
    "label.ts": 'export const label = "first";',
  });
  await mkdir(path.join(it.folder, "node_modules"));
  const command = startCommand(it.folder, ["dev"]);
  running = command;
  await command.says("Listens");
  const accessFile = "node_modules/.cache/taskwright/dev-database";
  const [url = ""] = (await it.read(accessFile)).split("\n");
  expect((await stat(path.join(it.folder, accessFile))).mode & 0o777).toBe(0o600);
  expect(command.text()).toContain(accessFile);
  expect(command.text()).not.toContain(new URL(url).password);
  const client = new Client({ connectionString: url });
  // It ends under us.
  client.on("error", () => {});
  await client.connect();
  const greet = (to: string) =>
    client.query("select graphile_worker.add_job('greet', json_build_object('to', $1::text))", [
      to,
    ]);
  await greet("Ada");
  await command.says("first hello Ada");
  const added = await runCommand(it.folder, ["add", "greet", '{"to":"Eve"}']);
  expect(added).toMatchObject({ code: 0, err: "" });
  await command.says("first hello Eve");

  await it.write({ "label.ts": 'export const label = "second";' });
  await command.says("Listens");
  await greet("Bob");
  await command.says("second hello Bob");

  await it.write({ "worker.ts": "export const handlers = {;" });
  await command.says("can't be loaded");
  await command.says("a change starts it again");
  await it.write({ "worker.ts": worker("good day") });
  await command.says("Listens");
  await it.write({ "schemas/greet.json": { ...schema, type: "objekt" } });
  await command.says("nothing was written");
  await greet("Cid");
  await command.says("second good day Cid");
  await it.write({ "schemas/greet.json": { ...schema, description: "Greets." } });
  await command.says("wrote generated/tasks/greet.ts");
  await command.says("Listens");

  const { rows } = await client.query<{ folder: string }>(
    "select current_setting('data_directory') as folder",
  );
  const folder = rows[0]?.folder ?? "";
  const pid = Number((await readFile(`${folder}/postmaster.pid`, "utf8")).split("\n")[0]);
  command.child.kill("SIGINT");
  expect(await command.closed).toEqual([0, null]);
  for (const gone of [folder, path.join(it.folder, accessFile)]) {
    await expect(access(gone)).rejects.toThrow("ENOENT");
  }
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("dev that is killed takes its server and its worker along", async () => {
  await using it = await Project.create({
    "package.json": { type: "module" },
    "schemas/greet.json": schema,
    "worker.ts": worker("hello"),
    "label.ts": 'export const label = "first";',
  });
  const command = startCommand(it.folder, ["dev", "worker.ts"]);
  running = command;
  await command.says("Listens");
  // Its children hold the other ends of its pipes: these close when the last of them has ended.
  command.child.kill("SIGKILL");
  expect(await command.closed).toEqual([null, "SIGKILL"]);
  expect(command.text()).toContain("Worker has stopped.");
});

test("dev says what is missing", async () => {
  await using it = await Project.create({ "schemas/greet.json": schema });
  const command = startCommand(it.folder, ["dev"]);
  running = command;
  expect(await command.closed).toEqual([1, null]);
  expect(command.text()).toContain("No file with handlers was named");
});
