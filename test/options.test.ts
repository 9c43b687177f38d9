import { Pool } from "pg";
import { Node, type FunctionDeclaration, type ParameterDeclaration, type Type } from "ts-morph";
import { afterAll, expect, test } from "vitest";
import { optionLists } from "../docs/generate/option-lists.js";
import { openFile, openSources } from "../docs/generate/source.js";
import {
  createClient,
  defineHandlers,
  importContacts,
  sendEmail,
  tasks,
} from "../generated/tasks/index.js";
import { resolveConfig } from "../src/config.js";
import { WorkerEvents } from "../src/events.js";
import * as api from "../src/index.js";
import * as testing from "../src/testing/index.js";
import { allowedBy, hostileTo } from "./support/hostile-values.js";

const project = openSources();
const pool = new Pool({ host: "127.0.0.1", port: 1 });
afterAll(() => pool.end());

/** Says that options were accepted: it is only reached with those. */
const db: api.Executor = {
  query: () => Promise.reject(new Error("The database was reached.")),
};
const handlers = defineHandlers({
  import_contacts: () => {},
  process_user: () => {},
  send_daily_report: () => {},
  send_email: () => {},
});
const email = { to: "ada@example.com", subject: "Hello", body: "…" };
const entry: api.CronEntry = { task: "send_email", schedule: "* * * * *", payload: email };
const taskOptions: api.TaskOptions<unknown> = {
  identifier: "task",
  schema: "graphile_worker",
  validator: () => true,
};

interface Call {
  /** Options that are right, among which one is replaced. */
  readonly right: object;
  readonly call: (options: never) => unknown;
}

const worker = { right: { connectionString: "postgres://127.0.0.1:1/x", handlers } };
const manageAlone = (call: Call["call"]): Call => ({ right: {}, call });

/** How to call each function with options. Each exported one that takes some must be here. */
const calls: Readonly<Record<string, Call>> = {
  startWorker: { ...worker, call: api.startWorker },
  runOnce: { ...worker, call: api.runOnce },
  bindClient: { right: { pool }, call: (options) => api.bindClient(tasks, {}, options) },
  migrate: { right: { pool }, call: api.migrate },
  uninstall: { right: { pool }, call: api.uninstall },
  grantRole: { right: { pool, role: "web", as: "producer" }, call: api.grantRole },
  revokeRole: { right: { pool, role: "web", as: "producer" }, call: api.revokeRole },
  inspectSchema: { right: { pool }, call: api.inspectSchema },
  enqueue: manageAlone((spec) => api.enqueue(db, sendEmail, email, spec)),
  enqueueBatch: manageAlone((spec) =>
    api.enqueueBatch(db, importContacts, [{ email: email.to }] as never, spec),
  ),
  enqueueBulk: manageAlone((options) =>
    api.enqueueBulk(db, sendEmail, [{ payload: email }], options),
  ),
  getJob: manageAlone((options) => api.getJob(db, "1", options)),
  listJobs: manageAlone((options) => api.listJobs(db, options)),
  completeJobs: manageAlone((options) => api.completeJobs(db, ["1"], options)),
  permanentlyFailJobs: manageAlone((options) =>
    api.permanentlyFailJobs(db, ["1"], undefined, options),
  ),
  rescheduleJobs: {
    right: { priority: 1 },
    call: (options) => api.rescheduleJobs(db, ["1"], options),
  },
  retryJobs: manageAlone((options) => api.retryJobs(db, ["1"], options)),
  runJobsNow: manageAlone((options) => api.runJobsNow(db, ["1"], options)),
  removeJob: manageAlone((options) => api.removeJob(db, "k", options)),
  listQueues: manageAlone((options) => api.listQueues(db, options)),
  listWorkers: manageAlone((options) => api.listWorkers(db, options)),
  forceUnlockWorkers: manageAlone((options) => api.forceUnlockWorkers(db, ["w"], options)),
  getStats: manageAlone((options) => api.getStats(db, options)),
  cleanup: { right: { tasks: ["GC_JOB_QUEUES"] }, call: (options) => api.cleanup(db, options) },
  sweep: manageAlone((options) => api.sweep(db, options)),
  pauseTask: manageAlone((options) => api.pauseTask(db, "t", options)),
  resumeTask: manageAlone((options) => api.resumeTask(db, "t", options)),
  pauseQueue: manageAlone((options) => api.pauseQueue(db, "q", options)),
  resumeQueue: manageAlone((options) => api.resumeQueue(db, "q", options)),
  listPauses: manageAlone((options) => api.listPauses(db, options)),
  listCronEntries: manageAlone((options) => api.listCronEntries(db, options)),
  comingTicks: manageAlone((options) => api.comingTicks([], options)),
  resolveCronEntries: { right: { tasks }, call: api.resolveCronEntries },
  defineTask: { right: taskOptions, call: api.defineTask },
  defineBatchTask: { right: { ...taskOptions, batch: {} }, call: api.defineBatchTask },
  markJobs: manageAlone((options) => testing.markJobs(db, options)),
  enqueuedJobs: manageAlone((options) => testing.enqueuedJobs(db, sendEmail, options)),
  assertEnqueued: manageAlone((options) => testing.assertEnqueued(db, sendEmail, {}, options)),
  assertNotEnqueued: manageAlone((options) =>
    testing.assertNotEnqueued(db, sendEmail, {}, options),
  ),
  runHandler: {
    right: { db },
    call: (options: { readonly db: api.Executor }) =>
      testing.runHandler(sendEmail, () => {}, email, options),
  },
  waitForJob: manageAlone((options) => testing.waitForJob(db, "1", options)),
  nextJob: manageAlone((options) =>
    testing.nextJob({ events: new WorkerEvents("w", () => {}) }, {}, options),
  ),
};

