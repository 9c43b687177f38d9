import { afterEach, beforeEach, expect, test } from "vitest";
import {
  inspectSchema,
  migrate,
  runOnce,
  uninstall,
  type TaskwrightError,
} from "../../src/index.js";
import { createDatabase, type TestDatabase } from "../support/database.js";
import { createRole, type TestRole } from "../support/roles.js";
import { addJob, handlersFor } from "../worker/support.js";

let database: TestDatabase;
let mallory: TestRole;
beforeEach(async () => {
  database = await createDatabase();
  mallory = await createRole(database);
});
afterEach(async () => {
  await admin().query("drop schema if exists graphile_worker cascade");
  await mallory.drop();
  await database.drop();
});

async function refusal(given: Parameters<typeof migrate>[0]): Promise<TaskwrightError> {
  return migrate(given).then(
    () => expect.fail("It was not refused."),
    (error: unknown) => error as TaskwrightError,
  );
}

const admin = () => database.pool;

async function letCreate({ name }: TestRole): Promise<void> {
  const { rows } = await admin().query<{ name: string }>("select current_database() as name");
  await admin().query(`grant create on database ${rows[0]?.name} to ${name}`);
}

test("a schema that another role made first is refused, whole, empty or half", async () => {
  await letCreate(mallory);
  await mallory.pool.query("create schema graphile_worker");
  const error = await refusal({ pool: admin() });
  expect(error).toMatchObject({
    code: "SCHEMA_UNTRUSTED",
    details: { objects: [{ kind: "schema", name: "graphile_worker", owner: mallory.name }] },
  });
  expect(error.message).toContain(`taskwright migrate --trust-owner=${mallory.name}`);
  expect(await migrate({ pool: mallory.pool })).toMatchObject({ migrated: true, warnings: [] });
  expect(await refusal({ pool: admin() })).toMatchObject({ code: "SCHEMA_UNTRUSTED" });
  await mallory.pool.query("drop function graphile_worker.taskwright_find_queues");
  expect(await refusal({ pool: admin() })).toMatchObject({ code: "SCHEMA_UNTRUSTED" });

  const named = { pool: admin(), trustedOwners: [mallory.name] };
  expect(await migrate(named)).toMatchObject({ migrated: true, warnings: [] });
  expect(await migrate(named)).toMatchObject({ migrated: false, warnings: [] });
});

test.each([
  ["table", "alter table graphile_worker.taskwright_slots owner to"],
  ["function", "alter function graphile_worker.taskwright_find_queues owner to"],
  ["view", "alter view graphile_worker.jobs owner to"],
  [
    "overload",
    "create function graphile_worker.taskwright_find_key(varchar) returns bigint language sql as 'select 1::bigint'; alter function graphile_worker.taskwright_find_key(varchar) owner to",
  ],
])("one %s of another role is refused", async (_kind, statement) => {
  await migrate({ pool: admin() });
  await admin().query(`grant create, usage on schema graphile_worker to ${mallory.name}`);
  await admin().query(`${statement} ${mallory.name}`);
  expect(await refusal({ pool: admin() })).toMatchObject({
    code: "SCHEMA_UNTRUSTED",
    details: { objects: [{ owner: mallory.name }] },
  });
});

test.each([
  ["migrate", () => migrate({ pool: admin() })],
  ["inspectSchema", () => inspectSchema({ pool: admin() })],
  ["uninstall", () => uninstall({ pool: admin() })],
])("%s runs nothing that a foreign ledger refers to", async (_name, look) => {
  await letCreate(mallory);
  await mallory.pool.query(`
    create schema graphile_worker;
    create function graphile_worker.steal() returns int language plpgsql as $$ begin
      execute 'alter role ${mallory.name} createrole';
      return 1;
    end $$;
    create view graphile_worker.migrations as
    select graphile_worker.steal() as id, now() as ts, false as breaking`);
  await expect(look()).rejects.toMatchObject({ code: "SCHEMA_UNTRUSTED" });
  const { rows } = await admin().query("select rolcreaterole from pg_roles where rolname = $1", [
    mallory.name,
  ]);
  expect(rows).toEqual([{ rolcreaterole: false }]);
});

