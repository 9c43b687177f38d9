import type { Command } from "commander";
import { resolveCronEntries, type ResolvedCronEntry } from "../../../cron/resolve.js";
import { loadTasks } from "../../registry.js";
import { readConfig, readCrontab, type DatabaseFlags } from "../../session.js";
import type { Terminal } from "../../terminal.js";

/** Where the recurring jobs are written. */
export interface EntryFlags extends DatabaseFlags {
  readonly crontab?: string;
}

export function addEntryOptions(command: Command): Command {
  return command.option(
    "--crontab <file>",
    "a crontab besides the schemas' x-task.cron (default: the config's)",
  );
}

/** The recurring jobs of the project: of its schemas, and of a crontab if one is named. */
export async function loadEntries(
  flags: EntryFlags,
  terminal: Terminal,
): Promise<readonly ResolvedCronEntry[]> {
  const config = await readConfig(flags, terminal);
  const tasks = await loadTasks(config);
  return resolveCronEntries({ crontab: await readCrontab(config, terminal, flags), tasks });
}
