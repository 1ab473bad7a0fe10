import { expect } from "chai";
import { create, field } from "../e2e/workspace-api.js";
import { startHost, type RunningHost } from "../support/host.js";

/** A route that takes a body, as the host's own description tells it: one that is added later is in it too. */
interface BodyRoute {
  readonly method: string;
  readonly path: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Bodies that no route may take, whatever its schema. */
const HOSTILE: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>> = {
  "not JSON": '{"name": hello}',
  "half a JSON text": '{"name":"hello"',
  "bytes that are not UTF-8": Uint8Array.of(0x22, 0xff, 0xfe, 0x22),
  "10 MB": `{"name":"${"x".repeat(10_000_000)}"}`,
  "100,000 levels of arrays": "[".repeat(100_000) + "]".repeat(100_000),
  "100,000 levels of objects": '{"a":'.repeat(100_000) + "1" + "}".repeat(100_000),
  "the key __proto__": '{"name":"x","__proto__":{"admin":true}}',
  "the key __proto__ further in": '{"name":"x","canvas":{"__proto__":{"x":1}}}',
  "a NUL in a value": '{"name":"a\\u0000b"}',
  "a NUL in a key": '{"na\\u0000me":"a"}',
  "half a surrogate pair in a value": '{"name":"a\\ud800"}',
  "half a surrogate pair in a key": '{"\\udc00":"a"}',
  "an array": "[]",
  "a number": "1e999",
  "a text": '"text"',
  null: "null",
};

/** Integers that can't be kept: no double holds them exactly, no bigint column at all, or they are Infinity. */
const TOO_LARGE = ["9007199254740992", "1e19", "1e999"];

describe("faults.md 44: bad bodies", function () {
  this.timeout(120_000);

  let host: RunningHost;
  let routes: readonly BodyRoute[];
  let workspaceId: string;

  before(async () => {
    host = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "none", RATE_LIMIT: "1000000" } });
    routes = bodyRoutes((await host.api("GET", "/openapi.json")).body);
    workspaceId = await create(host, { name: "Target", external: true });
  });

  after(async () => {
    expect(await host.stop()).to.equal(0);
  });

  function routeAt(where: string): BodyRoute {
    const route = routes.find(({ method, path }) => `${method} ${path}` === where);
    if (route === undefined) throw new Error(`no route ${where}`);
    return route;
  }

  async function send(
    route: BodyRoute,
    body: string | Uint8Array<ArrayBuffer>,
    { headers = {} }: { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    const path = route.path.replace(/\{(id|workspaceId)\}/g, workspaceId).replace(/\{\w+\}/g, "anything");
    const answer = await fetch(host.url + path, {
      method: route.method,
      body,
      headers: { "Content-Type": "application/json", ...headers },
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** A refusal with a body that says what is wrong. */
  function expectRefused(where: string, { status, text }: { status: number; text: string }): void {
    expect(status, `${where}: ${text.slice(0, 300)}`).to.be.within(400, 499);
    const body: unknown = JSON.parse(text);
    expect(field(body, "error"), where).to.be.a("string").and.not.equal("");
    expect(field(body, "code"), where).to.match(/^[A-Za-z_]+$/);
  }

  it("are looked for on every route that takes one", () => {
    expect(routes.length).to.be.at.least(8);
    expect(routes.map(({ method, path }) => `${method} ${path}`)).to.include.members([
      "POST /workspaces",
      "POST /registry/register",
      "PATCH /admin/plugins/{name}",
    ]);
  });

  for (const [what, body] of Object.entries(HOSTILE)) {
    it(`get a clear 4xx on every route: ${what}`, async () => {
      for (const route of routes) {
        expectRefused(`${route.method} ${route.path}`, await send(route, body));
      }
    });
  }

  it("get a clear 4xx on every route: each property of a wrong type", async () => {
    let tried = 0;
    for (const route of routes) {
      for (const [name, schema] of Object.entries(route.properties)) {
        for (const wrong of wrongValues(schema)) {
          const where = `${route.method} ${route.path} ${name}=${wrong}`;
          expectRefused(where, await send(route, `{${JSON.stringify(name)}:${wrong}}`));
          tried += 1;
        }
      }
    }
    expect(tried).to.be.greaterThan(20);
  });

  it("get a clear 4xx: numbers that can't be kept, in a body that is right but for them", async () => {
    const bodies: Readonly<Record<string, (number: string) => string>> = {
      "POST /registry/heartbeat": (n) => `{"workspace_id":"${workspaceId}","uptime_seconds":${n}}`,
      "POST /workspaces": (n) => `{"name":"Large","external":true,"budget_limit":${n}}`,
      "PATCH /workspaces/{id}/budget": (n) => `{"budget_limit":${n}}`,
      "POST /workspaces/{id}/activity": (n) => `{"activity_type":"agent_log","duration_ms":${n}}`,
    };
    const { body: token } = await host.api("POST", `/workspaces/${workspaceId}/tokens`);
    const headers = { Authorization: `Bearer ${String(field(token, "auth_token"))}` };
    for (const [where, bodyOf] of Object.entries(bodies)) {
      const route = routeAt(where);
      for (const number of TOO_LARGE) {
        expectRefused(`${where} ${number}`, await send(route, bodyOf(number), { headers }));
      }
      const { status, text } = await send(route, bodyOf("9007199254740991"), { headers });
      expect(status, `${where}: ${text}`).to.be.within(200, 299);
    }
    for (const [where, body] of [
      ["PUT /canvas/viewport", '{"x":0,"y":0,"zoom":1e999}'],
      ["POST /workspaces", '{"name":"Far","external":true,"canvas":{"x":1e999,"y":0}}'],
      ["PATCH /workspaces/{id}", '{"x":1e999,"y":0}'],
      ["POST /registry/update-card", `{"workspace_id":"${workspaceId}","agent_card":{"deep":[1e999]}}`],
    ] as const) {
      expectRefused(`${where} ${body}`, await send(routeAt(where), body, { headers }));
    }
  });

  it("get a clear 4xx on every route: a compressed one", async () => {
    for (const route of routes) {
      const path = route.path.replace(/\{(id|workspaceId)\}/g, workspaceId).replace(/\{\w+\}/g, "anything");
      const headers = { "Content-Type": "application/json", "Content-Encoding": "gzip" };
      const answer = await fetch(host.url + path, { method: route.method, body: "{}", headers });
      expectRefused(`${route.method} ${route.path}`, { status: answer.status, text: await answer.text() });
    }
  });

  it("leave the host healthy, without an internal error in its log", async () => {
    expect((await host.api("GET", "/health")).status).to.equal(200);
    expect(host.lines.filter(({ text }) => /"level":(50|60)/.test(text))).to.deep.equal([]);
    expect(host.lines.filter(({ text }) => text.includes("UnhandledPromiseRejection"))).to.deep.equal([]);
  });
});

function bodyRoutes(description: unknown): BodyRoute[] {
  return entries(field(description, "paths")).flatMap(([path, methods]) =>
    entries(methods).flatMap(([method, operation]) => {
      const schema = field(operation, "requestBody", "content", "application/json", "schema");
      if (schema === undefined) return [];
      return [
        {
          method: method.toUpperCase(),
          path,
          properties: Object.fromEntries(entries(field(schema, "properties"))),
        },
      ];
    }),
  );
}

/** JSON texts of values that a property's schema can't take; none where it takes several types, or anything. */
function wrongValues(schema: unknown): string[] {
  switch (field(schema, "type")) {
    case "string":
      return ["1", "true", "{}", "[]"];
    case "integer":
      return ['"1"', "1.5", "{}", "[]", ...TOO_LARGE];
    case "number":
      return ['"1"', "{}", "1e999", "-1e999"];
    case "boolean":
      return ['"true"', "1", "{}"];
    case "array":
      return ['"x"', "{}", "1"];
    case "object":
      return ['"x"', "1", "true"];
    default:
      return wrongUnlessNull(schema);
  }
}

/** Of a schema that allows null beside one other. */
function wrongUnlessNull(schema: unknown): string[] {
  const alternatives = entries(field(schema, "anyOf")).map(([, each]) => each);
  const [only, ...others] = alternatives.filter((each) => field(each, "type") !== "null");
  return only === undefined || others.length > 0 ? [] : wrongValues(only);
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
