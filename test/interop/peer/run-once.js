// Runs what is due with graphile-worker 0.18 and prints each job as a line of JSON.
import { runOnce } from "graphile-worker";

const [connectionString, schema, ...tasks] = process.argv.slice(2);
const print = (payload, { job }) => {
  const { id, task_identifier: task, key, attempts } = job;
  console.log(JSON.stringify({ id, task, key, attempts, payload }));
};
const quiet = () => () => {};
await runOnce({
  connectionString,
  schema,
  logger: new (await import("graphile-worker")).Logger(quiet),
  taskList: Object.fromEntries(tasks.map((task) => [task, print])),
});
process.exit();
