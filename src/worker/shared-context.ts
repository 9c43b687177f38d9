import { Enqueuer } from "../client/enqueuer.js";
import type { Database } from "../database/database.js";
import type { SharedContext } from "./context.js";
import { EnqueuingTransaction } from "./job-transaction.js";
import type { ResolvedWorkerOptions } from "./options.js";

/** What all handlers of a worker get; the jobs that they add go through the worker's plugins. */
export function shareContext<App>(
  { app, logger, schema, preparedStatements, plugins }: ResolvedWorkerOptions<App>,
  db: Database,
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