test("what is none of the queue's may be anybody's", async () => {
  await migrate({ pool: admin() });
  await admin().query(`grant create, usage on schema graphile_worker to ${mallory.name}`);
  await mallory.pool.query("create view graphile_worker.report as select 1 as one");
  expect(await migrate({ pool: admin() })).toMatchObject({ migrated: false, warnings: [] });
});

test("the database's owner, a superuser and a role that one is a member of are trusted", async () => {
  await letCreate(mallory);
  await migrate({ pool: mallory.pool });
  const member = await createRole(database);
  try {
    await letCreate(member);
    await mallory.pool.query(`grant usage on schema graphile_worker to ${member.name};
      grant select on graphile_worker.migrations to ${member.name}`);
    expect(await refusal({ pool: member.pool })).toMatchObject({ code: "SCHEMA_UNTRUSTED" });
    await admin().query(`grant ${mallory.name} to ${member.name}`);
    expect(await migrate({ pool: member.pool })).toMatchObject({ warnings: [] });
    await admin().query(`revoke ${mallory.name} from ${member.name}`);
    await admin().query(`alter role ${mallory.name} superuser`);
    expect(await migrate({ pool: member.pool })).toMatchObject({ warnings: [] });
    await admin().query(`alter role ${mallory.name} nosuperuser`);
    const { rows } = await admin().query<{ name: string; owner: string }>(
      "select datname as name, datdba::regrole as owner from pg_database where datname = current_database()",
    );
    await admin().query(`alter database ${rows[0]?.name} owner to ${mallory.name}`);
    expect(await migrate({ pool: member.pool })).toMatchObject({ warnings: [] });
    expect(await migrate({ pool: admin() })).toMatchObject({ warnings: [] });
    await admin().query(`alter database ${rows[0]?.name} owner to ${rows[0]?.owner}`);
  } finally {
    await member.drop();
  }
});

test("a role that may not create schemas uses what it was given, with a warning", async () => {
  await letCreate(mallory);
  await migrate({ pool: mallory.pool });
  const worker = await createRole(database);
  try {
    await mallory.pool.query(`grant usage on schema graphile_worker to ${worker.name};
      grant select on graphile_worker.migrations to ${worker.name}`);
    expect(await migrate({ pool: worker.pool })).toMatchObject({
      migrated: false,
      warnings: [expect.stringContaining(`schema graphile_worker (owner ${mallory.name})`)],
    });
  } finally {
    await worker.drop();
  }
});

test("a mark of a version that this Taskwright doesn't know is refused, by a worker too", async () => {
  await migrate({ pool: admin() });
  const { rows } = await admin().query<{ text: string }>(
    "select pg_get_functiondef('graphile_worker.taskwright_find_key'::regproc) as text",
  );
  await admin().query(rows[0]?.text.replace(/(taskwright_find_key) \d+/u, "$1 999") ?? "");
  const expected = {
    code: "SCHEMA_TOO_NEW",
    details: { functions: ["taskwright_find_key"] },
    message: expect.stringContaining("newer Taskwright"),
  };
  expect(await refusal({ pool: admin() })).toMatchObject(expected);
  await expect(
    runOnce({
      connectionString: database.connectionString,
      handlers: handlersFor({ work: () => {} }),
    }),
  ).rejects.toMatchObject(expected);
});

test("a trigger that looks names up in the caller's path is warned of until it has one of its own", async () => {
  await migrate({ pool: admin() });
  await admin().query(`
    create table audit (id bigint);
    create function note() returns trigger language plpgsql as $$ begin
      insert into audit values (new.id); return new;
    end $$;
    create trigger note after insert on graphile_worker._private_jobs
    for each row execute function note()`);
  await expect(addJob(admin(), "work")).rejects.toThrow('relation "audit" does not exist');
  const { warnings } = await migrate({ pool: admin() });
  expect(warnings).toEqual([
    expect.stringContaining("Trigger note on graphile_worker._private_jobs"),
  ]);
  const advice = /alter function \S+ set search_path = public, pg_temp/u.exec(warnings[0] ?? "");
  await admin().query(advice?.[0] ?? "");
  expect(await migrate({ pool: admin() })).toMatchObject({ warnings: [] });
  await addJob(admin(), "work");
  const { rows } = await admin().query("select from audit");
  expect(rows).toHaveLength(1);
});
