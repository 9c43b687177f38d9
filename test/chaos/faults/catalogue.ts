import { databaseFaults } from "./database.js";
import type { Fault } from "./fault.js";
import { networkFaults } from "./network.js";
import { processFaults } from "./processes.js";
import { serverFaults } from "./server.js";

/** All faults that there are, by name. */
export const faults: Readonly<Record<string, Fault>> = {
  ...processFaults,
  ...serverFaults,
  ...networkFaults,
  ...databaseFaults,
};
