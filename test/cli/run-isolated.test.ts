import { afterEach, beforeEach, expect, test } from "vitest";
import { runCommand } from "../support/command-line.js";
import { startCommand } from "../support/command-process.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { threadArguments } from "../support/thread-arguments.js";
import { Project } from "../support/project.js";

let database: TestDatabase;
let project: Project;

const worker = `
  import { threadId } from "node:worker_threads";
  import { bindHandlers, defineTask } from "taskwright";
  import { greeting } from "./greeting.js";

  type Payload = Record<string, string>;

  const greet = defineTask<Payload, Payload>({
    identifier: "greet",
    schema: "graphile_worker",
    validator: () => true,
    isolate: true,
  });

  export const app = async () => ({ greeting, madeIn: threadId });

  export const handlers = bindHandlers<any, any>({ greet }, {
    greet: async (payload: Payload, ctx: any): Promise<void> => {
      await ctx.withTransaction(async (tx: any) => {
        await tx.query("create table greetings as select $1 as text", [
          [ctx.app.greeting, payload.to, threadId > 0, ctx.app.madeIn === threadId].join(" "),
        ]);
        await ctx.completeIn(tx);
      });
      ctx.log.info("greeted");
    },
  });

  export const options = {
    isolation: { maxThreads: 1, execArgv: ${JSON.stringify(threadArguments)} },
  };`;

beforeEach(async () => {
  database = await createDatabase();
  project = await Project.create({
    "package.json": { type: "module" },
    "worker.ts": worker,
    "greeting.ts": 'export const greeting: string = "hello";',
  });
  await runCommand(project.folder, ["migrate", "--connection", database.connectionString]);
  await database.pool.query(`select graphile_worker.add_job('greet', '{"to":"Ada"}')`);
});

afterEach(async () => {
  await database.drop();
  await project[Symbol.asyncDispose]();
});

const env = () => ({ DATABASE_URL: database.connectionString });

test("run gives its threads the worker's module, TypeScript and all", async () => {
  const command = startCommand(project.folder, ["run", "worker.ts", "--once"], env());
  expect(await command.closed, command.text()).toEqual([0, null]);
  expect(command.text()).toContain("greeted");
  expect(command.text()).toContain("1 completed, 0 failed");
  const { rows } = await database.pool.query("select text from greetings");
  expect(rows).toEqual([{ text: "hello Ada true true" }]);
});

test("an isolated handler of run that never ends is ended by a second signal", async () => {
  await project.write({
    "worker.ts": worker.replace('ctx.log.info("greeted");', 'ctx.log.info("spins"); for (;;);'),
  });
  const command = startCommand(project.folder, ["run", "worker.ts"], env());
  await command.says("spins");
  command.child.kill("SIGTERM");
  await command.says("Worker stops");
  command.child.kill("SIGTERM");
  expect(await command.closed).toEqual([1, null]);
});
