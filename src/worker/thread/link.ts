import type { MessagePort } from "node:worker_threads";
import type { QueryResult, Statement } from "../../database/executor.js";
import { isStatementExecutor, type Executor } from "../../database/executor.js";
import { toError } from "../../errors.js";
import { pack, unpack } from "../../isolation/copy.js";
import type { ThreadMessage, WorkerMessage } from "../../isolation/messages.js";
import type { Logger } from "../../log.js";
import type { RunControl } from "../context.js";

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The thread's side of a call: what the handler's context needs of the worker. */
export class Link implements RunControl {
  /** Writes to the worker's log. */
  readonly logger: Logger;
  readonly #port: MessagePort;
  readonly #controller = new AbortController();
  readonly #numbers = new Map<Executor, number>();
  readonly #transactions: Executor[] = [];
  readonly #completions: Waiting[] = [];
  #isOver = false;

  constructor(port: MessagePort) {
    this.#port = port;
    this.logger = {
      debug: this.#logAt("debug"),
      info: this.#logAt("info"),
      warn: this.#logAt("warn"),
      error: this.#logAt("error"),
    };
    port.on("message", (message: WorkerMessage) => this.#hear(message));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  completeIn(tx: Executor): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(handlerEnded());
      const call = this.#completions.push({ resolve, reject }) - 1;
      this.tell({ kind: "completeIn", call, tx: this.#number(tx) });
    });
  }

  tell(message: ThreadMessage): void {
    this.#port.postMessage(message, []);
  }

  /** Sends the handler's result; later calls of `completeIn` reject. */
  end(message: ThreadMessage): void {
    this.tell(message);
    this.#isOver = true;
    this.#port.close();
    for (const { reject } of this.#completions) reject(handlerEnded());
  }

  #hear(message: WorkerMessage): void {
    switch (message.kind) {
      case "abort":
        return this.#controller.abort(unpack(message.reason));
      case "statement":
        void this.#run(message.call, message.tx, message.statement);
        return;
      case "completed": {
        const { call, error } = message;
        if (error === undefined) this.#completions[call]?.resolve();
        else this.#completions[call]?.reject(toError(unpack(error)));
      }
    }
  }

  /** Runs a statement of the worker's in a transaction of the handler's. */
  async #run(call: number, tx: number, statement: Statement): Promise<void> {
    try {
      const { rows, command } = await runIn(this.#transactions[tx], statement);
      this.tell({ kind: "rows", call, rows, command });
    } catch (error) {
      this.tell({ kind: "refused", call, error: pack(error) });
    }
  }

  #number(tx: Executor): number {
    let number = this.#numbers.get(tx);
    if (number === undefined) {
      number = this.#transactions.push(tx) - 1;
      this.#numbers.set(tx, number);
    }
    return number;
  }

  #logAt(level: keyof Logger): Logger[typeof level] {
    return (message, details) => {
      const copy = details === undefined ? undefined : pack(details);
      this.tell({ kind: "log", level, message: readText(message), details: copy });
    };
  }
}

async function runIn(
  tx: Executor | undefined,
  { name, text, values }: Statement,
): Promise<QueryResult & { readonly command: string | undefined }> {
  if (tx === undefined) throw new Error("There is no such transaction.");
  // A handler's own query comes with an empty name.
  const result = await (name !== "" && isStatementExecutor(tx)
    ? tx.execute({ name, text, values })
    : tx.query(text, values));
  const command: unknown = "command" in result ? result.command : undefined;
  return { rows: result.rows, command: typeof command === "string" ? command : undefined };
}

/** Loggers are called with anything. */
function readText(message: unknown): string {
  return typeof message === "string" ? message : JSON.stringify(unpack(pack(message)));
}

function handlerEnded(): Error {
  return new Error("The handler has ended. Await everything that it does before it returns.");
}
