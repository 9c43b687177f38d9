import type { Check } from "../history/history.js";
import { checkCrashes } from "./crashes.js";
import { checkDeaths } from "./deaths.js";
import { checkDoubles } from "./doubles.js";
import { checkEffects } from "./effects.js";
import { checkFailedRows } from "./failed-rows.js";
import { checkKeys, checkStalePayloads } from "./keys.js";
import { checkLeftovers } from "./leftovers.js";
import { checkLost } from "./lost.js";
import { checkMemory } from "./memory.js";
import { checkPhantoms } from "./phantoms.js";
import { checkQueues } from "./queues.js";
import { checkRepeats } from "./repeats.js";
import { checkReplaced } from "./replaced.js";
import { checkStarts } from "./starts.js";
import { checkSweeps } from "./sweeps.js";

/** What must be true of any history. */
export const checks: readonly Check[] = [
  checkLost,
  checkPhantoms,
  checkDoubles,
  checkKeys,
  checkStalePayloads,
  checkReplaced,
  checkQueues,
  checkRepeats,
  checkStarts,
  checkSweeps,
  checkEffects,
  checkFailedRows,
  checkCrashes,
  checkDeaths,
  checkLeftovers,
  checkMemory,
];