/** How to pass on the options of interfaces that are parts of others. */
const parts: Readonly<Record<string, Call>> = {
  NextJob: manageAlone((which) =>
    testing.nextJob({ events: new WorkerEvents("w", () => {}) }, which, { timeoutMs: 0 }),
  ),
  WorkerOptions: { ...worker, call: api.startWorker },
  RunHandlerOptions: calls["runHandler"] as Call,
  TaskSpec: calls["enqueue"] as Call,
  RecoveryOptions: manageAlone((recovery) => api.startWorker({ ...worker.right, recovery })),
  IsolationOptions: manageAlone((isolation) => api.startWorker({ ...worker.right, isolation })),
  TaskLimit: manageAlone((limit) =>
    api.startWorker({ ...worker.right, taskLimits: { send_email: limit } }),
  ),
  Plugin: {
    right: { name: "plugin" },
    call: (plugin) => api.startWorker({ ...worker.right, plugins: [plugin] }),
  },
  ClientOptions: { right: { pool }, call: createClient },
  BulkOptions: manageAlone((options) => createClient({ db }).addBulk("send_email", [], options)),
  CronEntry: {
    right: entry,
    call: (given) => api.startWorker({ ...worker.right, cronEntries: [given] }),
  },
  ListJobsOptions: manageAlone((options) => createClient({ db }).listJobs(options)),
  ListQueuesOptions: manageAlone((options) => createClient({ db }).listQueues(options)),
  RescheduleOptions: {
    right: { priority: 1 },
    call: (options) => createClient({ db }).rescheduleJobs(["1"], options),
  },
  StatsOptions: manageAlone((options) => createClient({ db }).getStats(options)),
  CleanupOptions: {
    right: { tasks: ["GC_JOB_QUEUES"] },
    call: (options) => createClient({ db }).cleanup(options),
  },
  PauseOptions: manageAlone((options) => createClient({ db }).pauseQueue("q", options)),
  TaskwrightConfig: manageAlone((config) => resolveConfig(config, "/")),
  QueriesConfig: {
    right: { source: "a", migrations: "b", output: "c", migrationsOutput: "d" },
    call: (queries) => resolveConfig({ queries }, "/"),
  },
  BatchOptions: manageAlone((batch) => api.defineTask({ ...taskOptions, batch })),
};

/** What has options of its own, but is made by Taskwright or another library. */
const notOptions = new Set(
  "Executor Pool Schedule Worker WorkerEvents TaskDefinition BatchTaskDefinition HandlerSet Date".split(
    " ",
  ),
);
/** Functions whose objects are no options: what is in them is named by the caller. */
const notCalled = new Set(["bindHandlers", "createPeerTasks", "defineConfig", "defineCron"]);

