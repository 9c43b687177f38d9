import { fork } from "node:child_process";
import { once } from "node:events";
import { peerFolder, peerNode } from "../support/peer.js";

/** graphile-worker 0.18's scheduler, in a process of its own, on a clock that the test moves. */
export interface PeerScheduler {
  start(at: Date, crontab: string): Promise<void>;
  /** Moves the clock through everything that is due on the way; or at once, if it `slept`. */
  advance(to: Date, slept?: boolean): Promise<void>;
  /** Ends the scheduler; it may be started again. */
  stop(): Promise<void>;
  /** Ends the process. */
  end(): Promise<void>;
}

export function startPeerScheduler(
  connectionString: string,
  schema = "graphile_worker",
): PeerScheduler {
  const child = fork("cron.js", [connectionString, schema], {
    cwd: peerFolder,
    execPath: peerNode(),
    execArgv: [],
    env: { PATH: process.env["PATH"] },
  });
  const exited = once(child, "exit");
  const command = async (message: object) => {
    const answered = once(child, "message");
    child.send(message);
    await Promise.race([answered, exited.then(() => Promise.reject(new Error("It exited.")))]);
  };
  return {
    start: (at, crontab) => command({ command: "start", at, crontab }),
    advance: (to, slept = false) => command({ command: "advance", to, slept }),
    stop: () => command({ command: "stop" }),
    end: async () => {
      child.disconnect();
      await exited;
    },
  };
}
