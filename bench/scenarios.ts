import type { Client } from "pg";

/** A load that is put into a database, and how it is to be run. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Jobs that can be done; others may lie in the way. */
  readonly jobs: number;
  readonly concurrency: number;
  /** Who runs it, when not all contenders can. */
  readonly contenders?: readonly string[];
  /** Puts the load into an installed schema. */
  load(client: Client): Promise<void>;
}

const concurrency = 24;

/** `add_jobs` exists under the same signature in every contender's schema. */
const addJobs = `
  select count(*) from graphile_worker.add_jobs(array(
    select row('noop', json_build_object('n', n), case when $2 > 0 then 'queue-' || (n % $2) end,
      null, null, null, null, null)::graphile_worker.job_spec
    from generate_series(1, $1::int) n))`;

/** Everything in the two queues is locked, as if some other worker ran their first jobs. */
const lockQueues = `
  update graphile_worker._private_job_queues set locked_at = now(), locked_by = 'somebody'`;

export const scenarios: readonly Scenario[] = [
  {
    name: "drain",
    title: "50,000 jobs without a queue",
    jobs: 50_000,
    concurrency,
    load: (client) => addInChunks(client, 50_000, 0),
  },
  {
    name: "few-queues",
    title: "10 queues of 500 jobs",
    jobs: 5_000,
    concurrency,
    load: (client) => addInChunks(client, 5_000, 10),
  },
  {
    name: "many-queues",
    title: "10,000 queues of 5 jobs",
    jobs: 50_000,
    concurrency,
    load: (client) => addInChunks(client, 50_000, 10_000),
  },
  {
    name: "busy-queues",
    title: "20,000 jobs behind 100,000 of two busy queues",
    jobs: 20_000,
    concurrency,
    load: async (client) => {
      await addInChunks(client, 100_000, 2);
      await client.query(lockQueues);
      await addInChunks(client, 20_000, 0);
    },
  },
  {
    name: "limits",
    title: "50,000 jobs of a task that is limited across the fleet",
    jobs: 50_000,
    concurrency,
    contenders: ["taskwright", "fleet-24", "fleet-4"],
    load: (client) => addInChunks(client, 50_000, 0),
  },
];

async function addInChunks(client: Client, jobs: number, queues: number): Promise<void> {
  const chunk = 10_000;
  for (let added = 0; added < jobs; added += chunk) {
    await client.query(addJobs, [Math.min(chunk, jobs - added), queues]);
  }
  // The statistics that autovacuum would have gathered by now.
  await client.query("analyze graphile_worker._private_jobs, graphile_worker._private_job_queues");
}
