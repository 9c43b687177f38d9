import { existsSync } from "node:fs";
import path from "node:path";
import type { ResolvedConfig } from "../config.js";
import { TaskwrightError } from "../errors.js";
import type { TaskRegistry } from "../tasks/handlers.js";
import { importModule } from "./typescript.js";

const entryNames = ["index.ts", "index.js"];

/**
 * The project's tasks, as codegen has written them: with their validators, defaults and schedules.
 * @throws TaskwrightError `CONFIG_INVALID`, `PACKAGE_MISSING`
 */
export async function loadTasks({ output, root }: ResolvedConfig): Promise<TaskRegistry> {
  const file = entryNames.map((name) => path.join(output, name)).find((name) => existsSync(name));
  if (file === undefined) {
    const folder = path.relative(root, output) || ".";
    throw new TaskwrightError(
      "CONFIG_INVALID",
      `There are no generated tasks in ${folder}. Run: taskwright codegen. Or say where they are by "output" in the config.`,
      { output },
    );
  }
  const { tasks } = await importModule(file);
  if (typeof tasks === "object" && tasks !== null) return tasks as TaskRegistry;
  throw new TaskwrightError(
    "CONFIG_INVALID",
    `${path.relative(root, file)} doesn't export tasks. Run: taskwright codegen.`,
    { file },
  );
}
