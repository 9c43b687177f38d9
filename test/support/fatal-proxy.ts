import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

const readyForQuery = "Z".charCodeAt(0);
const headLength = 5;

/**
 * A proxy before a server that behaves as one that shuts down at the worst moment: it puts a FATAL into
 * the same packet as the word that a connection is ready, and closes the connection. Only connections
 * from `strike` on, and only the given number of them.
 */
export class FatalProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #strikes = 0;
  #struck = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a port of its own and forwards to the server that a connection string names. */
  static async before(connectionString: string): Promise<FatalProxy> {
    const { hostname, port } = new URL(connectionString);
    const server = createServer();
    const proxy = new FatalProxy(server);
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

  /** Strikes so many of the connections that become ready from now on. */
  strike(count: number): void {
    this.#strikes = count;
  }

  /** How many connections were struck. */
  get struck(): number {
    return this.#struck;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => server.write(chunk));
    let isReady = false;
    let held = Buffer.alloc(0);
    server.on("data", (chunk: Buffer) => {
      if (isReady) {
        client.write(chunk);
        return;
      }
      held = Buffer.concat([held, chunk]);
      isReady = endsWithReady(held);
      if (isReady && this.#strikes > 0) {
        this.#strikes -= 1;
        this.#struck += 1;
        client.end(Buffer.concat([held, fatal()]));
        return;
      }
      client.write(held);
      held = Buffer.alloc(0);
    });
  }
}

/** Whether these messages of a server, each of them whole, end with ReadyForQuery. */
function endsWithReady(messages: Buffer): boolean {
  for (let start = 0; start + headLength <= messages.length;) {
    const end = start + 1 + messages.readInt32BE(start + 1);
    if (messages[start] === readyForQuery && end === messages.length) return true;
    start = end;
  }
  return false;
}

/** What a server sends that shuts down: an ErrorResponse. */
function fatal(): Buffer {
  const fields = "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0";
  const message = Buffer.alloc(headLength + fields.length);
  message.write("E");
  message.writeInt32BE(fields.length + 4, 1);
  message.write(fields, headLength);
  return message;
}
