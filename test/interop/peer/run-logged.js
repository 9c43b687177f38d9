// Runs graphile-worker 0.18 until SIGTERM and notes in a log when each job of a task ran.
import { Logger, run } from "graphile-worker";
import pg from "pg";

const [connectionString, logUrl, task] = process.argv.slice(2);
const log = new pg.Pool({ connectionString: logUrl, max: 4 });

const handler = async (_payload, { job, query }) => {
  const queue = await query(
    "select queue_name from graphile_worker._private_job_queues where id = $1",
    [job.job_queue_id],
  );
  const { rows } = await log.query(
    "insert into runs (job_id, queue, worker) values ($1, $2, 'peer') returning id",
    [job.id, queue.rows[0]?.queue_name],
  );
  await query("select pg_sleep(0.003)");
  await log.query("update runs set ended_at = clock_timestamp(), completed = true where id = $1", [
    rows[0].id,
  ]);
};

const runner = await run({
  connectionString,
  concurrency: 4,
  pollInterval: 50,
  logger: new Logger(() => () => {}),
  taskList: { [task]: handler },
  noHandleSignals: true,
});
process.once("SIGTERM", () => void runner.stop());
console.log("ready");
await runner.promise;
await log.end();
process.exit();
