import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { grantRole, migrate, type RoleKind, type TaskwrightError } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { createRole, type TestRole } from "../support/roles.js";
import { actions, addJobs, quoted, schema } from "./role-actions.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool, schema });
});
afterAll(() => database.drop());

describe.each<RoleKind>(["producer", "worker", "operator", "reader"])("a %s", (kind) => {
  let role: TestRole;
  let ids: string[];
  beforeAll(async () => {
    role = await createRole(database, ` "o'dd`);
    await grantRole({ pool: database.pool, schema, role: role.name, as: kind });
  });
  afterAll(() => role.drop());
  beforeEach(async () => {
    ids = await addJobs(database);
  });

  for (const [name, [allowed, action]] of Object.entries(actions)) {
    const mayDo = allowed.split(" ").includes(kind);
    test(`${mayDo ? "may" : "may not"} ${name}`, async () => {
      const attempt = action({ database, role, ids });
      if (mayDo) await attempt;
      else await expect(attempt).rejects.toThrow();
    });
  }
});

test("what the public functions refuse is refused with the role, the object and the command", async () => {
  const role = await createRole(database);
  try {
    const attempt = { database, role, ids: await addJobs(database) };
    const refused = async (name: string) => {
      const error = await actions[name]?.[1](attempt).then(
        () => expect.fail(`${name} was not refused.`),
        (thrown: unknown) => thrown,
      );
      expect([name, error]).toEqual([
        name,
        expect.objectContaining({
          code: "PRIVILEGE_MISSING",
          message: expect.stringContaining(role.name),
        }),
      ]);
      return error as TaskwrightError;
    };
    const names = Object.keys(actions).filter((name) => !/SQL|view|grant|uninstall/u.test(name));
    for (const name of names) await refused(name);

    // With all privileges and no policy, which is what row level security is about.
    await database.pool.query(`
      grant usage on schema ${quoted} to ${role.name};
      grant all on all tables in schema ${quoted} to ${role.name};
      grant all on all sequences in schema ${quoted} to ${role.name};`);
    for (const name of names) {
      const { details } = await refused(name);
      expect(details).toMatchObject({ schema, role: role.name, object: expect.any(String) });
      expect(details["command"]).toMatch(
        new RegExp(
          `^taskwright grant --schema='odd "schema"' --role=${role.name} --as=(producer|worker|operator|reader)$`,
          "u",
        ),
      );
    }
  } finally {
    await role.drop();
  }
});
