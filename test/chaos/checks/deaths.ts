import { foreigners } from "../plan.js";
import type { Check } from "../history/history.js";

/**
 * No process of ours dies by itself: only by a signal of the run's, by a poison job, or in good order
 * after it was told to stop. The peers may, when they lose their server.
 */
export const checkDeaths: Check = ({ lives }) =>
  [...lives.values()].flatMap(({ actor, pid, end, isPoisoned, isReady = false }) => {
    if (end === undefined || isPoisoned || foreigners.has(actor)) return [];
    const { expected, code, signal } = end;
    // Node itself ends of a signal that comes before or after all that the program does.
    const isInOrder = expected === "killed" || code === 0 || (signal === "SIGTERM" && !isReady);
    if (expected !== undefined && isInOrder) return [];
    const how = signal ?? `code ${code}`;
    const cause = expected === undefined ? "by itself" : `though it was only to be ${expected}`;
    const message = `${actor} (pid ${pid}) ended ${cause} with ${how}\n${end.output ?? ""}`;
    return [{ check: "deaths", message, lines: [end.line] }];
  });