function isOptions(parameter: ParameterDeclaration): boolean {
  const type = parameter.getType().getNonNullableType();
  const name = type.getAliasSymbol()?.getName() ?? type.getSymbol()?.getName() ?? "";
  const isPlain = type.isObject() || type.isIntersection();
  if (!isPlain || type.isArray() || type.isReadonlyArray() || notOptions.has(name)) return false;
  return type.getCallSignatures().length === 0 && type.getProperties().length > 0;
}

/** Each exported function, with the type of its options. */
const functions = ["src/index.ts", "src/testing/index.ts"].flatMap((file) =>
  Array.from(openFile(project, file).getExportedDeclarations()).flatMap(([name, declarations]) =>
    declarations
      .filter((node): node is FunctionDeclaration => Node.isFunctionDeclaration(node))
      .filter(() => !notCalled.has(name))
      .flatMap((node) => node.getParameters().filter(isOptions).slice(-1))
      .map((parameter) => [name, parameter.getType().getNonNullableType(), parameter] as const),
  ),
);

test("every exported function that takes options is tried with hostile ones", () => {
  const names = functions.map(([name]) => name);
  expect(names.length).toBeGreaterThan(25);
  expect(new Set(names)).toEqual(new Set(Object.keys(calls)));
});

test("every documented list of options is tried with hostile ones", () => {
  const taken = new Set(
    functions.map(([, type]) => type.getAliasSymbol()?.getName() ?? type.getSymbol()?.getName()),
  );
  const missing = optionLists
    .map(({ interface: name }) => name)
    .filter((name) => !(name in parts) && !taken.has(name));
  expect(missing).toEqual([]);
});

const refusals = ["OPTION_INVALID", "SPEC_INVALID", "CRONTAB_INVALID", "CONFIG_INVALID"];

/** What a call with options comes to, if it isn't the right refusal. */
async function faultOf({ call }: Call, options: unknown): Promise<string | undefined> {
  try {
    await call(options as never);
    return "was accepted";
  } catch (error) {
    if (error instanceof api.TaskwrightError && refusals.includes(error.code)) return undefined;
    return String(error);
  }
}

/** Tries each option of a type with each value that it must not have. */
async function faultsOf(type: Type, at: Node, call: Call): Promise<string[]> {
  const tries = type.getProperties().flatMap((property) => {
    const option = property.getName();
    const optionType = property.getTypeAtLocation(at);
    return hostileTo(option, allowedBy(optionType)).map(([value, given]) => ({
      name: `${option}: ${value}`,
      options: { ...call.right, [option]: given },
    }));
  });
  const faults: string[] = [];
  for (const { name, options } of tries) {
    const fault = await faultOf(call, options);
    if (fault !== undefined) faults.push(`${name}: ${fault}`);
  }
  return faults;
}

test.each(functions)("%s refuses every value that an option can't have", async (name, type, at) => {
  expect(await faultsOf(type, at, calls[name] as Call)).toEqual([]);
});

test.each(Object.entries(parts))("%s: no value is taken that can't be", async (name, call) => {
  const declaration = project
    .getSourceFiles()
    .flatMap((file) => file.getInterface(name) ?? file.getTypeAlias(name) ?? [])[0];
  if (declaration === undefined) throw new Error(`There is no interface ${name}.`);
  expect(await faultsOf(declaration.getType(), declaration, call)).toEqual([]);
});

test.each(Object.entries({ ...calls, ...parts }))(
  "%s: options that are no object are refused",
  async (_name, call) => {
    const allowed = {
      ...allowedBy(
        project
          .createSourceFile("x.ts", "let x: {}", { overwrite: true })
          .getVariableDeclarationOrThrow("x")
          .getType(),
      ),
      object: true,
    };
    for (const [name, value] of hostileTo("", allowed)) {
      expect(await faultOf(call, value), name).toBeUndefined();
    }
  },
);

test("an option that is undefined has its default", async () => {
  for (const [name, type] of functions) {
    const call = calls[name] as Call;
    const absent = Object.fromEntries(
      type.getProperties().map((each) => [each.getName(), undefined]),
    );
    expect(await faultOf(call, { ...absent, ...call.right }), name).not.toBeUndefined();
  }
});
