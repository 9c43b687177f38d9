import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import { sweep } from "taskwright";
import type { Actor } from "./actor.js";
import { freeDeadPeers, peerHolders } from "./operator.js";
import { foreigners } from "./plan.js";
import { withControl, type Stage } from "./stage.js";

const lookMs = 250;
/** Everything but the handlers of some seconds is quick once the faults are over. */
const patienceMs = 90_000;
/** A stop may wait for its jobs, their abort and the database, each for some seconds. */
const stopMs = 30_000;

/** Ends the run in good order: the producers, then all jobs, then the workers. */
export async function drain(stage: Stage): Promise<void> {
  const enter = (name: string) => stage.ledger.write({ kind: "phase", name });
  enter("the producers stop");
  await finish(stage, ({ role }) => role === "producer");
  enter("the queue drains");
  await withControl(stage, (client) => drainQueue(stage, client));
  enter("the peers stop");
  await finish(stage, ({ name }) => foreigners.has(name));
  await withControl(stage, (client) => drainQueue(stage, client));
  enter("the workers stop");
  await finish(stage, ({ role, steady }) => role === "worker" && !steady);
  const steady = "id not like 'steady.%'";
  await withControl(stage, (client) => waitForSweeps(stage, client, steady));
  await finish(stage, ({ steady }) => steady);
  // Without a worker it is up to the operator: one that may have lost a claim stays registered.
  await withControl(stage, async (client) => {
    await waitForSweeps(stage, client, "true", async () => {
      await client.query("begin");
      await sweep(client);
      await client.query("commit");
    });
  });
}

async function finish(
  { ledger, actors }: Stage,
  isChosen: (actor: Actor) => boolean,
): Promise<void> {
  await Promise.all(
    [...actors.values()].filter(isChosen).map(async (actor) => {
      if (await actor.finish(stopMs)) return;
      const detail = `${actor.name} had not stopped ${stopMs} ms after SIGTERM`;
      ledger.write({ kind: "left", what: "a process", detail });
    }),
  );
}

/** Waits until no job is left that could run, and none is held. Retries are made due meanwhile. */
async function drainQueue(stage: Stage, client: Client): Promise<void> {
  await waitUntilEmpty(stage, "jobs that do not end", async () => {
    await freeDeadPeers(stage, client);
    await client.query(
      `update graphile_worker._private_jobs set run_at = now()
      where run_at > now() and locked_at is null and attempts < max_attempts`,
    );
    const { rows } = await client.query<{ detail: string }>(
      `select format(
        '%s (%s, attempt %s of %s, held by %s)',
        jobs.id, tasks.identifier, jobs.attempts, jobs.max_attempts, coalesce(jobs.locked_by, 'nobody')
      ) as detail
      from graphile_worker._private_jobs as jobs
      join graphile_worker._private_tasks as tasks on tasks.id = jobs.task_id
      where (jobs.locked_by is not null or jobs.attempts < jobs.max_attempts)
      -- A peer that lost its server may hold jobs until it is stopped.
      and coalesce(jobs.locked_by, '') <> all ($1)`,
      [peerHolders(stage).alive],
    );
    return rows.map(({ detail }) => detail);
  });
}

/** Waits until no worker is registered that a condition is true of. */
async function waitForSweeps(
  stage: Stage,
  client: Client,
  condition: string,
  help: () => Promise<unknown> = async () => {},
): Promise<void> {
  await waitUntilEmpty(stage, "workers that nobody sweeps up after", async () => {
    await help();
    const { rows } = await client.query<{ id: string }>(
      `select id from graphile_worker._private_workers where ${condition}`,
    );
    return rows.map(({ id }) => id);
  });
}

async function waitUntilEmpty(
  { ledger }: Stage,
  what: string,
  look: () => Promise<readonly string[]>,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const left = await look();
    if (left.length === 0) return;
    if (Date.now() > deadline) {
      ledger.write({
        kind: "left",
        what: `${what} after ${patienceMs} ms`,
        detail: left.join("; "),
      });
      return;
    }
    await delay(lookMs);
  }
}
