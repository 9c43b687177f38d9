import type { Check } from "../history/history.js";

/** With fewer samples, one a second, the start's own growth is all that there is to see. */
const leastSamples = 60;
/**
 * The heap and the resident memory of a Node process that works grow by some tens of megabytes before
 * they settle. A leak of 2 kB a job shows from 50,000 jobs on.
 */
const allowance = { factor: 1.25, bytes: 40 * 2 ** 20 } as const;

/** The worker that lives through the whole run needs as much memory in the end as in the beginning. */
export const checkMemory: Check = ({ entries }) => {
  const samples = entries.flatMap((entry) =>
    entry.kind === "memory" && entry.actor === "steady" ? [entry] : [],
  );
  const third = Math.floor(samples.length / 3);
  if (samples.length < leastSamples) return [];
  const lines = [samples[third]?.line ?? "", samples.at(-1)?.line ?? ""];
  return (["rss", "heap"] as const).flatMap((kind) => {
    const first = median(samples.slice(0, third).map((sample) => sample[kind]));
    const last = median(samples.slice(-third).map((sample) => sample[kind]));
    if (last <= first * allowance.factor + allowance.bytes) return [];
    const message = `the ${kind} of the worker that lived through it all grew from ${megabytes(first)} to ${megabytes(last)}`;
    return [{ check: "memory", message, lines }];
  });
};

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
