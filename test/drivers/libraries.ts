import { drizzle as drizzlePg } from "drizzle-orm/node-postgres";
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js";
import { sql } from "drizzle-orm";
import createKnex from "knex";
import { CamelCasePlugin, Kysely, PostgresDialect } from "kysely";
import { Pool } from "pg";
import postgres from "postgres";
import {
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPostgres,
  fromPrisma,
} from "../../src/drivers/index.js";
import type { Executor } from "../../src/index.js";
import { createPrisma, type PrismaClient } from "./prisma-client.js";

/** What a test does in a transaction: its own writing, and ours through the adapter. */
export interface Work {
  readonly db: Executor;
  /** Inserts an account through the library itself. */
  readonly insertAccount: (email: string) => PromiseLike<unknown>;
}

/** A library's connections to a database. */
export interface Library {
  /** Outside of any transaction. */
  readonly db: Executor;
  /** The library's own: commits when `fn` resolves, rolls back when it rejects. */
  readonly transaction: (fn: (work: Work) => Promise<void>) => Promise<unknown>;
  readonly end: () => Promise<unknown>;
}

/** Opens a library's connections, at most `max`. */
export type OpenLibrary = (connectionString: string, max?: number) => Library;

const insert = "insert into accounts (email) values";

function openPg(connectionString: string, max = 3): Library {
  const pool = makePool(connectionString, max);
  return {
    db: pool,
    transaction: async (fn) => {
      const client = await pool.connect();
      try {
        await client.query("begin");
        await fn({
          db: client,
          insertAccount: (email) => client.query(`${insert} ($1)`, [email]),
        });
        await client.query("commit");
      } catch (error) {
        await client.query("rollback");
        throw error;
      } finally {
        client.release();
      }
    },
    end: () => pool.end(),
  };
}

const openPostgres =
  (options: postgres.Options<Record<string, never>>): OpenLibrary =>
  (connectionString, max = 3) => {
    const sql = postgres(connectionString, { max, onnotice: () => {}, ...options });
    return {
      db: fromPostgres(sql),
      transaction: (fn) =>
        sql.begin((tx) =>
          fn({
            db: fromPostgres(tx),
            insertAccount: (email) => tx`insert into accounts (email) values (${email})`,
          }),
        ),
      end: () => endPostgres(sql),
    };
  };

interface Tables {
  accounts: { email: string };
}

function openKysely(connectionString: string, max = 3): Library {
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: makePool(connectionString, max) }),
    plugins: [new CamelCasePlugin()],
  });
  return {
    db: fromKysely(db),
    transaction: (fn) =>
      db.transaction().execute((trx) =>
        fn({
          db: fromKysely(trx),
          insertAccount: (email) => trx.insertInto("accounts").values({ email }).execute(),
        }),
      ),
    end: () => db.destroy(),
  };
}

function openDrizzlePg(connectionString: string, max = 3): Library {
  const pool = makePool(connectionString, max);
  const db = drizzlePg(pool);
  return {
    db: fromDrizzle(db),
    transaction: (fn) =>
      db.transaction((tx) =>
        fn({
          db: fromDrizzle(tx),
          insertAccount: (email) => tx.execute(sql`insert into accounts (email) values (${email})`),
        }),
      ),
    end: () => pool.end(),
  };
}

function openDrizzlePostgres(connectionString: string, max = 3): Library {
  const client = postgres(connectionString, { max, onnotice: () => {} });
  const db = drizzlePostgres(client);
  return {
    db: fromDrizzle(db),
    transaction: (fn) =>
      db.transaction((tx) =>
        fn({
          db: fromDrizzle(tx),
          insertAccount: (email) => tx.execute(sql`insert into accounts (email) values (${email})`),
        }),
      ),
    end: () => endPostgres(client),
  };
}

function openKnex(connectionString: string, max = 3): Library {
  const knex = createKnex({ client: "pg", connection: connectionString, pool: { min: 0, max } });
  return {
    db: fromKnex(knex),
    transaction: (fn) =>
      knex.transaction((trx) =>
        fn({ db: fromKnex(trx), insertAccount: (email) => trx("accounts").insert({ email }) }),
      ),
    end: () => knex.destroy(),
  };
}

function openPrisma(connectionString: string): Library {
  const prisma = createPrisma(connectionString);
  return {
    db: fromPrisma(prisma),
    transaction: (fn) =>
      prisma.$transaction((tx: PrismaClient) =>
        fn({
          db: fromPrisma(tx),
          insertAccount: (email) => tx.$executeRaw`insert into accounts (email) values (${email})`,
        }),
      ),
    end: () => prisma.$disconnect(),
  };
}

/** Without a limit it waits for ever once a connection was cut. */
function endPostgres(sql: postgres.Sql): Promise<void> {
  return sql.end({ timeout: 1 });
}

function makePool(connectionString: string, max: number): Pool {
  const pool = new Pool({ connectionString, max });
  // Tests cut connections on purpose.
  pool.on("error", () => {});
  return pool;
}

/** Every library that jobs can be added through, some with settings that change what they read. */
export const libraries: Readonly<Record<string, OpenLibrary>> = {
  pg: openPg,
  postgres: openPostgres({}),
  "postgres behind a pooler": openPostgres({ prepare: false, fetch_types: false }),
  "postgres in camel case": openPostgres({ transform: postgres.camel }),
  "Kysely in camel case": openKysely,
  "Drizzle on node-postgres": openDrizzlePg,
  "Drizzle on postgres-js": openDrizzlePostgres,
  Knex: openKnex,
  Prisma: openPrisma,
};
