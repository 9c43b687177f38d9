// A process that runs one isolated job and ends by itself.
import { startWorker } from "../../../src/index.js";
import { app, handlers } from "../isolated/handlers.js";

const [connectionString = ""] = process.argv.slice(2);
const worker = await startWorker({
  connectionString,
  handlers,
  app: app(),
  isolation: { module: new URL("../isolated/handlers.ts", import.meta.url) },
});
worker.events.on("job:complete", ({ error }) => {
  console.log(error === undefined ? "completed" : `failed: ${error.message}`);
  void worker.stop();
});
