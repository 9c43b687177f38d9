import { startEmbeddedServer, type EmbeddedServer } from "./embedded.js";

/** The server on which queries are checked: the given one, or an embedded one while it is needed. */
export class ScratchServer implements AsyncDisposable {
  readonly #given: string | undefined;
  #server: Promise<EmbeddedServer> | undefined;

  constructor(connectionString: string | undefined) {
    this.#given = connectionString;
  }

  /** Starts the embedded server at the first call that needs it. */
  async connectionString(): Promise<string> {
    if (this.#given !== undefined) return this.#given;
    this.#server ??= startEmbeddedServer();
    return (await this.#server).connectionString;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await (await server)?.stop();
  }
}
