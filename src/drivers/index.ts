/**
 * Executors for transactions of other database libraries, imported as `taskwright/drivers`. None of
 * the libraries is imported: an adapter takes whatever has the shape of theirs. `pg` needs none.
 * @module
 */
export { fromDrizzle, type DrizzleDatabase, type DrizzleQuery } from "./drizzle.js";
export { fromKnex, type KnexDatabase } from "./knex.js";
export { fromKysely, type KyselyDatabase, type KyselyQuery } from "./kysely.js";
export { fromPostgres, type PostgresSql } from "./postgres.js";
export { fromPrisma, type PrismaDatabase } from "./prisma.js";
