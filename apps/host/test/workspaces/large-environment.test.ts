import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import { useDatabase } from "../storage/databases.js";
import { useHosts, type DomainHost } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

const VALUE = "planted-large-value-".repeat(3_000);
const secrets = (prefix: string, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}_${index}`, VALUE]));

describe("a workspace whose secrets are larger together than an environment may be", function () {
  this.timeout(60_000);
  const suite = useDatabase("postgres");
  const start = useHosts(suite);
  let runtime: ShelfRuntime;
  let host: DomainHost;
  let id: string;

  beforeEach(async () => {
    runtime = new ShelfRuntime();
    host = await start(runtime);
    for (const [key, value] of Object.entries(secrets("OF_ALL", 10))) {
      await host.services.secretChanges.save(null, key, value);
    }
    id = await host.create({ secrets: secrets("OWN", 8) });
    await eventually(async () => (await host.row(id)).status === "failed");
  });

  const failures = async () => {
    const events = await host.events.list({ workspaceId: id, limit: 100 });
    return events.filter(({ event_type }) => event_type === "WORKSPACE_PROVISION_FAILED");
  };

  it("fails once, with the size of every layer and what to do, before anything is launched", async () => {
    const told = await failures();
    expect(told).to.have.length(1);
    const error = (await host.row(id)).last_sample_error;
    expect(told[0]?.payload).to.deep.equal({ error, runtime: "demo" });
    expect(error.split("\n")[1]).to.match(
      /^ {2}- all layers together: found 10\d{5} bytes \(global secrets 600100, workspace secrets 480056, platform \d+, identity \d+; the largest variables: OF_ALL_0 60010, OF_ALL_1 60010, OF_ALL_2 60010\), allowed: at most 1048576 bytes .*; delete variables that the workspace does not need, or give it large values as files$/,
    );
    expect(runtime.shelves.has(id)).to.be.false;
    expect(JSON.stringify(told) + JSON.stringify(host.log.lines)).not.to.contain("planted-large-value");
  });

  it("is told the same by the preview, of itself and of one that is imagined", async () => {
    const { last_sample_error: message } = await host.row(id);
    const answer = await host.services.envPreview.preview({ workspace_id: id });
    expect(answer).to.deep.include({
      ok: false,
      error: { code: "ENV_LAYERS_INVALID", message },
      difference: null,
    });
    expect(answer.ledger.variables.OWN_0).to.have.nested.property("[0].value", "***");
    const imagined = { name: "Test", runtime: "demo", secrets: secrets("OWN", 8) };
    expect((await host.services.envPreview.preview(imagined)).error).to.deep.equal(answer.error);
    const fits = await host.services.envPreview.preview({ ...imagined, secrets: secrets("OWN", 7) });
    expect(fits).to.include({ ok: true, error: null });
  });

  it("is not tried again by itself, and comes up at a restart when there is room", async () => {
    const signal = AbortSignal.timeout(30_000);
    await host.services.recovery.atBoot();
    await host.services.recovery.loop().tick({ signal, log: host.log, dryRun: false, fence: null });
    expect(await host.row(id)).to.include({ attempt: 1, status: "failed", provision_host: null });
    expect(await failures()).to.have.length(1);
    await host.services.secretChanges.remove(null, "OF_ALL_0");
    await host.services.restart.restart(id);
    await eventually(() => runtime.shelves.has(id));
    expect(await failures()).to.have.length(1);
  });
});
