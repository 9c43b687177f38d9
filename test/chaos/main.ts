// pnpm chaos: producers, workers and Node's graphile-worker on one schema, and all that can go wrong.
// Everybody writes down what happens; in the end the ledger is checked.
import { rmSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { checks } from "./checks/index.js";
import { buildHistory } from "./history/build.js";
import { Ledger } from "./ledger/ledger.js";
import { readLedger } from "./ledger/read.js";
import { readOptions } from "./options.js";
import { cast, makePlan } from "./plan.js";
import { run } from "./run.js";
import { findRustWorker } from "./rust.js";
import { describeViolations, summarize } from "./summary.js";

const options = readOptions(process.argv.slice(2));
const out = process.stdout;

async function act(): Promise<string> {
  const { minutes, seed } = options;
  const folder = mkdtempSync(path.join(tmpdir(), `taskwright-chaos-${seed}-`));
  const ledger = new Ledger(folder, "supervisor");
  const lengthMs = minutes * 60_000;
  const plan = makePlan(seed, lengthMs);
  writeFileSync(path.join(folder, "plan.json"), JSON.stringify(plan, undefined, 1));
  out.write(`chaos for ${minutes} minutes, --seed=${seed}: ${plan.length} faults\n`);
  const { program, why } = await findRustWorker(options.rust);
  const names = cast.map(({ name }) => name).filter((name) => name !== "rust" || program);
  const absent = program === undefined ? `; no worker of the Rust crate: ${why}` : "";
  out.write(`cast: ${names.join(", ")}${absent}\nledger: ${folder}\n`);
  await run({ ledger, seed, plan, lengthMs, rust: program });
  ledger.close();
  return folder;
}

const folder = options.check ?? (await act());
const history = buildHistory(await readLedger(folder));
const violations = checks.flatMap((check) => check(history));
out.write(`${summarize(history)}\n`);
if (violations.length === 0) {
  out.write("no violation\n");
  if (options.check === undefined && !options.keep) rmSync(folder, { recursive: true });
} else {
  out.write(`${violations.length} violations\n${describeViolations(violations)}\n`);
  out.write(`The ledger is kept in ${folder}; pnpm chaos --check=${folder} checks it again.\n`);
}
process.exit(violations.length === 0 ? 0 : 1);
