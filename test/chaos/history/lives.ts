import { type Aspect, processOf, type History, type Life } from "./history.js";

/** Follows the processes: from when to when each lived, and which worker ids it had. */
export function readLives(): Aspect<Pick<History, "lives" | "workers">> {
  const lives = new Map<string, Life>();
  const workers = new Map<string, Life>();
  const find = (actor: string, pid: number) => {
    const process = processOf({ actor, pid });
    const life = lives.get(process) ?? { actor, pid, to: Infinity, isPoisoned: false };
    lives.set(process, life);
    return life;
  };
  return {
    readers: {
      spawned: ({ child, childPid }) => void find(child, childPid),
      exited: (entry) =>
        Object.assign(find(entry.child, entry.childPid), { to: entry.at, end: entry }),
      worker: ({ worker, actor, pid }) => void workers.set(worker, find(actor, pid)),
      poison: ({ actor, pid }) => {
        find(actor, pid).isPoisoned = true;
      },
      ready: ({ actor, pid }) => {
        find(actor, pid).isReady = true;
      },
      finished: ({ actor, pid }) => {
        find(actor, pid).isReady = false;
      },
    },
    result: { lives, workers },
  };
}
