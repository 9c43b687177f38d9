/**
 * What asks a process to end; SIGUSR2 comes from tools that restart it.
 * Source of the list: graphile-worker 0.18.
 */
const signals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2", "SIGABRT"] as const;

export interface Stoppable {
  readonly finished: Promise<void>;
  stop(message: string, isForced?: boolean): Promise<void>;
}

/**
 * Stops a worker at the first signal, and at once at the second. The process then ends by itself when
 * nothing else keeps it; nothing here exits.
 */
export function handleSignals(worker: Stoppable): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    // `finished` reports failures.
    worker.stop(`${signal} was received`, isStopping).catch(() => {});
    isStopping = true;
  };
  for (const signal of signals) process.on(signal, onSignal);
  const remove = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  worker.finished.then(remove, remove);
}
