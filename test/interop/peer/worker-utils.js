// Runs graphile-worker 0.18's own WorkerUtils, call by call, and prints the ids that each answers with.
import { makeWorkerUtils, Logger } from "graphile-worker";

const [connectionString, schema, calls] = process.argv.slice(2);
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString, schema, logger });
const removeJob = (jobKey) =>
  utils.withPgClient(async (client) => {
    const text = `select * from ${client.escapeIdentifier(schema)}.remove_job($1)`;
    const { rows } = await client.query(text, [jobKey]);
    return rows.filter(({ id }) => id !== null);
  });
for (const [name, ...args] of JSON.parse(calls)) {
  const rows = (await (name === "removeJob" ? removeJob : utils[name])(...args)) ?? [];
  console.log(JSON.stringify(rows.map(({ id }) => String(id)).sort()));
}
await utils.release();
process.exit();
