import Table from "cli-table3";
import type { LedgerRow } from "./ledger.js";
import { percentile, type Statistics } from "./statistics.js";

/** A line per task: what was added, what became of it, how long it waited. */
export function formatSummary(statistics: Statistics): string {
  const table = new Table({
    head: ["task", "enqueued", "completed", "retried", "failed", "p50", "p99"],
    colAligns: ["left", "right", "right", "right", "right", "right", "right"],
    style: process.stdout.isTTY ? {} : { head: [], border: [] },
  });
  for (const [task, { enqueued, completed, retried, failed, waitsMs }] of statistics.tasks) {
    const waits = [50, 99].map((rank) => formatMs(percentile(waitsMs, rank)));
    table.push([task, enqueued, completed, retried, failed, ...waits]);
  }
  return table.toString();
}

function formatMs(value: number | undefined): string {
  return value === undefined ? "-" : `${value} ms`;
}

/** Where the counts that came from events differ from what the database holds. */
export function findDisagreements(statistics: Statistics, rows: readonly LedgerRow[]): string[] {
  const found: string[] = [];
  for (const [task, counted] of statistics.tasks) {
    const stored = rows.find((row) => row.task === task);
    const compare = (what: "enqueued" | "completed" | "retried" | "failed") => {
      const inDatabase = stored?.[what] ?? 0;
      if (counted[what] === inDatabase) return;
      found.push(
        `${task}: ${counted[what]} ${what} by the summary, ${inDatabase} by the database.`,
      );
    };
    compare("enqueued");
    compare("completed");
    compare("retried");
    compare("failed");
    const left = stored?.unsettled ?? 0;
    if (left > 0) found.push(`${task}: ${left} jobs are still in the queue.`);
  }
  return found;
}
