// Runs graphile-worker 0.18's own scheduler on a clock that the parent process moves.
import { EventEmitter } from "node:events";
import { setImmediate as immediate } from "node:timers/promises";
import pg from "pg";
import { Logger } from "graphile-worker";

const [connectionString, schema] = process.argv.slice(2);
let now = 0;
let timers = [];

// The scheduler's timers and the time it reads. Its pool sets no timers.
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now);
    else super(...args);
  }
  static now() {
    return now;
  }
};
globalThis.setTimeout = (run, ms) => {
  const timer = { run, at: now + ms };
  timers.push(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => {
  timers = timers.filter((other) => other !== timer);
};

const dist = "./node_modules/graphile-worker/dist";
const { runCron } = await import(`${dist}/cron.js`);
const { parseCrontab } = await import(`${dist}/crontab.js`);
const { processSharedOptions } = await import(`${dist}/lib.js`);

const events = new EventEmitter();
const pgPool = new pg.Pool({ connectionString, idleTimeoutMillis: 0 });
pgPool.on("error", () => {});
const options = { schema, events, logger: new Logger(() => () => {}) };
let cron;

/** The scheduler is at rest when it waits for its timer. */
async function settle() {
  while (timers.length === 0) await immediate();
}

const commands = {
  async start({ at, crontab }) {
    now = RealDate.parse(at);
    cron = runCron(processSharedOptions({ ...options }), parseCrontab(crontab), { pgPool, events });
    await settle();
  },
  /** Moves the clock minute by minute, or at once, as for a machine that slept. */
  async advance({ to, slept }) {
    const end = RealDate.parse(to);
    if (slept) now = end;
    for (;;) {
      timers.sort((a, b) => a.at - b.at);
      // What it catches up on, it does a millisecond apart.
      if (timers[0].at > Math.max(end, now + 1)) break;
      const timer = timers.shift();
      now = Math.max(now, timer.at);
      timer.run();
      await settle();
    }
    now = Math.max(now, end);
  },
  async stop() {
    await cron.release();
  },
};

process.on("message", async ({ command, ...args }) => {
  await commands[command](args);
  process.send("done");
});
process.on("disconnect", () => process.exit());
