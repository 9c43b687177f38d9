import { chmodSync, mkdirSync } from "node:fs";
import path from "node:path";
import { migrate } from "taskwright";
import { Cluster } from "../support/cluster.js";
import { Proxy } from "../support/proxy.js";
import { Actor } from "./actor.js";
import { drain } from "./drain.js";
import { takeInventory } from "./inventory.js";
import type { Ledger } from "./ledger/ledger.js";
import { operate } from "./operator.js";
import { cast, type PlannedFault } from "./plan.js";
import { probeDatabase } from "./probe.js";
import { Random } from "./random.js";
import { watchLag } from "./roles/role.js";
import { withControl, type Stage } from "./stage.js";
import { makeTrouble } from "./trouble.js";

export interface RunOptions {
  readonly ledger: Ledger;
  readonly seed: string;
  readonly plan: readonly PlannedFault[];
  readonly lengthMs: number;
  /** The program of the Rust crate's worker, if it takes part. */
  readonly rust: string | undefined;
}

/** Lets everybody work through the planned faults, and ends in good order. */
export async function run(options: RunOptions): Promise<void> {
  const { ledger, plan, lengthMs } = options;
  const cluster = await Cluster.create(serverSettings(ledger.folder));
  const stage = await setTheStage(options, cluster);
  const over = new AbortController();
  const lag = watchLag(ledger);
  const beside = [
    probeDatabase(cluster.connectionString, ledger, over.signal),
    operate(stage, over.signal),
  ];
  try {
    for (const actor of stage.actors.values()) actor.start();
    ledger.write({ kind: "phase", name: "the trouble begins" });
    await makeTrouble(stage, plan, lengthMs);
    await drain(stage);
    await takeInventory(stage);
  } finally {
    over.abort();
    clearInterval(lag);
    await Promise.all([...stage.actors.values()].map((actor) => actor.finish(0)));
    await Promise.all([...beside, ...[...stage.proxies.values()].map((proxy) => proxy.close())]);
    await cluster.destroy();
  }
}

/** The server runs as a user of its own, and writes its log beside the ledger. */
function serverSettings(folder: string): string[] {
  const logFolder = path.join(folder, "server");
  mkdirSync(logFolder);
  if (process.getuid?.() === 0) {
    // The server then runs as another user, who must reach its log and nothing else here.
    chmodSync(folder, 0o711);
    chmodSync(logFolder, 0o777);
  }
  return [
    "max_connections=200",
    "logging_collector=on",
    `log_directory=${logFolder}`,
    "log_filename=postgresql.log",
    "log_line_prefix=%m [%p] %a ",
  ];
}

async function setTheStage({ ledger, seed, rust }: RunOptions, cluster: Cluster): Promise<Stage> {
  const { connectionString } = cluster;
  await migrate({ connectionString });
  await withControl({ cluster }, (client) =>
    // Without a key, so that an effect that happened twice shows.
    client.query("create table chaos_effects (request text not null, pid int not null)"),
  );
  const proxies = new Map<string, Proxy>();
  const actors = new Map<string, Actor>();
  for (const { name, role, isProxied, steady } of cast) {
    if (role === "rust" && rust === undefined) continue;
    const proxy = isProxied ? await Proxy.before(connectionString) : undefined;
    if (proxy !== undefined) proxies.set(name, proxy);
    const url = proxy?.through(connectionString) ?? connectionString;
    const { folder } = ledger;
    const told = { actor: name, connectionString: url, folder, seed, steady };
    actors.set(name, new Actor({ ...told, role, ledger, rust }));
  }
  return { cluster, ledger, actors, proxies, random: new Random(seed, "stage") };
}
