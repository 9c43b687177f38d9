import { writeFile } from "node:fs/promises";
import path from "node:path";
import { writePages } from "./pages.js";
import { repository } from "./source.js";

for (const [file, text] of await writePages()) {
  await writeFile(path.join(repository, file), text);
}
