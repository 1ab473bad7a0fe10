import { connect, createServer, type Server, type Socket } from "node:net";

/** Code of the request for TLS, in place of a protocol version in a first message (PostgreSQL manual, 53.7). */
const SSL_REQUEST = 80_877_103;

/** A TCP port in front of a Postgres server that notes every statement which goes over the wire. */
export class PostgresWire {
  /** Texts of the statements that were asked to be executed, one for each time, in their order. */
  readonly statements: string[];
  /** As `DATABASE_URL`. */
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  /** A wire to the database at `databaseUrl`, without TLS. */
  static async to(databaseUrl: string): Promise<PostgresWire> {
    const target = new URL(databaseUrl);
    const sockets = new Set<Socket>();
    const statements: string[] = [];
    const server = createServer((near) => {
      const far = connect(Number(target.port), target.hostname);
      const reader = new StatementReader((text) => void statements.push(text));
      near.on("data", (bytes) => reader.read(bytes));
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a listening server has a port");
    const url = new URL(databaseUrl);
    url.host = `127.0.0.1:${address.port}`;
    return new PostgresWire({ url: url.href, server, sockets, statements });
  }

  private constructor(parts: {
    url: string;
    server: Server;
    sockets: ReadonlySet<Socket>;
    statements: string[];
  }) {
    this.url = parts.url;
    this.#server = parts.server;
    this.#sockets = parts.sockets;
    this.statements = parts.statements;
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Reads what one client sends, in whatever pieces it comes. */
class StatementReader {
  readonly #tell: (text: string) => void;
  #rest = Buffer.alloc(0);
  #hasStarted = false;
  /** Of the last Parse: the driver names no statements, so that a Bind and its Execute mean that one. */
  #parsed = "";

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      // A first message has no type before its length; the length counts itself.
      const typeBytes = this.#hasStarted ? 1 : 0;
      if (this.#rest.length < typeBytes + 4) return;
      const end = typeBytes + this.#rest.readInt32BE(typeBytes);
      if (this.#rest.length < end) return;
      const message = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      if (this.#hasStarted) this.#note(String.fromCharCode(message[0] ?? 0), message.subarray(5));
      else this.#hasStarted = message.readInt32BE(4) !== SSL_REQUEST;
    }
  }

  #note(type: string, body: Buffer): void {
    // Parse: the statement's name, then its text, each ended by a zero. Query: its text.
    if (type === "P") this.#parsed = body.toString("utf8").split("\0")[1] ?? "";
    if (type === "Q") this.#tell(body.toString("utf8", 0, body.length - 1));
    if (type === "E") this.#tell(this.#parsed);
  }
}
