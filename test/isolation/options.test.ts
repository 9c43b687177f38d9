import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { resolveIsolation } from "../../src/isolation/options.js";

const here = import.meta.filename;

test.each([
  ["a URL", new URL(import.meta.url)],
  ["a URL's text", pathToFileURL(here).href],
  ["a path", here],
  ["a URL with a query", new URL(`${pathToFileURL(here).href}?file=x`)],
])("the module may be %s", (_what, module) => {
  const url = pathToFileURL(here).href;
  expect(resolveIsolation({ module }).module?.split("?")[0]).toBe(url);
});

test("the module may be named as it will be called when it is compiled", () => {
  const compiled = here.replace(/\.ts$/u, ".js");
  expect(resolveIsolation({ module: compiled }).module).toBe(pathToFileURL(here).href);
});

const badValues: readonly unknown[] = [null, "1", "", [], {}, Number.NaN, -1, 2 ** 53, () => 1];

test.each([
  ["module", [null, 1, "", "\0", "/no/such/file", "https://example.com/x.js", {}]],
  ["maxThreads", [...badValues, 0, 1.5, 1025]],
  ["maxPoolSize", [...badValues, 0, 1.5]],
  ["connectionString", [null, 1, [], {}]],
  ["maxHeapMb", [...badValues, 0, 15]],
  ["loadTimeoutMs", [...badValues, 0]],
  ["idleTimeoutMs", [...badValues, 0]],
  ["execArgv", [null, "--import", [1], {}]],
])("isolation.%s is refused when it can't be", (name, values) => {
  for (const value of values) {
    expect(() => resolveIsolation({ [name]: value }), String(value)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  }
});

test("an unknown option is refused, and so is what is no object", () => {
  expect(() => resolveIsolation({ maxThread: 1 } as never)).toThrow('Did you mean "maxThreads"?');
  for (const given of [null, 1, "x"]) {
    expect(() => resolveIsolation(given as never)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  }
});
