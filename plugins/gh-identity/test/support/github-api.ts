import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Certificate } from "@molecule/test/support/certificate.js";
import { GithubGraphql, type Mutation } from "@molecule/test/support/github-graphql.js";

/** GitHub's API for gh: on a Unix socket (its setting `http_unix_socket`), or as an Enterprise Server by `GH_HOST`. */
export class GithubApi {
  /** The Authorization headers that came. */
  readonly authorizations = new Set<string | undefined>();
  readonly #graphql = new GithubGraphql();
  readonly #server: Server;

  private constructor(create: (listener: RequestListener) => Server) {
    this.#server = create((request, response) => {
      this.authorizations.add(request.headers.authorization);
      void this.#graphql.handle(request, response);
    });
  }

  get mutations(): Mutation[] {
    return this.#graphql.mutations;
  }

  static async onSocket(path: string): Promise<GithubApi> {
    const api = new GithubApi(createServer);
    api.#server.listen(path);
    await once(api.#server, "listening");
    return api;
  }

  static async withTls({ key, cert }: Certificate): Promise<GithubApi> {
    const api = new GithubApi((listener) => createTlsServer({ key, cert }, listener));
    api.#server.listen(0, "127.0.0.1");
    await once(api.#server, "listening");
    return api;
  }

  /** As `GH_HOST`. */
  get host(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
