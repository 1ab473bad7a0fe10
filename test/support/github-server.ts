import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import type { Certificate } from "./certificate.js";
import { run } from "./commands.js";
import { serveGit } from "./git-http.js";
import { GithubApp } from "./github-app.js";
import { GithubGraphql } from "./github-graphql.js";
import { tempDir } from "./temp.js";

/** One request that came with a token. */
export interface TokenUse {
  readonly by: "gh" | "git";
  readonly token: string;
  /** Whether it was taken. */
  readonly live: boolean;
}

/**
 * A GitHub Enterprise Server in small: an app's tokens, gh's GraphQL, and repositories over smart HTTP, which are
 * open to live tokens only.
 */
export class GithubServer {
  readonly app = new GithubApp();
  readonly graphql = new GithubGraphql();
  readonly uses: TokenUse[] = [];
  readonly #repositories: string;
  readonly #server: Server;

  private constructor(repositories: string, { key, cert }: Certificate) {
    this.#repositories = repositories;
    this.#server = createServer({ key, cert }, (request, response) => {
      this.#handle(request, response);
    });
  }

  /** Listens on every address of this machine: containers come over a bridge. */
  static async listen(certificate: Certificate): Promise<GithubServer> {
    const server = new GithubServer(await tempDir("mgithub-"), certificate);
    server.#server.listen(0, "0.0.0.0");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Makes an empty repository and answers its folder. @param name - `owner/name` */
  async addRepository(name: string): Promise<string> {
    const folder = join(this.#repositories, `${name}.git`);
    await run("git", ["init", "-q", "--bare", "-b", "main", folder]);
    return folder;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? "";
    if (url.startsWith("/api/v3/app/")) void this.app.handle(request, response);
    else if (url.startsWith("/api/")) this.#api(request, response);
    else this.#git(request, response);
  }

  #api(request: IncomingMessage, response: ServerResponse): void {
    const token = (request.headers.authorization ?? "").replace(/^token /, "");
    if (this.#used("gh", token)) void this.graphql.handle(request, response);
    else response.writeHead(401).end('{"message":"Bad credentials"}');
  }

  #git(request: IncomingMessage, response: ServerResponse): void {
    const { authorization } = request.headers;
    const [user, token = ""] = Buffer.from((authorization ?? "").replace(/^Basic /, ""), "base64")
      .toString()
      .split(":");
    // git asks without a token first.
    if (authorization !== undefined && this.#used("git", token) && user === "x-access-token") {
      serveGit(request, response, this.#repositories);
    } else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="GitHub"' }).end();
  }

  #used(by: TokenUse["by"], token: string): boolean {
    const live = this.app.isLive(token);
    this.uses.push({ by, token, live });
    return live;
  }
}
