import { SingleBar, Presets } from "cli-progress";

/** Tells a person how far the demo is. */
export interface Progress {
  update(settled: number, enqueued: number): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere a plain line for each further tenth of the work. */
export function createProgress(output: NodeJS.WriteStream): Progress {
  return output.isTTY ? createBar(output) : createLines(output);
}

function createBar(stream: NodeJS.WriteStream): Progress {
  const format = "{bar} {percentage}% | {value}/{total} jobs settled | {duration_formatted}";
  const bar = new SingleBar({ format, stream, hideCursor: true }, Presets.shades_classic);
  bar.start(0, 0);
  return {
    update: (settled, enqueued) => {
      bar.setTotal(enqueued);
      bar.update(settled);
    },
    stop: () => bar.stop(),
  };
}

function createLines(stream: NodeJS.WriteStream): Progress {
  let lastTenth = 0;
  return {
    update: (settled, enqueued) => {
      const tenth = enqueued === 0 ? 0 : Math.floor((10 * settled) / enqueued);
      if (tenth <= lastTenth) return;
      lastTenth = tenth;
      stream.write(`${settled} of ${enqueued} jobs settled\n`);
    },
    stop: () => {},
  };
}
