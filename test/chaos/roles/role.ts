import type { Ledger } from "../ledger/ledger.js";

/** What a process of the run is told, as JSON in its first argument. */
export interface Assignment {
  readonly actor: string;
  readonly connectionString: string;
  /** The folder of the ledger. */
  readonly folder: string;
  readonly seed: string;
  /** Counts the processes of an actor, from 1. */
  readonly incarnation: number;
  /** Whether the process is to live as long as the run. */
  readonly steady: boolean;
}

/** The prefix of a worker's id and of requests: an actor's process. */
export function processName({ actor, incarnation }: Assignment): string {
  return `${actor}.${incarnation}`;
}

/** Reads what this process was told. */
export function readAssignment(): Assignment {
  return JSON.parse(process.argv[2] ?? "") as Assignment;
}

const lagIntervalMs = 100;
/** A process that is late by so much did not get the machine, or was kept from its event loop. */
const lagLimitMs = 400;

/** Notes when this process did nothing for a while: it was frozen, blocked, or the machine was busy. */
export function watchLag(ledger: Ledger): NodeJS.Timeout {
  let last = Date.now();
  return setInterval(() => {
    const ms = Date.now() - last - lagIntervalMs;
    last = Date.now();
    if (ms > lagLimitMs) ledger.write({ kind: "lag", ms });
  }, lagIntervalMs);
}
