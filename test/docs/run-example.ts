import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [, , program = "", mode] = process.argv;
const hasEnded = import(pathToFileURL(program).href);
if (mode === "worker") {
  while (process.listenerCount("SIGTERM") === 0) await delay(10);
  console.log("ready");
}
await hasEnded;
// Examples leave their pools open, as applications do.
if (mode !== "worker") process.exit();
