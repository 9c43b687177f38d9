import { Socket } from "node:net";

/**
 * The sockets of the worker's own connections, so that none outlives it: a server that fell silent
 * never answers a goodbye, and its connection would keep the process for as long as the system tries.
 */
export class Sockets {
  readonly #open = new Set<Socket>();
  #onNoneOpen: (() => void) | undefined;

  /** A socket that isn't connected yet. */
  create(): Socket {
    const socket = new Socket();
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#onNoneOpen?.();
    });
    return socket;
  }

  /** Closes all at once, without a goodbye. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** Resolves when all are closed; destroys those that aren't after `limitMs`. */
  async closed(limitMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    const timer = setTimeout(() => this.destroy(), limitMs);
    await new Promise<void>((resolve) => {
      this.#onNoneOpen = resolve;
    });
    clearTimeout(timer);
  }
}
