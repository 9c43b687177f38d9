import { parseArgs } from "node:util";
import { startEmbeddedServer } from "../src/cli/embedded.js";
import { withDatabase } from "./database.js";
import { describeMachine, describeServer } from "./facts.js";
import { format } from "./figures.js";
import { measureIdleLatency, measureRun, type Run } from "./measure.js";
import { latencyTable, scenarioTable } from "./report.js";
import { scenarios, type Scenario } from "./scenarios.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    scenario: { type: "string", multiple: true },
    contender: { type: "string", multiple: true },
  },
});
const rounds = Number(values.rounds);
const everybody = values.contender ?? ["taskwright", "peer-tuned", "peer", "bare"];
const chosen = (name: string) => values.scenario === undefined || values.scenario.includes(name);

const given = process.env["DATABASE_URL"] ?? "";
const server = given === "" ? await startEmbeddedServer() : undefined;
const serverUrl = server?.connectionString ?? given;
const out = process.stdout;

try {
  out.write(`${describeMachine()}\n${await describeServer(serverUrl)}\n`);
  out.write(`${rounds} rounds, in turn: ${everybody.join(", ")}.\n`);
  for (const scenario of scenarios.filter(({ name }) => chosen(name))) {
    const contenders = values.contender ?? scenario.contenders ?? everybody;
    const runs = await inTurn(contenders, (contender) => runScenario(contender, scenario));
    out.write(`${scenarioTable(scenario.title, runs)}\n`);
  }
  if (chosen("idle")) {
    const latencies = await inTurn(everybody, (contender) =>
      withDatabase(serverUrl, contender, (url) => measureIdleLatency(contender, url)),
    );
    out.write(`${latencyTable(latencies)}\n`);
  }
} finally {
  await server?.stop();
}

/** A B A B: a machine that slows down for a while slows all of them. */
async function inTurn<T>(
  contenders: readonly string[],
  measure: (contender: string) => Promise<T>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const results = new Map<string, T[]>(contenders.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      results.get(contender)?.push(await measure(contender));
    }
  }
  return results;
}

async function runScenario(contender: string, scenario: Scenario): Promise<Run> {
  return withDatabase(serverUrl, contender, async (url, client) => {
    await scenario.load(client);
    const run = await measureRun(contender, url, scenario);
    out.write(`${scenario.name} ${contender}: ${format(run.rate)} jobs/s\n`);
    return run;
  });
}
