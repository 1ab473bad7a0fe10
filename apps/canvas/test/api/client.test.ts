import { expect } from "chai";
import { ApiError } from "../../dist-test/src/api/api-error.js";
import { ApiClient } from "../../dist-test/src/api/client.js";
import { wireWorkspace } from "../support/examples.js";
import { startHttpServer, type Answer, type HttpServer } from "../support/http-server.js";

describe("ApiClient", () => {
  let server: HttpServer;
  let answer: Answer;
  let token: string | null;

  beforeEach(async () => {
    answer = { body: [] };
    token = null;
    server = await startHttpServer(() => answer);
  });

  afterEach(async () => {
    await server.close();
  });

  function client(timeoutMs?: number): ApiClient {
    return new ApiClient({
      send: (url, init) => fetch(url, init),
      baseUrl: server.url,
      token: () => token,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  async function failure(call: Promise<unknown>): Promise<ApiError> {
    const thrown: unknown = await call.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(thrown instanceof ApiError)) throw new Error(`no ApiError but ${String(thrown)}`);
    return thrown;
  }

  it("reads the list of workspaces, and takes from each what the page shows", async () => {
    answer = {
      body: [
        wireWorkspace("a", {
          role: "pmm-lead",
          agent_card: { name: "Card", skills: [{ id: "s1", name: "Writes" }, "plain", 7], version: "" },
          some_key_of_a_newer_host: { any: "thing" },
        }),
      ],
    };
    const [first] = await client().workspaces();
    expect(first).to.deep.include({ id: "a", role: "pmm-lead", status: "online", parentId: null });
    expect(first?.agentCard).to.deep.equal({
      name: "Card",
      description: null,
      version: null,
      skills: ["Writes", "plain"],
    });
  });

  it("names the field of an answer that has another type than agreed", async () => {
    answer = { body: [wireWorkspace("a"), wireWorkspace("b", { tier: "three" })] };
    const error = await failure(client().workspaces());
    expect(error.kind).to.equal("malformed");
    expect(error.message).to.contain("workspaces[1].tier must be a number, found type string");
  });

  it("sends the token as a bearer, and nothing where there is none", async () => {
    await client().workspaces();
    token = "abc";
    await client().workspaces();
    expect(server.arrived.map(({ headers }) => headers.authorization)).to.deep.equal([
      undefined,
      "Bearer abc",
    ]);
  });

  it("sends a new workspace as JSON and tells a refusal in the platform's own words", async () => {
    answer = { status: 400, body: { error: "unknown runtime: x", code: "UNKNOWN_RUNTIME" } };
    const error = await failure(client().createWorkspace({ name: "N", runtime: "x" }));
    expect(error).to.include({
      message: "unknown runtime: x",
      code: "UNKNOWN_RUNTIME",
      status: 400,
      kind: "refused",
    });
    const [request] = server.arrived;
    expect(request?.headers["content-type"]).to.equal("application/json");
    expect(request?.body).to.equal('{"name":"N","runtime":"x"}');
  });

  it("tells how an external agent is connected", async () => {
    answer = { status: 201, body: { id: "a", connection: { curl_register_template: "curl …" } } };
    const created = await client().createWorkspace({ name: "N", runtime: "external" });
    expect(created).to.deep.equal({ id: "a", connection: { registerCommand: "curl …" } });
  });

  it("asks with the children's names before it deletes a workspace that has some", async () => {
    answer = {
      status: 409,
      body: { status: "confirmation_required", children: [{ id: "b", name: "Child" }], children_count: 1 },
    };
    expect(await client().deleteWorkspace("a/b", false)).to.deep.equal({
      done: false,
      children: [{ id: "b", name: "Child" }],
    });
    answer = { body: { status: "removed", cascade_deleted: 1 } };
    expect(await client().deleteWorkspace("a/b", true)).to.deep.equal({ done: true });
    expect(server.arrived.map(({ url }) => url)).to.deep.equal([
      "/workspaces/a%2Fb",
      "/workspaces/a%2Fb?confirm=true",
    ]);
  });

  it("takes a missing ledger and a runtime without output for nothing to show", async () => {
    answer = { status: 404, body: { error: "no ledger yet", code: "ENV_LEDGER_NOT_FOUND" } };
    expect(await client().envLedger("a")).to.equal(null);
    answer = { status: 501, body: { error: "no console", code: "CONSOLE_NOT_AVAILABLE" } };
    expect(await client().console("a")).to.equal(null);
  });

  it("reads the readiness of a host that is not ready", async () => {
    answer = {
      status: 503,
      body: { status: "unavailable", checks: { storage: { status: "down", detail: "refused" } } },
    };
    expect(await client().readiness()).to.deep.equal({
      status: "unavailable",
      checks: [{ name: "storage", status: "down", detail: "refused" }],
    });
  });

  it("gives a call up that is not answered in time, and says that the platform goes on", async () => {
    answer = {};
    const error = await failure(client(30).workspaces());
    expect(error.kind).to.equal("timeout");
    expect(error.message).to.contain("No answer within 0.03 s");
  });

  it("ends a call when its view is left", async () => {
    answer = {};
    const view = new AbortController();
    const call = client().workspaces(view.signal);
    view.abort(new Error("left"));
    expect(await call.catch((error: unknown) => error)).to.have.property("message", "left");
  });

  it("says so when nobody answers, and when the answer is no JSON", async () => {
    answer = { body: "<html>a proxy's page</html>" };
    expect((await failure(client().workspaces())).kind).to.equal("malformed");
    answer = { status: 502, body: "<html>bad gateway</html>" };
    expect((await failure(client().workspaces())).message).to.equal("The platform answered 502.");
    const gone = client();
    await server.close();
    expect((await failure(gone.workspaces())).kind).to.equal("unreachable");
    server = await startHttpServer(() => answer);
  });
});
