import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { tempDir } from "@molecule/test/support/temp.js";
import { systemClock, type Clock } from "../dist/clock.js";
import { Delivery, type Message } from "../dist/delivery.js";
import { PlatformClient } from "../dist/platform-client.js";
import { TokenFile } from "../dist/token-file.js";
import { StandInPlatform, type Script } from "./support/stand-in-platform.js";
import { HastyClock, StandingClock } from "./support/test-clocks.js";

const TAKEN: Script = { status: 200, body: { status: "ok" } };
const DOWN: Script = { status: 503, body: { error: "retry shortly" } };
const NO_TOKEN: Script = { status: 401, body: { error: "invalid workspace auth token" } };

describe("Delivery", () => {
  let platform: StandInPlatform;
  let tokenPath = "";
  let said: string[] = [];
  let clock: HastyClock;

  beforeEach(async () => {
    platform = new StandInPlatform();
    await platform.start();
    tokenPath = join(await tempDir(), ".auth_token");
    await writeFile(tokenPath, "first");
    said = [];
    clock = new HastyClock();
  });
  afterEach(() => platform.stop());

  /** Delivery with requests on the real clock and the waits between them on `waits`. */
  const send = async (signal = new AbortController().signal, waits: Clock = clock) => {
    const log = (line: string) => void said.push(line);
    const tokenFile = new TokenFile(tokenPath, log);
    await tokenFile.reload();
    const client = new PlatformClient({ baseUrl: platform.url, clock: systemClock });
    let tries = 0;
    const message: Message = { name: "hello", path: "/hello", body: () => ({ try: ++tries }) };
    return new Delivery({ client, tokenFile, clock: waits, log }).send(message, signal);
  };

  it("is silent about a message that is taken at once", async () => {
    expect(await send()).to.equal("delivered");
    expect(clock.waits).to.deep.equal([]);
    expect(said).to.deep.equal([]);
  });

  it("tries for ever while the platform is down, 250 ms to 5 s apart, with the body made anew and one line a reason", async () => {
    platform.answer = (_, number) => (number <= 40 ? DOWN : TAKEN);
    expect(await send()).to.equal("delivered");
    expect(clock.waits.slice(0, 7)).to.deep.equal([250, 500, 1000, 2000, 4000, 5000, 5000]);
    expect(clock.waits).to.have.length(40);
    expect(platform.calls.at(-1)?.body).to.deep.equal({ try: 41 });
    expect(said).to.deep.equal(['hello: 503 "retry shortly"; trying again', "hello: taken at try 41"]);
  });

  it("waits as long as Retry-After says, and never less than its own pace", async () => {
    const answers: Script[] = ["7", "0"].map((seconds) => ({
      status: 429,
      body: {},
      headers: { "retry-after": seconds },
    }));
    platform.answer = (_, number) => answers[number - 1] ?? TAKEN;
    expect(await send()).to.equal("delivered");
    expect(clock.waits).to.deep.equal([7000, 500]);
  });

  it("reads the token file again after a 401", async () => {
    platform.answer = (call) => (call.authorization === "Bearer second" ? TAKEN : NO_TOKEN);
    const changingTheToken: Clock = {
      ...systemClock,
      timer(callback) {
        void writeFile(tokenPath, "second").then(callback);
        return () => undefined;
      },
    };
    const sent = send(new AbortController().signal, changingTheToken);
    expect(await sent).to.equal("delivered");
    expect(platform.calls.map((call) => call.authorization)).to.deep.equal(["Bearer first", "Bearer second"]);
  });

  for (const status of [401, 400]) {
    it(`gives up after a minute of ${status}`, async () => {
      platform.answer = () => ({ status, body: { error: "no" } });
      expect(await send()).to.equal("refused");
      const waited = clock.waits.reduce((sum, wait) => sum + wait, 0);
      expect(waited).to.be.within(60_000, 65_000);
      expect(said).to.deep.equal([
        `hello: ${status} "no"; trying again`,
        `hello: refused for 60 s, last with ${status} "no"; giving up`,
      ]);
    });
  }

  it("counts the minute of refusals anew after the platform was away", async () => {
    platform.answer = (_, number) => (number === 12 ? DOWN : number <= 24 ? NO_TOKEN : TAKEN);
    expect(await send()).to.equal("delivered");
    expect(platform.calls).to.have.length(25);
  });

  it("ends at 404", async () => {
    platform.answer = () => ({ status: 404, body: { error: "workspace not found" } });
    expect(await send()).to.equal("removed");
    expect(said).to.deep.equal([
      'hello: the platform says 404 "workspace not found": the workspace was removed; ending',
    ]);
  });

  it("stops in the middle of a wait", async () => {
    platform.answer = () => DOWN;
    const stop = new AbortController();
    const standing = new StandingClock();
    const sent = send(stop.signal, standing);
    await eventually(() => standing.waiting === 1);
    stop.abort();
    expect(await sent).to.equal("stopped");
    expect(platform.calls).to.have.length(1);
  });
});
