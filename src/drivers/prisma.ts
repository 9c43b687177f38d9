import type { Executor } from "../database/executor.js";

/** What is used of a `PrismaClient`, or of the client that `$transaction` gives. */
export interface PrismaDatabase {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>;
}

/**
 * Adds jobs through [Prisma](https://www.prisma.io) on PostgreSQL.
 *
 * ```ts
 * await prisma.$transaction(async (tx) => {
 *   await tx.account.create({ data: { email } });
 *   await addSendEmail(fromPrisma(tx), { to: email, subject: "Welcome", body: "…" });
 * });
 * ```
 */
export function fromPrisma(prisma: PrismaDatabase): Executor {
  return {
    query: async (text, values) => ({
      rows: (await prisma.$queryRawUnsafe(text, ...values)) as unknown[],
    }),
  };
}
