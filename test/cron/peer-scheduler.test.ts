import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createCronDatabase, type CronDatabase } from "./harness.js";
import { parsePeerCrontab } from "./peer-crontab.js";
import { startPeerScheduler, type PeerScheduler } from "./peer-scheduler.js";

const minute = 60_000;
const start = Date.parse("2026-02-28T22:10:30Z");
const after = (minutes: number) => new Date(start + minutes * minute);

let ours: CronDatabase;
let theirs: CronDatabase;
let peer: PeerScheduler;
let guest: PeerScheduler;
beforeAll(async () => {
  [ours, theirs] = await Promise.all([
    createCronDatabase("graphile_worker"),
    createCronDatabase("graphile_worker"),
  ]);
  peer = startPeerScheduler(theirs.connectionString);
  guest = startPeerScheduler(ours.connectionString);
});
afterAll(async () => {
  await Promise.all([peer.end(), guest.end()]);
  await Promise.all([ours.drop(), theirs.drop()]);
});
beforeEach(() => Promise.all([ours.clear(), theirs.clear()]));

/** Everything that a scheduler leaves behind. */
async function readAll(database: CronDatabase) {
  const jobs = await database.pool.query(
    `select identifier, payload::text, queue_name, run_at, max_attempts, priority, key, revision
     from graphile_worker._private_jobs as jobs
     join graphile_worker._private_tasks as tasks on tasks.id = jobs.task_id
     left join graphile_worker._private_job_queues as queues on queues.id = jobs.job_queue_id
     order by run_at, identifier, payload::text`,
  );
  const known = await database.pool.query(
    "select * from graphile_worker._private_known_crontabs order by identifier",
  );
  return { jobs: jobs.rows as unknown[], known: known.rows as unknown[] };
}

/** Entries with a tick every hour or so, each with an id and a task of its own. */
const crontabs = fc
  .array(
    fc.record({
      minutes: fc.constantFrom("*", "*/7", "*/20", "13", "0,30", "5-15", "59"),
      hours: fc.constantFrom("*", "*/2", "22-23", "0,3"),
      days: fc.constantFrom("* * *", "1 * *", "28 * 0", "* 3 *", "* * 6"),
      options: fc.constantFrom("", "&fill=40m", "&fill=1d", "&max=2&queue=q", "&priority=-3"),
      key: fc.constantFrom("", "&jobKey=a", "&jobKey=b&jobKeyMode=preserve_run_at"),
      payload: fc.constantFrom("", ' {a: "x", b: [1, null]}'),
    }),
    { minLength: 3, maxLength: 9 },
  )
  .map((entries) =>
    entries.map(
      ({ minutes, hours, days, options, key, payload }, index) =>
        `${minutes} ${hours} ${days} task_${index} ?id=id_${index}${options}${key}${payload}`,
    ),
  );

test("leaves behind what graphile-worker leaves behind, through restarts and sleep", async () => {
  await fc.assert(
    fc.asyncProperty(crontabs, crontabs, fc.integer({ min: 1, max: 300 }), async (a, b, away) => {
      await Promise.all([ours.clear(), theirs.clear()]);
      let elapsed = 0;
      // The second time some entries are new, some changed, and some are known from before.
      for (const lines of [a, [...b.slice(0, 2), ...a.slice(2)]]) {
        const crontab = lines.join("\n");
        const { scheduler } = ours.schedule(crontab);
        await Promise.all([peer.start(after(elapsed), crontab), scheduler.tick(after(elapsed))]);
        for (let step = 0; step < 20; step++) {
          await scheduler.tick(after(++elapsed));
        }
        await peer.advance(after(elapsed));
        elapsed += away;
        await Promise.all([peer.advance(after(elapsed), true), scheduler.tick(after(elapsed))]);
        await Promise.all([peer.stop(), scheduler.stop()]);
        elapsed += away;
      }
      expect(await readAll(ours)).toEqual(await readAll(theirs));
    }),
    { numRuns: 5 },
  );
});

test("a fleet of both loses no tick and adds none twice", async () => {
  const crontab = [
    "* * * * * a ?fill=1h",
    "*/3 * * * * b ?id=third",
    "30 23 28 * 1 c",
    "0 */2 * * * d {deep: true}",
  ].join("\n");
  const fleet = [ours.schedule(crontab).scheduler, ours.schedule(crontab).scheduler];
  let won = 0;
  const tickAll = async (elapsed: number) => {
    const ticks = await Promise.all(fleet.map((scheduler) => scheduler.tick(after(elapsed))));
    won += ticks.flat().length;
  };
  await guest.start(after(0), crontab);
  await tickAll(0);
  const last = 240;
  for (let elapsed = 1; elapsed <= last; elapsed++) {
    const turn = elapsed % 5;
    // One is late, or the other, or the peer; or all race; or the peer is started anew.
    if (turn === 0) await guest.advance(after(elapsed));
    if (turn === 1) won += (await fleet[0]?.tick(after(elapsed)))?.length ?? 0;
    if (turn === 2) won += (await fleet[1]?.tick(after(elapsed)))?.length ?? 0;
    if (turn === 3) await Promise.all([tickAll(elapsed), guest.advance(after(elapsed))]);
    if (turn === 4 && elapsed % 60 === 59) {
      await guest.stop();
      await guest.start(after(elapsed), crontab);
      await tickAll(elapsed);
    }
  }
  await Promise.all([tickAll(last), guest.advance(after(last))]);

  let total = 0;
  for (const { task, match } of parsePeerCrontab(crontab)) {
    const expected: string[] = [];
    for (let time = start - (start % minute) + minute; time <= +after(last); time += minute) {
      const ts = new Date(time);
      const digest = {
        min: ts.getUTCMinutes(),
        hour: ts.getUTCHours(),
        date: ts.getUTCDate(),
        month: ts.getUTCMonth() + 1,
        dow: ts.getUTCDay(),
      };
      if (match(digest)) expected.push(ts.toISOString().slice(11, 19));
    }
    expect(await ours.jobTimes(task)).toEqual(expected);
    total += expected.length;
  }
  expect(won).toBeGreaterThan(0);
  expect(won).toBeLessThan(total);
});
