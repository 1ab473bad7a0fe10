import http from "node:http";
import https from "node:https";
import Docker from "dockerode";
import type { Clock } from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";
import { abortError, untilAborted } from "../abortable.js";
import type { EngineEndpoint } from "./endpoint.js";
import { isRefusal, toEngineError } from "./engine-errors.js";
import { opaque } from "./opaque.js";

/**
 * The newest API version that this code was written for: the oldest that the newest engines (29) still speak.
 * Older engines are spoken to in theirs.
 */
const NEWEST_API = "1.44";
/** Ms for learning the engine's version. */
const NEGOTIATION_TIMEOUT_MS = 10_000;
/** Ms after which a call is given up whose caller has more patience; creating on a slow disk takes minutes. */
const CALL_TIMEOUT_MS = 120_000;

/** What is known of the engine on the other end. */
export interface EngineFacts {
  readonly version: string;
  /** The API version spoken with it. */
  readonly apiVersion: string;
  /** What machines its containers are for, as Go names them, e.g. `linux` and `amd64`. */
  readonly platform: { readonly os: string; readonly architecture: string };
}

interface Connection {
  readonly facts: EngineFacts;
  /** Ends sockets that idle: a call's answer can be lost for ever otherwise. */
  readonly calls: Docker;
  /** Waits as long as its caller: a pull can be silent for long. */
  readonly streams: Docker;
}

/**
 * The way to the engine. Every call is bounded by its caller's signal, its errors are coded, and the API version
 * is negotiated anew after the engine was away: it may have been upgraded.
 */
export class EngineClient {
  readonly #endpoint: EngineEndpoint;
  readonly #clock: Clock;
  readonly #agent: http.Agent;
  readonly #closed = new AbortController();
  #connection: Promise<Connection> | undefined;
  #cpus: number | undefined;

  constructor(endpoint: EngineEndpoint, clock: Clock) {
    this.#endpoint = endpoint;
    this.#clock = clock;
    // A socket that is kept open is stale after a restart of the engine, and fails the next call on it.
    const options = { keepAlive: false };
    const { connection } = endpoint;
    const overTls = connection.kind === "tcp" && connection.tls !== null;
    this.#agent = opaque(overTls ? new https.Agent(options) : new http.Agent(options), "agent");
  }

  /** Where the engine is, for messages. */
  get address(): string {
    return this.#endpoint.address;
  }

  /** The engine's socket on its own machine, to be mounted into a container. */
  get socketPath(): string {
    const { connection } = this.#endpoint;
    return connection.kind === "socket" ? connection.path : "/var/run/docker.sock";
  }

  /** @throws ENGINE_UNREACHABLE, ENGINE_NOT_ANSWERING, ENGINE_TOO_NEW */
  async facts(signal: AbortSignal): Promise<EngineFacts> {
    return (await this.#connect(signal)).facts;
  }

  /** CPUs of the engine's machine; asked once. */
  async cpus(signal: AbortSignal): Promise<number> {
    this.#cpus ??= await this.call("tell its number of CPUs", signal, async (docker) => {
      const info: unknown = await docker.info();
      const found = typeof info === "object" && info !== null && "NCPU" in info ? info.NCPU : undefined;
      return typeof found === "number" && found > 0 ? found : 1;
    });
    return this.#cpus;
  }

  /**
   * One call.
   * @param action what is asked of the engine, as it reads after "refused to"
   * @throws ENGINE_REFUSED, ENGINE_UNREACHABLE, ENGINE_NOT_ANSWERING, ENGINE_TOO_NEW; the reason of `signal`
   */
  async call<T>(
    action: string,
    signal: AbortSignal,
    work: (docker: Docker, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { calls } = await this.#connect(signal);
    return await this.#bounded(action, signal, CALL_TIMEOUT_MS, (bound) => work(calls, bound));
  }

  /** One call whose answer is read as it comes; as {@link call}, but only the caller's signal bounds it. */
  async stream<T>(
    action: string,
    signal: AbortSignal,
    work: (docker: Docker, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { streams } = await this.#connect(signal);
    return await this.#bounded(action, signal, null, (bound) => work(streams, bound));
  }

  /** Gives up what is in flight and closes every connection. */
  close(): void {
    this.#closed.abort();
    this.#agent.destroy();
  }

  /** Shared by all who ask at once, so no caller's signal may end it for the others. */
  async #connect(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    if (this.#connection === undefined) {
      const connection = this.#negotiate();
      this.#connection = connection;
      connection.catch(() => {
        if (this.#connection === connection) this.#connection = undefined;
      });
    }
    return await untilAborted(signal, this.#connection);
  }

  async #negotiate(): Promise<Connection> {
    const action = "tell its version";
    const asking = this.#docker({ timeout: NEGOTIATION_TIMEOUT_MS });
    const { Version, ApiVersion, MinAPIVersion, Os, Arch } = await this.#bounded(
      action,
      this.#closed.signal,
      NEGOTIATION_TIMEOUT_MS,
      () => asking.version(),
    );
    if (isNewer(MinAPIVersion, NEWEST_API)) {
      throw runtimeErrors.ENGINE_TOO_NEW({ found: MinAPIVersion, allowed: NEWEST_API });
    }
    const apiVersion = isNewer(ApiVersion, NEWEST_API) ? NEWEST_API : ApiVersion;
    const version = `v${apiVersion}`;
    return {
      facts: { version: Version, apiVersion, platform: { os: Os, architecture: Arch } },
      calls: this.#docker({ version, timeout: CALL_TIMEOUT_MS }),
      streams: this.#docker({ version }),
    };
  }

  async #bounded<T>(
    action: string,
    signal: AbortSignal,
    timeoutMs: number | null,
    work: (bound: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#isClosed()) throw runtimeErrors.ENGINE_CLOSED({ action });
    const own = new AbortController();
    const { address } = this.#endpoint;
    const cancelTimer =
      timeoutMs === null
        ? () => undefined
        : this.#clock.timer(() => {
            own.abort(runtimeErrors.ENGINE_NOT_ANSWERING({ action, address, timeoutMs }));
          }, timeoutMs);
    const bound = opaque(AbortSignal.any([signal, own.signal, this.#closed.signal]), "signal");
    try {
      return await untilAborted(bound, work(bound));
    } catch (error) {
      if (this.#isClosed()) throw runtimeErrors.ENGINE_CLOSED({ action }, { cause: error });
      if (bound.aborted) throw abortError(bound);
      const coded = toEngineError(error, action, address);
      if (coded.code === "ENGINE_UNREACHABLE" || isRefusal(coded, 400, /client version/)) this.#forget();
      throw coded;
    } finally {
      cancelTimer();
    }
  }

  #isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  #forget(): void {
    this.#connection = undefined;
    this.#cpus = undefined;
  }

  /** Every option is given, so that dockerode takes none from the process environment. */
  #docker(options: { version?: string; timeout?: number }): Docker {
    const { connection } = this.#endpoint;
    const common = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined };
    const given = { ...common, agent: this.#agent, version: undefined, timeout: undefined, ...options };
    if (connection.kind === "socket") {
      return new Docker({ ...given, protocol: "http", socketPath: connection.path });
    }
    const { host, port, tls } = connection;
    return new Docker({
      ...given,
      ...(tls ?? {}),
      protocol: tls === null ? "http" : "https",
      socketPath: undefined,
      host,
      port,
    });
  }
}

/** Whether API version `a` is newer than `b`; both as `major.minor`. */
function isNewer(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA === majorB ? minorA > minorB : majorA > majorB;
}
