import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { ManualClock } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { PatientHttp } from "../../../dist/images/registry/patient-http.js";

/** A registry as far as HTTP goes. */
interface Registry {
  readonly url: URL;
  readonly server: Server;
  seen: number;
  /** The next answers; 200 when there are none left. */
  readonly answers: { readonly status: number; readonly retryAfter?: string }[];
}

const REQUEST = { method: "HEAD", headers: {}, maxBytes: 1_000, redirect: "error" } as const;

describe("PatientHttp", () => {
  let clock: ManualClock;
  let http: PatientHttp;
  let registries: Registry[];
  beforeEach(() => {
    clock = new ManualClock();
    http = new PatientHttp({ clock, random: () => 0.5 });
    registries = [];
  });
  afterEach(async () => {
    for (const { server } of registries) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  });

  async function registry(...answers: Registry["answers"]): Promise<Registry> {
    const server = createServer((_, response) => {
      made.seen += 1;
      const { status, retryAfter } = made.answers.shift() ?? { status: 200 };
      response.setHeader("Connection", "close");
      if (retryAfter !== undefined) response.setHeader("Retry-After", retryAfter);
      response.writeHead(status).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const made: Registry = { url: new URL(`http://127.0.0.1:${port}/v2/`), server, seen: 0, answers };
    registries.push(made);
    return made;
  }
  const send = ({ url }: Registry) => http.send(url, REQUEST, new AbortController().signal);
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "answered",
      (error: unknown) => (error instanceof Error && "code" in error ? error.code : "other"),
    );

  it("24: leaves a host alone that answered 429, also for callers that come later, and asks others meanwhile", async () => {
    const limited = await registry({ status: 429, retryAfter: "60" });
    const other = await registry();
    expect(await codeOf(send(limited))).to.equal("REGISTRY_RATE_LIMITED");
    expect(await codeOf(send(limited))).to.equal("REGISTRY_RATE_LIMITED");
    expect((await send(other)).status).to.equal(200);
    expect(limited.seen).to.equal(1);
    await clock.advance(60_000);
    expect((await send(limited)).status).to.equal(200);
  });

  it("26: asks a host again that fails, and gives it up after four requests", async () => {
    const failing = await registry({ status: 500 }, { status: 503 }, { status: 502 }, { status: 500 });
    const outcome = codeOf(send(failing));
    for (let count = 1; count < 4; count += 1) {
      await eventually(() => failing.seen === count);
      // A wait may begin only after this: time goes on until the next request has come.
      await eventually(async () => {
        await clock.advance(100);
        return failing.seen === count + 1;
      });
    }
    expect(await outcome).to.equal("REGISTRY_UNREACHABLE");
    expect(failing.seen).to.equal(4);
  });
});
