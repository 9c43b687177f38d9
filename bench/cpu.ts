import { readdir, readFile } from "node:fs/promises";
import type { Client } from "pg";

/** Linux counts a process's time in these, whatever the kernel's own tick is. */
const tickMs = 10;

interface ProcessTime {
  readonly parentPid: number;
  readonly ownMs: number;
  /** Of children that have ended. */
  readonly endedMs: number;
}

/**
 * Tells how much CPU time a PostgreSQL server has used so far, its background processes included, in
 * milliseconds; undefined where that can't be seen: the server is elsewhere, or this isn't Linux.
 */
export async function serverCpuMeter(client: Client): Promise<() => Promise<number | undefined>> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const pid = rows[0]?.pid ?? 0;
  const postmaster = (await isPostgres(pid)) ? (await readTime(pid))?.parentPid : undefined;
  return async () => (postmaster === undefined ? undefined : sumTimes(postmaster));
}

/** A backend of another machine has a number that may be anybody's here. */
async function isPostgres(pid: number): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
  return name.startsWith("postgres");
}

async function sumTimes(postmaster: number): Promise<number> {
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const times = await Promise.all(pids.map(readTime));
  const children = times.filter((time) => time?.parentPid === postmaster);
  const own = await readTime(postmaster);
  const ended = (own?.ownMs ?? 0) + (own?.endedMs ?? 0);
  return children.reduce((sum, time) => sum + (time?.ownMs ?? 0), ended);
}

/** Undefined when the process has ended. Fields as in proc(5), from the third on. */
async function readTime(pid: number): Promise<ProcessTime | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is a name in parentheses, which may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (field: number) => Number(fields[field - 3]);
  return {
    parentPid: at(4),
    ownMs: (at(14) + at(15)) * tickMs,
    endedMs: (at(16) + at(17)) * tickMs,
  };
}
