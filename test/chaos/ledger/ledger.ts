import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import type { Entry } from "./records.js";

/**
 * One process's file of the ledger. Each entry is one write to a file that is open for appending, so
 * that it survives the process from the moment that the call returns.
 */
export class Ledger {
  readonly folder: string;
  readonly #file: number;

  constructor(folder: string, actor: string) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.#file = openSync(path.join(folder, `${actor}.${process.pid}.jsonl`), "a");
  }

  write(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify({ at: Date.now(), ...entry })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
