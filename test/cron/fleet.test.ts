import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { CronInfo } from "../../src/index.js";
import { resolveWorkerOptions } from "../../src/worker/options.js";
import { WorkerRoot } from "../../src/worker/worker.js";
import { countLocks, handlersFor, listJobs, until } from "../worker/support.js";
import { FakeClock } from "./fake-clock.js";
import { at, createCronDatabase, every, type CronDatabase } from "./harness.js";
import { startPeerScheduler, type PeerScheduler } from "./peer-scheduler.js";

let database: CronDatabase;
let peer: PeerScheduler;
beforeAll(async () => {
  database = await createCronDatabase("graphile_worker");
  peer = startPeerScheduler(database.connectionString);
});
afterAll(async () => {
  await peer.end();
  await database.drop();
});
beforeEach(() => database.clear());

const crontab = [
  "* * * * * minutely",
  "*/3 * * * * third ?id=every_third&queue=q {n: 1}",
  "30 9 * * * daily ?jobKey=day",
].join("\n");

/** What the workers of a test ran, by task: the ticks, as times of the day. */
class Ran {
  readonly #ticks = new Map<string, CronInfo[]>();
  readonly tasks: readonly string[];

  constructor(...tasks: readonly string[]) {
    this.tasks = tasks;
  }

  handlers() {
    const note = (task: string) => (_: unknown, ctx: { readonly cron: CronInfo | undefined }) => {
      if (ctx.cron !== undefined) this.#of(task).push(ctx.cron);
    };
    return Object.fromEntries(this.tasks.map((task) => [task, note(task)]));
  }

  times(task: string, backfilled?: boolean): string[] {
    return this.#of(task)
      .filter((tick) => backfilled === undefined || tick.backfilled === backfilled)
      .map(({ ts }) => ts.slice(11, 19))
      .toSorted();
  }

  #of(task: string): CronInfo[] {
    const ticks = this.#ticks.get(task) ?? [];
    this.#ticks.set(task, ticks);
    return ticks;
  }
}

/** One of our workers, on a clock of its own. */
class Member {
  readonly clock: FakeClock;
  readonly #root: WorkerRoot<undefined>;
  won = 0;

  constructor(ran: Ran, from: string, text = crontab) {
    this.clock = new FakeClock(`2025-03-01T${from}Z`);
    const options = resolveWorkerOptions("startWorker", {
      connectionString: database.connectionString,
      handlers: handlersFor(ran.handlers()),
      crontab: text,
      on: { "cron:scheduled": ({ ticks }) => void (this.won += ticks.length) },
    });
    this.#root = new WorkerRoot(options, { kind: "continuous" }, this.clock);
  }

  async start(): Promise<this> {
    await this.#root.start();
    await this.clock.asleep();
    return this;
  }

  /** Lives until that time of the day, and to the end of what was due by then. */
  async pass(to: Date): Promise<void> {
    await this.clock.pass(to.toISOString());
    await this.clock.asleep();
  }

  async stop(): Promise<void> {
    await this.#root.stop("the test is over");
  }
}

async function drained(): Promise<boolean> {
  return (await listJobs(database.pool)).length === 0;
}

test("two workers and graphile-worker's scheduler share a crontab: each tick runs once", async () => {
  const ran = new Ran("minutely", "third", "daily");
  const start = at("08:00:30");
  const first = new Member(ran, "08:00:30");
  const second = new Member(ran, "08:00:30");
  const minutes = 120;
  const now = (elapsed: number) => new Date(+start + elapsed * 60_000);
  await Promise.all([first.start(), second.start(), peer.start(start, crontab)]);
  for (let elapsed = 1; elapsed <= minutes; elapsed++) {
    const turn = elapsed % 5;
    if (turn === 0 || turn === 3) await peer.advance(now(elapsed));
    if (turn === 1) await first.pass(now(elapsed));
    if (turn === 2) await second.pass(now(elapsed));
    // All are late by some minutes then, each by others, and race.
    if (turn === 4) {
      await Promise.all([
        first.pass(now(elapsed)),
        second.pass(now(elapsed)),
        peer.advance(now(elapsed)),
      ]);
    }
  }
  await until(drained, "the last job's end");
  await Promise.all([first.stop(), second.stop(), peer.stop()]);

  expect(ran.times("minutely")).toEqual(every(60, "08:01:00", "10:00:00"));
  expect(ran.times("third")).toEqual(every(180, "08:03:00", "10:00:00"));
  expect(ran.times("daily")).toEqual(["09:30:00"]);
  expect(first.won).toBeGreaterThan(0);
  expect(second.won).toBeGreaterThan(0);
  expect(first.won + second.won).toBeLessThan(120 + 40 + 1);
  expect(await countLocks(database.pool)).toBe(0);
});

test("workers that take turns make up for the time when none was there", async () => {
  const text = "* * * * * minutely ?fill=1h\n*/10 * * * * * seconds ?fill=1m\n0 9 * * * daily";
  const ran = new Ran("minutely", "seconds", "daily");
  const first = await new Member(ran, "08:00:05", text).start();
  await first.pass(at("08:03:00"));
  await first.stop();
  const second = await new Member(ran, "09:20:00", text).start();
  await second.pass(at("09:21:00"));
  await until(drained, "the last job's end");
  await second.stop();

  // An hour is made up for by the one, a minute by the other, nothing by the third.
  expect(ran.times("minutely", true)).toEqual(every(60, "08:20:00", "09:19:00"));
  expect(ran.times("minutely", false)).toEqual([
    ...every(60, "08:01:00", "08:03:00"),
    ...every(60, "09:20:00", "09:21:00"),
  ]);
  expect(ran.times("seconds", true)).toEqual(every(10, "09:19:00", "09:19:50"));
  expect(ran.times("seconds", false)).toEqual([
    ...every(10, "08:00:10", "08:03:00"),
    ...every(10, "09:20:00", "09:21:00"),
  ]);
  expect(ran.times("daily")).toEqual([]);
});
