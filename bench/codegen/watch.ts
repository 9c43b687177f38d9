import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Schema } from "./parts.js";
import type { Subject } from "./subject.js";

/** How many seconds pass from the change of one schema until its output is written, for each change. */
export async function measureWatch(
  subject: Subject,
  name: string,
  schema: Schema,
  changes = 3,
): Promise<number[]> {
  const child = spawn(process.execPath, [subject.program, "codegen", "--watch"], {
    cwd: subject.folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const isReady = waitForLine(child.stderr, "watching for changes");
  try {
    await isReady();
    // The message comes before all files are followed.
    await sleep(2000);
    const seconds: number[] = [];
    for (let count = 0; count < changes; count++) {
      const start = performance.now();
      await subject.write(`schemas/${name}`, { ...schema, description: `Change ${count}.` });
      await isReady();
      seconds.push((performance.now() - start) / 1000);
    }
    return seconds;
  } finally {
    child.kill("SIGINT");
    await exited;
  }
}

/** A function that waits for the next line that holds the text. */
function waitForLine(stream: NodeJS.ReadableStream, text: string): () => Promise<void> {
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]();
  return async () => {
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      if (next.value.includes(text)) return;
    }
    throw new Error("codegen --watch ended before its time.");
  };
}
