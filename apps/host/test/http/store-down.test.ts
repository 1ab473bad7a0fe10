import { createServer } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import { CodedError } from "@molecule/core";
import { usePostgres } from "@molecule/test/support/postgres.js";
import pg from "pg";
import { isStoreDown } from "../../dist/http/store-down.js";

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}

describe("isStoreDown", () => {
  it("knows what the driver throws when a server refuses, goes away, or takes too long", async function () {
    const postgres = await usePostgres(this, { own: true });
    const pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
    pool.on("error", () => undefined);
    const client = await pool.connect();
    client.on("error", () => undefined);

    // Not before the first connection is there: a busy machine takes longer than this for it.
    pool.options.connectionTimeoutMillis = 50;
    expect(isStoreDown(await thrownBy(pool.query("select 1"))), "no connection is free").to.equal(true);
    await client.query("set statement_timeout = 1");
    expect(isStoreDown(await thrownBy(client.query("select pg_sleep(10)"))), "too slow").to.equal(true);
    const asked = thrownBy(client.query("set statement_timeout = 0; select pg_sleep(60)"));
    await postgres.stop();
    expect(isStoreDown(await asked), "stopped while it worked").to.equal(true);
    expect(isStoreDown(await thrownBy(client.query("select 1"))), "the connection is gone").to.equal(true);
    client.release(true);
    expect(isStoreDown(await thrownBy(pool.query("select 1"))), "nobody listens").to.equal(true);
    await pool.end();
    expect(isStoreDown(await thrownBy(pool.query("select 1"))), "the pool has ended").to.equal(true);
  });

  it("knows a server that hangs up before it has said anything, and a socket that is not there", async () => {
    const server = createServer((socket) => socket.destroy());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("no port");
    const hungUp = new pg.Client({ host: "127.0.0.1", port: address.port });
    expect(isStoreDown(await thrownBy(hungUp.connect()))).to.equal(true);
    server.close();
    const missing = new pg.Client({ host: "/nowhere" });
    expect(isStoreDown(await thrownBy(missing.connect()))).to.equal(true);
  });

  it("leaves alone what is wrong with a query, with a file, or with an engine", async function () {
    const postgres = await usePostgres(this);
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    expect(isStoreDown(await thrownBy(client.query("select nothing from nowhere")))).to.equal(false);
    expect(isStoreDown(await thrownBy(client.query("select 1/0")))).to.equal(false);
    await client.end();
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const engine = new CodedError("ENGINE_UNREACHABLE", "no engine", {}, { cause: refused });
    expect(isStoreDown(engine)).to.equal(false);
    expect(isStoreDown(Object.assign(new Error("open"), { code: "ENOENT", syscall: "open" }))).to.equal(
      false,
    );
    expect(isStoreDown("ECONNREFUSED")).to.equal(false);
  });

  it("takes the host's own word for it", () => {
    expect(isStoreDown(new CodedError("DATABASE_NOT_ANSWERING", ""))).to.equal(true);
    expect(isStoreDown(new CodedError("DATABASE_UNREACHABLE", ""))).to.equal(true);
    expect(isStoreDown(new CodedError("WORKSPACE_NOT_FOUND", ""))).to.equal(false);
  });
});
