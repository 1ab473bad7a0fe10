import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";

/** Sockets that the row asks for; fewer where a process may not open as many. */
const IDLE_SOCKETS = 10_000;
/** What this process needs beside them. */
const OTHER_FILES = 500;

describe("faults.md 44: clients that take their time", function () {
  this.timeout(180_000);

  let host: RunningHost;
  let sockets: Socket[];

  beforeEach(async () => {
    sockets = [];
    host = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "none", RATE_LIMIT: "1000000" } });
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    expect(await host.stop()).to.equal(0);
  });

  function open(greeting: string): Socket {
    const socket = connect(host.port, "127.0.0.1");
    // Being cut off is what these sockets are for.
    socket.on("error", () => undefined);
    socket.on("connect", () => socket.write(greeting));
    socket.resume();
    sockets.push(socket);
    return socket;
  }

  /** Those sockets that are connected on the host's side too, by the port of the client. */
  async function heldByHost(): Promise<readonly number[]> {
    const held = await connectedTo(host.port);
    return sockets.flatMap(({ localPort }) =>
      localPort !== undefined && held.has(localPort) ? [localPort] : [],
    );
  }

  const openOnes = () => sockets.filter((socket) => !socket.destroyed).length;

  it("are cut off when headers or bodies come drop by drop, and keep nobody else waiting", async () => {
    for (let index = 0; index < 100; index += 1) {
      open("POST /workspaces HTTP/1.1\r\nHost: x\r\nX-Slow: ");
      open("POST /workspaces HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{");
    }
    const drops = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write("x");
    }, 500);
    try {
      await eventually(
        async () => {
          expect((await host.api("GET", "/health")).status).to.equal(200);
          return openOnes() === 0;
        },
        { what: "all slow clients are cut off", timeoutMs: 90_000 },
      );
    } finally {
      clearInterval(drops);
    }
  });

  it("can't hold the host up by the thousands without a word", async () => {
    const count = Math.min(IDLE_SOCKETS, (await openFilesLimit()) - OTHER_FILES);
    for (let index = 0; index < count; index += 1) {
      open("");
      // By portions: more at once than the queue of the listener takes would wait for their SYN to be sent again.
      if (index % 200 === 199) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await eventually(
      () =>
        host.api("GET", "/health").then(
          ({ status }) => status === 200,
          () => false,
        ),
      { what: "the host answers beside the idle sockets", timeoutMs: 60_000 },
    );
    await eventually(async () => (await heldByHost()).length === 0, {
      what: "the host has closed all idle sockets",
      timeoutMs: 90_000,
    });
    // Where its queue is full, a listener's kernel drops the last word of a handshake, and the client alone thinks that
    // it is connected (listen(2), tcp(7)): it learns better as soon as it says something.
    for (const socket of sockets) if (socket.writable) socket.write("x");
    await eventually(() => openOnes() === 0, {
      what: "all clients know that they were cut off",
      timeoutMs: 30_000,
    });
    expect((await host.api("GET", "/ready")).status).to.equal(200);
    expect(host.lines.filter(({ text }) => /"level":(50|60)/.test(text))).to.deep.equal([]);
  });
});

/** How many files this process may have open; proc(5), `limits`. */
async function openFilesLimit(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8");
  return Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? "1024");
}

/** The ports whose connections to a port of this machine are established there; proc_net(5), `tcp`: 01 is ESTABLISHED. */
async function connectedTo(port: number): Promise<ReadonlySet<number>> {
  const tables = await Promise.all([
    readFile("/proc/net/tcp", "utf8"),
    // Not there where the kernel has no IPv6.
    readFile("/proc/net/tcp6", "utf8").catch(() => ""),
  ]);
  const local = port.toString(16).toUpperCase().padStart(4, "0");
  const row = new RegExp(String.raw`^ *\d+: [0-9A-F]+:${local} [0-9A-F]+:([0-9A-F]{4}) 01 `, "gm");
  return new Set(
    tables.flatMap((table) => [...table.matchAll(row)].map(([, peer]) => Number.parseInt(peer ?? "", 16))),
  );
}
