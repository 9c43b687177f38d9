import { runOnce } from "taskwright";
import { handlers } from "./crunch.js";

const { completed } = await runOnce({
  connectionString: process.env["DATABASE_URL"] ?? "",
  handlers,
  isolation: { module: new URL("./crunch.js", import.meta.url) },
});
console.log(`${completed} completed`);
