import { parseArgs } from "node:util";
import Table from "cli-table3";
import { startEmbeddedServer } from "../src/cli/embedded.js";
import { withDatabase } from "./database.js";
import { measureIdleLatency, measureRate } from "./measure.js";
import { scenarios } from "./scenarios.js";
import { format, median, quantile } from "./figures.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    scenario: { type: "string", multiple: true },
    contender: { type: "string", multiple: true },
  },
});
const rounds = Number(values.rounds);
const contenders = values.contender ?? ["taskwright", "peer-tuned", "peer", "bare"];
const chosen = (name: string) => values.scenario === undefined || values.scenario.includes(name);

const given = process.env["DATABASE_URL"];
const server = given === undefined ? await startEmbeddedServer() : undefined;
const serverUrl = given ?? server?.connectionString ?? "";
const out = process.stdout;
const style = out.isTTY ? {} : { head: [], border: [] };
out.write(`${rounds} rounds, in turn: ${contenders.join(", ")}. Figures are medians.\n`);

try {
  const table = new Table({
    style,
    head: ["jobs/s", ...contenders, ...contenders.slice(1).map((name) => `ours / ${name}`)],
  });
  for (const scenario of scenarios.filter(({ name }) => chosen(name))) {
    const rates = new Map<string, number[]>(contenders.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        const rate = await withDatabase(serverUrl, contender, async (url, client) => {
          await scenario.load(client);
          return measureRate(contender, url, scenario);
        });
        rates.get(contender)?.push(rate);
        out.write(`${scenario.name} ${contender}: ${format(rate)} jobs/s\n`);
      }
    }
    const [ours = [], ...others] = [...rates.values()];
    const ratios = others.map((theirs) =>
      median(ours.map((rate, round) => rate / (theirs[round] ?? Number.NaN))),
    );
    table.push([
      scenario.title,
      ...[...rates.values()].map((all) => format(median(all))),
      ...ratios.map((ratio) => `${format(ratio)}x`),
    ]);
  }
  if (table.length > 0) out.write(`${table.toString()}\n`);
  if (chosen("idle")) await reportIdleLatency();
} finally {
  await server?.stop();
}
process.exit(0);

async function reportIdleLatency(): Promise<void> {
  const table = new Table({ style, head: ["idle latency, ms", "p50", "p99"] });
  for (const contender of contenders.filter((name) => name !== "bare")) {
    const all: number[] = [];
    for (let round = 0; round < rounds; round++) {
      all.push(
        ...(await withDatabase(serverUrl, contender, (url) => measureIdleLatency(contender, url))),
      );
    }
    table.push([contender, format(median(all)), format(quantile(all, 0.99))]);
  }
  out.write(`${table.toString()}\n`);
}
