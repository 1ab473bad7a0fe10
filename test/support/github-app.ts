import { createPublicKey, generateKeyPairSync, randomBytes, verify, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { plantSecret } from "./secret-watch.js";

/** Ms that an installation token lives at GitHub. */
const TOKEN_LIFETIME_MS = 3_600_000;
/** Seconds into the future that GitHub takes an `exp`. */
const MAX_JWT_S = 600;

/** What an app said of itself. */
export interface AppClaims {
  readonly alg: unknown;
  readonly iss: unknown;
  readonly iat: number;
  readonly exp: number;
}

/** One token that was handed out. */
export interface Mint {
  readonly token: string;
  readonly expiresAt: number;
  readonly claims: AppClaims;
  /** What was asked for. */
  readonly scope: unknown;
}

/** What is answered in the place of a token; `hang` answers nothing. */
export type GithubFault =
  | "hang"
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** Shapes of installation tokens: the classic one of 40 characters, and the one that carries a JWT. */
export const TOKEN_SHAPES = {
  classic: () => `ghs_${randomBytes(18).toString("hex")}`,
  jwt: () =>
    `ghs_${randomBytes(30).toString("base64url")}.${randomBytes(240).toString("base64url")}.${randomBytes(115).toString("base64url")}`,
} as const;

/**
 * The part of GitHub that gives an app its installation tokens, strict about the JWT: signature by the app's public
 * key, `alg`, `iss`, and the times by a clock of its own.
 */
export class GithubApp {
  readonly appId = "12345";
  readonly installationId = "67890";
  readonly mints: Mint[] = [];
  /** Requests for a token, refused ones included. */
  requests = 0;
  /** Answers for the next requests, one each. */
  readonly faults: GithubFault[] = [];
  /** The answer to every request while it is set. */
  fault: GithubFault | undefined;
  /** GitHub's time, ms since the epoch. */
  now: () => number = () => Date.now();
  /** Ms that the next tokens live. */
  lifetimeMs = TOKEN_LIFETIME_MS;
  newToken: () => string = TOKEN_SHAPES.jwt;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  #server: Server | undefined;

  constructor() {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
  }

  /** The app's key in one of the two forms that GitHub has handed out. */
  pem(type: "pkcs1" | "pkcs8" = "pkcs1"): string {
    const pem = this.#privateKey.export({ type, format: "pem" }).toString();
    plantSecret(pem, "the private key of a GitHub App");
    return pem;
  }

  /** Listens on this machine; answers the API's address. */
  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      void this.handle(request, response);
    });
    this.#server = server;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return `http://127.0.0.1:${isAddress(address) ? address.port : 0}`;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }

  /** Whether GitHub takes this token now. */
  isLive(token: string): boolean {
    return this.mints.some((mint) => mint.token === token && mint.expiresAt > this.now());
  }

  /** Answers one request for a token, whatever stands before `/app` in its path. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const body = await text(request);
    const fault = this.faults.shift() ?? this.fault;
    if (fault === "hang") return;
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Date", new Date(this.now()).toUTCString());
    if (fault !== undefined) {
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '{"message":"said GitHub"}');
      return;
    }
    const [status, answer] = this.#answer(request, body);
    response.writeHead(status).end(JSON.stringify(answer));
  }

  #answer(request: IncomingMessage, body: string): [status: number, answer: unknown] {
    const [, installation] = /\/app\/installations\/(\d+)\/access_tokens$/.exec(request.url ?? "") ?? [];
    const claims = this.#claims(request.headers.authorization ?? "");
    if (typeof claims === "string") return [401, { message: claims }];
    if (request.method !== "POST" || installation !== this.installationId)
      return [404, { message: "Not Found" }];
    const scope: unknown = JSON.parse(body);
    const mint = {
      token: this.newToken(),
      expiresAt: Math.floor((this.now() + this.lifetimeMs) / 1000) * 1000,
      claims,
      scope,
    };
    this.mints.push(mint);
    plantSecret(mint.token, "an installation token");
    const expiresAt = new Date(mint.expiresAt).toISOString().replace(".000Z", "Z");
    return [201, { token: mint.token, expires_at: expiresAt, permissions: {}, repository_selection: "all" }];
  }

  /** The claims, or what GitHub says of a JWT that it does not take. */
  #claims(authorization: string): AppClaims | string {
    const [header, payload, signature] = authorization.replace(/^Bearer /i, "").split(".");
    const signed = Buffer.from(`${header ?? ""}.${payload ?? ""}`);
    if (!verify("RSA-SHA256", signed, this.#publicKey, Buffer.from(signature ?? "", "base64url"))) {
      return "A JSON web token could not be decoded";
    }
    const claims = { ...jsonOf(header), ...jsonOf(payload) };
    const { alg, iss, iat, exp } = claims;
    const now = this.now() / 1000;
    if (alg !== "RS256" || iss !== this.appId) return "Integration not found";
    if (!Number.isInteger(iat) || Number(iat) > now) {
      return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    }
    if (!Number.isInteger(exp) || Number(exp) <= now) {
      return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
    }
    if (Number(exp) > now + MAX_JWT_S) return "'Expiration time' claim ('exp') is too far in the future";
    return { alg, iss, iat: Number(iat), exp: Number(exp) };
  }
}

function jsonOf(part = ""): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}
