import { randomUUID } from "node:crypto";
import { systemClock } from "@molecule/core";
import { useOwnEngine, type OwnEngine } from "@molecule/test/support/engine.js";
import { skip } from "@molecule/test/support/skip.js";
import { expect } from "chai";
import type { NetworkInspectInfo } from "dockerode";
import { EngineClient } from "../../../dist/runtimes/docker/client.js";
import { readEndpoint } from "../../../dist/runtimes/docker/endpoint.js";
import { Network, NETWORK } from "../../../dist/runtimes/docker/network.js";
import { patientCall } from "../probe.js";

describe("Network", () => {
  let engine: OwnEngine;
  let client: EngineClient;
  before(async function () {
    engine = await useOwnEngine(this);
    client = new EngineClient(readEndpoint({ DOCKER_HOST: engine.url }), systemClock);
  });
  afterEach(async () => {
    for (const { Id } of await networks()) await engine.docker.getNetwork(Id).remove();
  });
  after(() => client.close());

  async function networks(): Promise<NetworkInspectInfo[]> {
    const found = await engine.docker.listNetworks({ filters: { name: [NETWORK] } });
    return found.sort((a, b) => a.Created.localeCompare(b.Created));
  }

  /** As two who make it at the same moment; an engine that makes no second one of a name skips the test. */
  async function plant(ctx: Mocha.Context, instanceId: string): Promise<string> {
    const labels = { "molecule.platform.managed": "true", "molecule.platform.instance": instanceId };
    try {
      return (await engine.docker.createNetwork({ Name: NETWORK, CheckDuplicate: false, Labels: labels })).id;
    } catch {
      return skip(ctx, "this engine makes no second network of a name");
    }
  }

  it("is made once, however many want it at the same time, of several installations too", async () => {
    const installations = Array.from({ length: 4 }, () => new Network(client, randomUUID()));
    const wanted = installations.flatMap((each) => Array.from({ length: 4 }, () => each));
    await Promise.all(wanted.map((each) => each.ensure(patientCall())));
    expect(await networks()).to.have.length(1);
  });

  it("takes back the younger of two, where it has made that", async function () {
    const [mine, other] = [randomUUID(), randomUUID()];
    const first = await plant(this, other);
    await plant(this, mine);
    await new Network(client, mine).ensure(patientCall());
    expect((await networks()).map(({ Id }) => Id)).to.deep.equal([first]);
  });

  it("leaves the younger alone where another installation has made that", async function () {
    const [mine, other] = [randomUUID(), randomUUID()];
    const planted = [await plant(this, mine), await plant(this, other)];
    await new Network(client, mine).ensure(patientCall());
    expect((await networks()).map(({ Id }) => Id)).to.have.members(planted);
  });
});
