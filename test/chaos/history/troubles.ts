import { heartbeatIntervalMs } from "../roles/tasks.js";
import { processOf, type Aspect, type History, type Trouble } from "./history.js";

/** Faults that reach everybody, whomever they are aimed at. */
const common: ReadonlySet<string> = new Set([
  "restart server",
  "crash server",
  "stop server for long",
  "lock table",
  "lock rows",
]);
/** These can keep nobody from saying for long that it lives: a new connection serves. */
const momentary: ReadonlySet<string> = new Set(["terminate backends", "cancel queries"]);
/** After a cut a worker connects again, which takes it a moment. */
const reconnectMs = 1000;

/** Follows what was done to the processes and the server, and what they suffered by themselves. */
export function readTroubles(): Aspect<Pick<History, "troubles">> {
  const troubles: Trouble[] = [];
  const open = new Map<number, Trouble>();
  /** By process and run: what keeps an event loop busy, and can't be noted if the process ends of it. */
  const blocked = new Map<string, Trouble>();
  const unblock = (of: string, at: number) => {
    for (const [run, trouble] of blocked) {
      if (!run.startsWith(`${of} `)) continue;
      trouble.to = at;
      blocked.delete(run);
    }
  };
  const add = (what: string, actor: string | undefined, from: number, to: number) => {
    const trouble = { what, actor, from, to };
    troubles.push(trouble);
    return trouble;
  };
  return {
    readers: {
      "fault begins": ({ id, fault, target, at }) => {
        if (momentary.has(fault)) return;
        open.set(id, add(fault, common.has(fault) ? undefined : target, at, Infinity));
      },
      "fault ends": ({ id, at, skipped }) => {
        const trouble = open.get(id);
        if (trouble !== undefined)
          trouble.to = skipped === undefined ? at + reconnectMs : -Infinity;
      },
      // The supervisor's proxies are late with it.
      lag: ({ at, ms, actor }) =>
        void add("lag", actor === "supervisor" ? undefined : actor, at - ms, at),
      start: (entry) => {
        if (entry.task !== "blocker") return;
        blocked.set(
          `${processOf(entry)} ${entry.run} `,
          add("blocker", entry.actor, entry.at, Infinity),
        );
      },
      end: (entry) => unblock(`${processOf(entry)} ${entry.run}`, entry.at),
      exited: ({ child: actor, childPid: pid, at }) => unblock(processOf({ actor, pid }), at),
      "slow database": ({ at, ms }) => void add("slow database", undefined, at - ms, at),
      "heartbeat failed": ({ at, actor }) =>
        void add("heartbeat failed", actor, at, at + heartbeatIntervalMs),
    },
    result: { troubles },
  };
}
