import type { Duplex } from "node:stream";
import { messageOf, type Cancel, type Clock, type Logger } from "@molecule/core";
import type { WebSocket } from "ws";
import type { PublishedEvent } from "../storage/event-log.js";
import type { Kinship } from "../workspaces/kinship.js";
import type { Audience } from "./websocket-admission.js";

/** Frames that a client may be behind before it is told to reload; api.md §10. */
const MAX_BEHIND = 256;
/** Frames, and bytes of them, that are held back for one write: a connection tells of a write when all of it has left. */
const MAX_GATHERED = 32;
const MAX_GATHERED_BYTES = 65_536;
/** Ms for which writing rests at the most: a flush is also long when the process was stopped in it. */
const MAX_REST_MS = 100;
/** Bytes of events that wait until it is known which agents may see them. */
const MAX_WAITING_BYTES = 16 * 1_048_576;
/** Ms between two pings; who has not answered one by the next is gone. */
const PING_INTERVAL_MS = 30_000;
/** Ms that clients get to say goodbye when the host stops. */
const GOODBYE_MS = 1_000;

/** Close codes of RFC 6455 §7.4.1 and of IANA's registry. */
const POLICY_VIOLATION = 1008;
const SERVICE_RESTART = 1012;
const TRY_AGAIN_LATER = 1013;

/** Events with which a workspace's tokens end: its connections end with them. */
const ENDS_TOKENS: ReadonlySet<string> = new Set(["WORKSPACE_REMOVED", "WORKSPACE_PROVISIONING"]);

/** What the connections' events go by. */
export interface ClientServices {
  readonly kinship: Pick<Kinship, "mayTalk">;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Client {
  readonly socket: WebSocket;
  /** What the socket writes to. */
  readonly connection: Duplex;
  /** The agent's workspace; null for a canvas. */
  readonly agentId: string | null;
  /** Frames that were given to the connection and that it has not told to have left it. */
  untold: number;
  /** How many of them have left it all the same: it tells so later than it knows. */
  left: number;
  /** Whether the connection holds frames back, to write them together. */
  isGathering: boolean;
  /** How many it holds back, and their bytes. */
  gathered: number;
  gatheredBytes: number;
  isAlive: boolean;
  /** One function for all frames of the client. */
  readonly onSent: () => void;
}

/** The connected WebSockets; gives each the events that it may see. */
export class WebSocketClients {
  readonly #services: ClientServices;
  readonly #canvases = new Set<Client>();
  readonly #agents = new Set<Client>();
  /** Those that are gathering. */
  readonly #gathering: Client[] = [];
  /** By the monotonic clock, in ms. */
  #restsUntil = 0;
  #cancelFlush: Cancel = () => undefined;
  #cancelPing: Cancel;
  /** Settles when agents have been given every event so far; kinship may take a query, and order must hold. */
  #agentsTold: Promise<void> = Promise.resolve();
  #waitingBytes = 0;

  constructor(services: ClientServices) {
    this.#services = services;
    this.#cancelPing = this.#schedulePing();
  }

  /**
   * Takes an open connection over.
   * @param connection what the socket reads from and writes to
   */
  add(socket: WebSocket, connection: Duplex, audience: Audience): void {
    const client: Client = {
      socket,
      connection,
      agentId: audience.kind === "agent" ? audience.workspaceId : null,
      untold: 0,
      left: 0,
      isGathering: false,
      gathered: 0,
      gatheredBytes: 0,
      isAlive: true,
      onSent: () => {
        client.untold -= 1;
        client.left = Math.max(0, client.left - 1);
      },
    };
    const group = client.agentId === null ? this.#canvases : this.#agents;
    group.add(client);
    socket.on("close", () => group.delete(client));
    socket.on("pong", () => {
      client.isAlive = true;
    });
    // The connection is closed after it; unheard, it would end the process.
    socket.on("error", (error) => {
      this.#services.log.debug("a WebSocket failed", { reason: messageOf(error) });
    });
  }

