import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { serverCpuMeter } from "./cpu.js";
import { ContenderProcess } from "./process.js";
import type { Scenario } from "./scenarios.js";

/** A contender that doesn't get through is stopped and rated by what it did. */
const maxRunMs = 20_000;
const idleJobs = 200;
const idleGapMs = 15;

/** What one run of a scenario gave. */
export interface Run {
  /** Jobs a second until the last job's row was gone, or until the time was up. */
  readonly rate: number;
  /** Microseconds of CPU time for each job: of the contender's process, and of the whole server. */
  readonly processCpuUs: number;
  readonly serverCpuUs: number | undefined;
}

export async function measureRun(
  contender: string,
  connectionString: string,
  { jobs, concurrency }: Scenario,
): Promise<Run> {
  return withClient(connectionString, async (client) => {
    const before = await countJobs(client);
    const serverCpuMs = await serverCpuMeter(client);
    const serverBeforeMs = await serverCpuMs();
    const worker = await ContenderProcess.start(contender, connectionString, concurrency);
    const deadline = performance.now() + maxRunMs;
    // Asking the process is cheap; asking the table in a loop would slow the contender down.
    let report = await worker.report();
    while (report.done < jobs && performance.now() < deadline) {
      await delay(10);
      report = await worker.report();
    }
    let gone = before - (await countJobs(client));
    while (gone < jobs && performance.now() < deadline) {
      await delay(2);
      gone = before - (await countJobs(client));
    }
    const seconds = (performance.timeOrigin + performance.now() - report.startedAt) / 1_000;
    const { cpuMs } = await worker.report();
    const serverAfterMs = await serverCpuMs();
    await worker.stop();
    const perJobUs = (ms: number) => (ms * 1_000) / gone;
    return {
      rate: gone / seconds,
      processCpuUs: perJobUs(cpuMs),
      serverCpuUs:
        serverBeforeMs === undefined || serverAfterMs === undefined
          ? undefined
          : perJobUs(serverAfterMs - serverBeforeMs),
    };
  });
}

/** Milliseconds from the sending of a job to its handler, with a worker that has nothing to do. */
export async function measureIdleLatency(
  contender: string,
  connectionString: string,
): Promise<readonly number[]> {
  return withClient(connectionString, async (client) => {
    const worker = await ContenderProcess.start(contender, connectionString, 24);
    await delay(500);
    for (let sent = 0; sent < idleJobs; sent++) {
      const sentAt = performance.timeOrigin + performance.now();
      await client.query(
        "select graphile_worker.add_job('noop', json_build_object('sentAt', $1::float8))",
        [sentAt],
      );
      await delay(idleGapMs);
    }
    let report = await worker.report();
    const deadline = performance.now() + maxRunMs;
    while (report.done < idleJobs && performance.now() < deadline) {
      await delay(20);
      report = await worker.report();
    }
    await worker.stop();
    return report.latenciesMs;
  });
}

async function countJobs(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int as count from graphile_worker._private_jobs",
  );
  return rows[0]?.count ?? 0;
}

async function withClient<T>(
  connectionString: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
