import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as taskwright from "../../src/index.js";
import { enqueue, grantRole, migrate, revokeRole, type RoleKind } from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { runPeerOnce } from "../support/peer.js";
import { createRole, type TestRole } from "../support/roles.js";
import { quoted, runOnce, schema, work } from "./role-actions.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await migrate({ pool: database.pool, schema });
});
afterAll(() => database.drop());

describe("grants", () => {
  let role: TestRole;
  beforeEach(async () => {
    role = await createRole(database);
  });
  afterEach(() => role.drop());
  const options = () => ({ pool: database.pool, schema, role: role.name });
  const policies = async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      "select polname as name from pg_policy where (select oid from pg_roles where rolname = $1) = any(polroles)",
      [role.name],
    );
    return rows.length;
  };
  const privileges = async () => {
    const { rows } = await database.pool.query<{ count: number }>(
      `select count(*)::int from pg_class, aclexplode(relacl) as acl
      where acl.grantee = (select oid from pg_roles where rolname = $1)`,
      [role.name],
    );
    return rows[0]?.count;
  };

  test("may be made again, by several at once, and taken back without a trace", async () => {
    await grantRole({ ...options(), as: "worker" });
    const before = [await policies(), await privileges()];
    expect(before[0]).toBeGreaterThan(5);
    await Promise.all(Array.from({ length: 3 }, () => grantRole({ ...options(), as: "worker" })));
    expect([await policies(), await privileges()]).toEqual(before);
    await revokeRole({ ...options(), as: "worker" });
    expect([await policies(), await privileges()]).toEqual([0, 0]);
    await database.pool.query(`drop role ${role.name}; create role ${role.name}`);
  });

  test("of one kind stay when those of another are taken back", async () => {
    await grantRole({ ...options(), as: "producer" });
    const before = [await policies(), await privileges()];
    await grantRole({ ...options(), as: "reader" });
    await taskwright.listJobs(role.pool, { schema });
    await revokeRole({ ...options(), as: "reader" });
    expect([await policies(), await privileges()]).toEqual(before);
    await enqueue(role.pool, work, {});
    await expect(taskwright.listJobs(role.pool, { schema })).rejects.toMatchObject({
      code: "PRIVILEGE_MISSING",
    });
  });

  test("of a dry run change nothing and are statements that do the same", async () => {
    const { statements } = await grantRole({ ...options(), as: "operator", dryRun: true });
    expect([await policies(), await privileges()]).toEqual([0, 0]);
    await database.pool.query(statements.join(";\n"));
    await taskwright.listJobs(role.pool, { schema });
    const again = await grantRole({ ...options(), as: "operator", dryRun: true });
    expect(again.statements.filter((text) => text.startsWith("create policy"))).toEqual([]);
  });

  test("are extended by a migration to what it adds", async () => {
    await grantRole({ ...options(), as: "worker" });
    await database.pool.query(`drop table ${quoted}.taskwright_starts`);
    expect(await migrate({ pool: database.pool, schema })).toMatchObject({ migrated: true });
    await enqueue(database.pool, work, {});
    await runOnce({ database, role, ids: [] });
  });

  test("name every table of the schema", async () => {
    const kinds: RoleKind[] = ["reader", "worker", "operator"];
    const { rows } = await database.pool.query<{ name: string }>(
      "select relname as name from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'v')",
      [quoted],
    );
    for (const as of kinds) {
      const { statements } = await grantRole({ ...options(), as, dryRun: true });
      const text = statements.join("\n");
      expect(rows.filter(({ name }) => !text.includes(`.${name} to `))).toEqual([]);
    }
  });

  test("to a role or on a schema that isn't there are refused", async () => {
    await expect(
      grantRole({ ...options(), role: "nobody_there", as: "reader" }),
    ).rejects.toMatchObject({ code: "OPTION_INVALID" });
    await expect(
      grantRole({ ...options(), schema: "nowhere", as: "reader" }),
    ).rejects.toMatchObject({ code: "SCHEMA_MISSING" });
    await expect(grantRole({ ...options(), as: "owner" as "reader" })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });

  test("leave graphile-worker as it was for the owner, and let it run as a worker's role", async () => {
    for (const as of ["producer", "worker", "operator", "reader"] as const) {
      await grantRole({ ...options(), as });
    }
    for (const { connectionString } of [database, role]) {
      const job = await enqueue(role.pool, work, {});
      const runs = await runPeerOnce(connectionString, schema, ["work"]);
      expect(runs.map(({ id }) => id)).toContain(job.id);
    }
  });

  test("a worker that can't see jobs for lack of a policy warns when it starts", async () => {
    await grantRole({ ...options(), as: "worker" });
    await database.pool.query(
      `drop policy taskwright_worker_all_${role.name} on ${quoted}._private_jobs`,
    );
    const told: string[] = [];
    await taskwright.runOnce({
      connectionString: role.connectionString,
      schema,
      handlers: taskwright.bindHandlers({ work }, { work: () => {} }),
      on: { "access:warning": ({ message, tables }) => void told.push(message, ...tables) },
    });
    expect(told).toEqual([expect.stringContaining(role.name), "_private_jobs"]);
  });
});
