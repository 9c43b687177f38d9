/** The handlers of the tests of isolation, which threads import. */
import { appendFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import {
  bindHandlers,
  defineTask,
  NonRetriableError,
  RetryAfterError,
  type BatchHandler,
  type Handler,
  type TaskOptions,
} from "taskwright";

type Payload = Record<string, unknown>;
type App = { readonly threadId: number; readonly made: number };

function task(identifier: string, options: Partial<TaskOptions<Payload>> = {}) {
  return defineTask<Payload, Payload>({
    identifier,
    schema: "graphile_worker",
    validator: () => true,
    isolate: true,
    ...options,
  });
}

export const plain = task("plain", { isolate: false });

export const tasks = {
  plain,
  report: task("report"),
  spin: task("spin"),
  compute: task("compute"),
  spin_briefly: task("spin_briefly", { timeoutMs: 100 }),
  wait: task("wait"),
  wait_briefly: task("wait_briefly", { timeoutMs: 1500 }),
  fail: task("fail"),
  exit: task("exit"),
  throw_afterwards: task("throw_afterwards"),
  throw_later: task("throw_later"),
  reject_later: task("reject_later"),
  fill_memory: task("fill_memory"),
  write: task("write"),
  batch: task("batch", { batch: {} }),
  log: task("log"),
};

let made = 0;

/** Tells in a file, if one is named, when it is made and disposed of. */
export const app = (): App & AsyncDisposable => {
  tell("made");
  return {
    threadId,
    made: ++made,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => setImmediate(resolve));
      tell("disposed");
    },
  };
};

function tell(what: string): void {
  const file = process.env["TASKWRIGHT_TEST_FILE"];
  if (file !== undefined) appendFileSync(file, `${what} ${threadId}\n`);
}

/** Computes until the clock has moved on, or for ever. */
export function compute(ms = Infinity): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** What each kind of failure throws. */
const failures: Readonly<Record<string, () => unknown>> = {
  error: () => Object.assign(new TypeError("wrong", { cause: new Error("why") }), { code: "E1" }),
  never: () => new NonRetriableError("never again"),
  later: () => new RetryAfterError("later", { after: 0 }),
  text: () => "just a text",
  nothing: () => undefined,
  function: () => () => {},
  symbol: () => Symbol("sign"),
  proxy: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  getters: () => ({
    get message() {
      throw new Error("no message");
    },
  }),
  uncloneable: () => Object.assign(new Error("holds a function"), { give: () => 1, stack: 1 }),
};

const record: Handler<Payload, App> = async (payload, ctx) => {
  await ctx.db.query("insert into effects (job_id, report) values ($1, $2)", [
    ctx.job.id,
    JSON.stringify({
      payload,
      threadId,
      app: ctx.app,
      attempts: ctx.job.attempts,
      runAt: ctx.job.runAt instanceof Date,
      isFrozen: Object.isFrozen(ctx.job),
      cron: ctx.cron,
      trace: ctx.trace,
    }),
  ]);
};

const handlersByTask: Readonly<Record<keyof typeof tasks, Handler<Payload, App>>> = {
  plain: () => {},
  report: record,
  spin: (_payload, { log }) => {
    log.info("spins");
    compute();
  },
  compute: ({ ms }) => compute(Number(ms)),
  spin_briefly: () => compute(),
  wait: (payload, { signal, log }) =>
    new Promise((_resolve, reject) => {
      log.info("waits");
      const timer = setInterval(() => {}, 1000);
      if (payload["isDeaf"] === true) return;
      signal.addEventListener("abort", () => {
        clearInterval(timer);
        log.info("aborted", { code: (signal.reason as { code?: unknown }).code });
        reject(signal.reason as Error);
      });
    }),
  wait_briefly: async (_payload, { db }) => {
    await db.query("select pg_sleep(0.5)", []);
  },
  fail: (payload) => {
    throw failures[String(payload["as"])]?.();
  },
  exit: () => process.exit(7),
  throw_afterwards: () => {
    setTimeout(() => {
      throw new RangeError("nobody catches it");
    }, 20);
  },
  throw_later: () =>
    new Promise(() => {
      setImmediate(() => {
        throw new RangeError("nobody catches it");
      });
    }),
  reject_later: () =>
    new Promise(() => {
      void Promise.reject(new Error("nobody awaits it"));
      setInterval(() => {}, 1000);
    }),
  fill_memory: () => {
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from({ length: 1000 }, () => ({})));
  },
  write: async (payload, ctx) => {
    const { ends } = payload;
    if (ends === "on the pool") await ctx.completeIn(ctx.db);
    const work = ctx.withTransaction(async (tx) => {
      await tx.query("insert into effects (job_id, report) values ($1, 'null')", [ctx.job.id]);
      if (ends === "added") await tx.add(tasks.plain, { by: ctx.job.id });
      else await ctx.completeIn(tx);
      if (ends === "rolled back") throw new Error("rolled back");
      if (ends === "crash") process.exit(3);
    });
    await (ends === "rolled back" ? work.catch(() => {}) : work);
    if (ends === "failed after") throw new Error("after the commit");
    if (ends === "added outside") await ctx.add(tasks.plain, { by: ctx.job.id });
  },
  batch: ((items: unknown) =>
    (items as readonly { readonly as?: string }[]).map(({ as }) =>
      as === undefined ? undefined : Promise.reject(failures[as]?.()),
    )) satisfies BatchHandler<unknown, App>,
  log: (_payload, { log }) => {
    log.debug("some details", { list: [1, { two: 2 }], error: new Error("told"), fn() {} });
    log.warn("none");
  },
};

export const handlers = bindHandlers<typeof tasks, App>(tasks, handlersByTask);
