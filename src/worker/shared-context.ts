import { Enqueuer } from "../client/enqueuer.js";
import type { StatementExecutor } from "../database/executor.js";
import type { SharedContext } from "./context.js";
import { EnqueuingTransaction } from "./job-transaction.js";
import type { ResolvedWorkerOptions } from "./options.js";

/** Where handlers run their SQL: the worker's pool, or what passes for it. */
export interface HandlerDatabase extends StatementExecutor {
  withTransaction<T>(fn: (tx: StatementExecutor) => Promise<T>): Promise<T>;
}

type ContextOptions<App> = Pick<
  ResolvedWorkerOptions<App>,
  "app" | "logger" | "schema" | "preparedStatements" | "plugins"
>;

/** What all handlers of a worker get; the jobs that they add go through the worker's plugins. */
export function shareContext<App>(
  { app, logger, schema, preparedStatements, plugins }: ContextOptions<App>,
  db: HandlerDatabase,
): SharedContext<App> {
  const enqueuer = new Enqueuer({ schema, preparedStatements, plugins });
  return {
    app,
    logger,
    db,
    add: (task, ...args) => enqueuer.add(db, task, ...args),
    withTransaction: (fn) => db.withTransaction((tx) => fn(new EnqueuingTransaction(tx, enqueuer))),
  };
}
