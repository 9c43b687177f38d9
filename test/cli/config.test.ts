import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/cli/config.js";
import { Project } from "../support/project.js";

describe("the config file", () => {
  test("is not needed", async () => {
    await using it = await Project.create();
    const config = await loadConfig(it.folder, undefined);
    expect(config).toEqual({
      root: it.folder,
      file: undefined,
      schemas: path.join(it.folder, "schemas"),
      output: path.join(it.folder, "generated/tasks"),
      schema: "graphile_worker",
      connectionString: undefined,
      graphileWorker: false,
      strict: false,
      formats: {},
      queries: undefined,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("may be TypeScript, with types and imports, and is read afresh each time", async () => {
    await using it = await Project.create({
      "taskwright.config.ts": `import { name } from "./name.ts";
        interface Own { schema: string }
        export default { schema: name } satisfies Own;`,
      "name.ts": `export const name: string = "from_ts";`,
    });
    expect(await loadConfig(it.folder, undefined)).toMatchObject({ schema: "from_ts" });
    await it.write({ "taskwright.config.ts": `export default { schema: "changed" };` });
    expect(await loadConfig(it.folder, undefined)).toMatchObject({ schema: "changed" });
  });

  test("gives paths relative to itself; flags win, relative to where the command runs", async () => {
    await using it = await Project.create({
      "config/own.json": { schemas: "tasks", output: "out", schema: "a" },
    });
    const config = await loadConfig(it.folder, "config/own.json", { output: "here", schema: "b" });
    expect(config).toMatchObject({
      root: path.join(it.folder, "config"),
      schemas: path.join(it.folder, "config/tasks"),
      output: path.join(it.folder, "here"),
      schema: "b",
    });
  });
});

describe("a config file is refused", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "with an unknown key",
      { "taskwright.config.json": { scheme: "x" } },
      'no option "scheme". Did you mean "schema"?',
    ],
    [
      "with a value of the wrong kind",
      { "taskwright.config.json": { schemas: 1, graphileWorker: "yes" } },
      "schemas must be a string that is not empty, without NUL characters; graphileWorker must be true or false",
    ],
    [
      "with a schema name that PostgreSQL can't hold",
      { "taskwright.config.json": { schema: "x".repeat(64) } },
      "schema must be the name of a database schema",
    ],
    [
      "with half of the queries' folders",
      { "taskwright.config.json": { queries: { source: "sql", outptu: "x" } } },
      'no option "queries.outptu". Did you mean "output"?',
    ],
    ["that is not JSON", { "taskwright.config.json": "{" }, "taskwright.config.json is not JSON"],
    ["that is a list", { "taskwright.config.json": [] }, "it must be an object"],
    [
      "that has a twin",
      { "taskwright.config.json": {}, "taskwright.config.ts": "export default {};" },
      "There are two config files",
    ],
    [
      "without a default export",
      { "taskwright.config.ts": "export const schema = 1;" },
      "no default export",
    ],
    [
      "that throws",
      { "taskwright.config.ts": "throw new Error('no such luck'); export default {};" },
      "no such luck",
    ],
  ])("%s", async (_name, files, expected) => {
    await using it = await Project.create(files);
    const loading = loadConfig(it.folder, undefined);
    await expect(loading).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(loading).rejects.toThrow(expected);
  });

  test("that is named but not there", async () => {
    await using it = await Project.create();
    await expect(loadConfig(it.folder, "none.json")).rejects.toThrow("There is no config file");
  });
});
