import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const loader = import.meta.resolve("tsx");

/** Starts the command as a process of its own, as a shell would. */
export function startCommand(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const child = spawn(
    process.execPath,
    ["--import", loader, "--conditions=taskwright-source", main, ...args],
    { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } },
  );
  let text = "";
  let seen = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      child.emit("text");
    });
  }
  return {
    child,
    closed: once(child, "close") as Promise<[number | null, string | null]>,
    text: () => text,
    /** Resolves when it has said this, after all that was waited for before. */
    async says(expected: string) {
      for (;;) {
        const found = text.indexOf(expected, seen);
        if (found >= 0) {
          seen = found + expected.length;
          return;
        }
        await once(child, "text");
      }
    },
  };
}