  /** Sends an event to all who may see it. Does not block. */
  tell(event: PublishedEvent): void {
    if (this.#canvases.size === 0 && this.#agents.size === 0) return;
    const frame = frameOf(event);
    for (const client of this.#canvases) this.#send(client, frame);
    if (this.#agents.size > 0) this.#tellAgents(event, frame);
  }

  /** Says goodbye to all, and cuts those who do not answer. */
  async close(): Promise<void> {
    this.#cancelPing();
    this.#cancelFlush();
    this.#flush();
    const clients = [...this.#canvases, ...this.#agents];
    const gone = clients.map(
      ({ socket }) =>
        new Promise<void>((resolve) => {
          if (socket.readyState === socket.CLOSED) resolve();
          else socket.once("close", () => resolve());
        }),
    );
    const cancelCut = this.#services.clock.timer(() => {
      for (const { socket } of clients) socket.terminate();
    }, GOODBYE_MS);
    for (const { socket } of clients) socket.close(SERVICE_RESTART, "the platform restarts");
    await Promise.all(gone);
    cancelCut();
    await this.#agentsTold;
  }

  #tellAgents(event: PublishedEvent, frame: Buffer): void {
    if (this.#waitingBytes >= MAX_WAITING_BYTES) {
      for (const client of this.#agents) this.#dropBehind(client);
      return;
    }
    this.#waitingBytes += frame.length;
    this.#agentsTold = this.#agentsTold.then(async () => {
      for (const client of [...this.#agents]) await this.#tellAgent(client, event, frame);
      this.#waitingBytes -= frame.length;
    });
  }

  async #tellAgent(client: Client, event: PublishedEvent, frame: Buffer): Promise<void> {
    const { workspace_id: workspaceId, event_type: type } = event;
    if (client.agentId === null || workspaceId === null) return;
    try {
      if (!(await this.#services.kinship.mayTalk(client.agentId, workspaceId))) return;
      this.#send(client, frame);
    } catch (error) {
      // It has missed a frame, or has not: only reloading makes sure.
      this.#services.log.warn("can't tell which agents may see an event", { reason: messageOf(error) });
      this.#dropBehind(client);
    }
    if (workspaceId === client.agentId && ENDS_TOKENS.has(type)) {
      client.socket.close(POLICY_VIOLATION, "the token of this connection has ended");
    }
  }

  #send(client: Client, frame: Buffer): void {
    if (client.socket.readyState !== client.socket.OPEN) return;
    if (client.untold - client.left >= MAX_BEHIND && !hasTakenAll(client)) {
      this.#dropBehind(client);
      return;
    }
    this.#gather(client);
    client.untold += 1;
    client.socket.send(frame, { binary: false }, client.onSent);
    client.gathered += 1;
    client.gatheredBytes += frame.length;
    if (client.gathered >= MAX_GATHERED || client.gatheredBytes >= MAX_GATHERED_BYTES) release(client);
  }

  #gather(client: Client): void {
    if (client.isGathering) return;
    client.isGathering = true;
    client.gathered = 0;
    client.gatheredBytes = 0;
    client.connection.cork();
    if (this.#gathering.push(client) === 1) this.#scheduleFlush();
  }

  /**
   * A write to each of many connections is what events cost most. What happens in one turn of the event loop shares it;
   * and after a flush the host does other things for as long as that took, so that few clients wait for nothing, and
   * many leave it at least half of its time.
   */
  #scheduleFlush(): void {
    const { clock } = this.#services;
    const restMs = this.#restsUntil - clock.monotonic();
    if (restMs > 0) this.#cancelFlush = clock.timer(() => this.#flush(), restMs);
    else setImmediate(() => this.#flush());
  }

  #flush(): void {
    const { clock } = this.#services;
    const began = clock.monotonic();
    for (const client of this.#gathering.splice(0)) release(client);
    const ended = clock.monotonic();
    this.#restsUntil = ended + Math.min(ended - began, MAX_REST_MS);
  }

  #dropBehind(client: Client): void {
    client.socket.close(TRY_AGAIN_LATER, "too far behind; reload");
  }

  #schedulePing(): Cancel {
    return this.#services.clock.timer(() => {
      this.#pingAll();
      this.#cancelPing = this.#schedulePing();
    }, PING_INTERVAL_MS);
  }

  #pingAll(): void {
    for (const client of [...this.#canvases, ...this.#agents]) {
      if (!client.isAlive) {
        client.socket.terminate();
        continue;
      }
      client.isAlive = false;
      if (client.socket.readyState === client.socket.OPEN) client.socket.ping();
    }
  }
}

/** The text frame of an event, made once for all clients; api.md §10. */
function frameOf(event: PublishedEvent): Buffer {
  const { event_type, workspace_id, created_at, payload } = event;
  return Buffer.from(JSON.stringify({ event: event_type, workspace_id, timestamp: created_at, payload }));
}

function release(client: Client): void {
  if (!client.isGathering) return;
  client.isGathering = false;
  client.connection.uncork();
}

/** Hands over what is held back; true when nothing waits in the connection then. */
function hasTakenAll(client: Client): boolean {
  release(client);
  if (client.connection.writableLength > 0) return false;
  client.left = client.untold;
  return true;
}
