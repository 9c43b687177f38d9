import { afterAll, beforeAll, expect, test } from "vitest";
import { DatabaseCommands } from "./support.js";

let commands: DatabaseCommands;

beforeAll(async () => {
  commands = await DatabaseCommands.create();
});

afterAll(async () => {
  await commands[Symbol.asyncDispose]();
});

test("migrate --check changes nothing and fails until migrate was run, in schemas of any name", async () => {
  for (const schema of ["graphile_worker", 'odd "name"; --']) {
    const inSchema = ["--schema", schema];
    const before = await commands.run(["migrate", "--check", ...inSchema]);
    expect(before).toMatchObject({ code: 1, out: expect.stringContaining("missing") });
    expect(await commands.run(["migrate", ...inSchema])).toMatchObject({
      code: 0,
      out: `migrated schema ${schema}, revision 20`,
    });
    expect(await commands.run(["migrate", ...inSchema])).toMatchObject({
      code: 0,
      out: `nothing to do: schema ${schema}, revision 20`,
    });
    expect(await commands.json("migrate", "--check", ...inSchema)).toMatchObject({
      ok: true,
      state: { status: "current", revision: 20 },
    });
  }
});

test("uninstall asks, names what is lost, and does nothing unless it is told to", async () => {
  await commands.run(["migrate"]);
  await commands.pool.query("select graphile_worker.add_job('a'), graphile_worker.add_job('b')");
  const unasked = await commands.run(["uninstall"]);
  expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining("pass --yes") });
  expect(unasked.err).toContain("2 jobs");
  const refused = await commands.run(["uninstall"], { answer: "no" });
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toContain("Nothing was done.");
  expect(await commands.json("migrate", "--check")).toMatchObject({ ok: true });
  expect(await commands.run(["uninstall"], { answer: "y" })).toMatchObject({
    code: 0,
    out: "dropped schema graphile_worker",
  });
  expect(await commands.json("migrate", "--check")).toMatchObject({
    ok: false,
    state: { status: "missing" },
  });
  expect(await commands.json("uninstall", "--yes")).toMatchObject({ ok: true, uninstalled: false });
});

test("uninstall leaves a schema alone that holds more than a queue, or none", async () => {
  await commands.run(["migrate", "--schema", "shared"]);
  await commands.pool.query("create table shared.invoices (id int)");
  const result = await commands.json("uninstall", "--yes", "--schema", "shared");
  expect(result).toMatchObject({
    ok: false,
    error: { code: "SCHEMA_FOREIGN", message: expect.stringContaining("invoices") },
  });
  await commands.pool.query("create table public.precious (id int)");
  expect(await commands.json("uninstall", "--yes", "--schema", "public")).toMatchObject({
    uninstalled: false,
  });
  const { rows } = await commands.pool.query(
    "select to_regclass('shared.invoices') is not null and to_regclass('public.precious') is not null as kept",
  );
  expect(rows).toEqual([{ kept: true }]);
});
