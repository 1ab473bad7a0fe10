import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { widePath } from "./commands.js";

/**
 * Hands a request to git's own smart-HTTP server (git-http-backend(1)), a CGI program.
 * @param root - folder of the bare repositories
 */
export function serveGit(request: IncomingMessage, response: ServerResponse, root: string): void {
  const url = new URL(request.url ?? "/", "http://server");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: widePath(),
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      // Somebody who has shown who they are may push.
      REMOTE_USER: "somebody",
      REQUEST_METHOD: request.method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"],
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
      HTTP_GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  let head: Buffer | undefined = Buffer.alloc(0);
  child.stdout.on("data", (chunk: Buffer) => {
    if (head === undefined) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    sendHead(response, head.toString("latin1", 0, end));
    response.write(head.subarray(end + 4));
    head = undefined;
  });
  child.on("close", () => response.end());
}

/** CGI: the status is a header too (RFC 3875, section 6.3.3). */
function sendHead(response: ServerResponse, head: string): void {
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
}
