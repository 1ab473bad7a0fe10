import { STATUS_CODES, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { messageOf, type Clock, type Logger, type SecretMasker } from "@molecule/core";
import { WebSocketServer } from "ws";
import type { EventLog } from "../storage/event-log.js";
import { errorAnswer, type ErrorAnswer } from "./http-error.js";
import { asksForWebSocket, ignoreUpgrade } from "./ignored-upgrade.js";
import { admit, chooseProtocol, type AdmissionServices } from "./websocket-admission.js";
import type { Kinship } from "../workspaces/kinship.js";
import { WebSocketClients } from "./websocket-clients.js";

/** Bytes of a message from a client. None is expected: what comes is dropped. */
const MAX_MESSAGE_BYTES = 65_536;

/** What the WebSocket endpoint works with. */
export interface WebSocketServices {
  readonly admission: AdmissionServices;
  readonly kinship: Kinship;
  readonly events: Pick<EventLog, "subscribe">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly masker: SecretMasker;
}

/** `/ws`: turns requests into WebSockets and tells them the events; api.md §10. */
export class WebSocketEndpoint {
  readonly #services: WebSocketServices;
  readonly #clients: WebSocketClients;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: chooseProtocol,
  });
  readonly #unsubscribe: () => void;
  /** Connections whose admission is still being decided. */
  readonly #pending = new Set<Duplex>();
  #isClosing = false;

  constructor(services: WebSocketServices) {
    this.#services = services;
    this.#clients = new WebSocketClients(services);
    this.#unsubscribe = services.events.subscribe((event) => this.#clients.tell(event));
  }

  /** Takes the server's requests for a WebSocket. */
  attach(server: Server): void {
    server.on("upgrade", (request, socket, head) => {
      if (asksForWebSocket(request)) void this.#upgrade(request, socket, head);
      else ignoreUpgrade(server, request, socket, head);
    });
  }

  /** Ends every WebSocket with 1012 (service restart) and takes no more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#unsubscribe();
    for (const socket of this.#pending) socket.destroy();
    await this.#clients.close();
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { admission, log, masker } = this.#services;
    const onError = (error: unknown) => {
      log.debug("a connection failed before it was a WebSocket", { reason: messageOf(error) });
    };
    socket.on("error", onError);
    this.#pending.add(socket);
    try {
      const audience = await admit(request, admission);
      if (this.#isClosing) {
        socket.destroy();
        return;
      }
      socket.off("error", onError);
      this.#server.handleUpgrade(request, socket, head, (client) =>
        this.#clients.add(client, socket, audience),
      );
    } catch (error) {
      const answer = errorAnswer(error, masker);
      if (answer.status >= 500) {
        log.error("WebSocket refused", { status: answer.status, reason: messageOf(error) });
      }
      refuse(socket, answer);
    } finally {
      this.#pending.delete(socket);
    }
  }
}

/** Answers an upgrade by hand: there is no response object for one. */
function refuse(socket: Duplex, { status, headers, body }: ErrorAnswer): void {
  const text = JSON.stringify(body);
  const fields = {
    Connection: "close",
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    "X-Content-Type-Options": "nosniff",
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${text}`);
}
