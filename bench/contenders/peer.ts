import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { Contender, Running } from "../role.js";

/** The part of graphile-worker's API that is used; it is installed for the interop tests only. */
interface PeerModule {
  run(options: {
    preset: { worker: Record<string, unknown> };
    taskList: Record<string, (payload: unknown) => void>;
  }): Promise<Running>;
  Logger: new (factory: () => () => void) => unknown;
}

/** Node's graphile-worker with the given settings on top of its defaults. */
export async function runPeer(
  { connectionString, concurrency }: Parameters<Contender>[0],
  onJob: Parameters<Contender>[1],
  settings: Readonly<Record<string, unknown>>,
): Promise<Running> {
  const require = createRequire(new URL("../../test/interop/peer/package.json", import.meta.url));
  const entry = pathToFileURL(require.resolve("graphile-worker"));
  const peer = (await import(entry.href)) as PeerModule;
  return peer.run({
    preset: {
      worker: {
        connectionString,
        concurrentJobs: concurrency,
        maxPoolSize: concurrency + 4,
        logger: new peer.Logger(() => () => {}),
        ...settings,
      },
    },
    taskList: { noop: (payload) => onJob(payload) },
  });
}
