import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What a deaf proxy swallows: everything, or the server's answers alone. */
export type Deafness = "everything" | "answers";

/** A TCP proxy before a server, which can go deaf: connections stay open, nothing passes. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #deafness: Deafness | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a port of its own and forwards to the server that a connection string names. */
  static async before(connectionString: string): Promise<Proxy> {
    const { hostname, port } = new URL(connectionString);
    const server = createServer();
    const proxy = new Proxy(server);
    server.on("connection", (client) => {
      proxy.#join(client, connect(Number(port === "" ? 5432 : port), hostname));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The same database, by way of the proxy. */
  through(connectionString: string): string {
    const url = new URL(connectionString);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /**
   * From now on nothing is forwarded, on open connections and on new ones; nobody is told. With
   * `answers` the server still hears what is asked, and does it.
   */
  goDeaf(deafness: Deafness = "everything"): void {
    this.#deafness = deafness;
  }

  /** New connections work again; those of the deaf time stay dead. */
  recover(): void {
    this.#deafness = undefined;
  }

  /** Cuts every connection at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resets every connection at once, as a machine does that knows nothing of them. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, server: Socket): void {
    let wasDeaf = false;
    const forward = (from: Socket, to: Socket) => {
      this.#sockets.add(from);
      from.on("data", (chunk) => {
        // What was swallowed once leaves a gap, so the direction stays deaf.
        const isSwallowed = this.#deafness === "everything" || from === server;
        wasDeaf ||= this.#deafness !== undefined && isSwallowed;
        if (!wasDeaf || (this.#deafness === "answers" && from === client)) to.write(chunk);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        if (!wasDeaf) to.destroy();
      });
    };
    forward(client, server);
    forward(server, client);
  }
}
