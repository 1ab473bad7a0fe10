import { CodedError } from "@molecule/core";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { useDatabase } from "../storage/databases.js";
import { useHosts } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

describe("a plugin that fails a provision with a coded error of its own", function () {
  this.timeout(60_000);
  const suite = useDatabase("postgres");
  const start = useHosts(suite);

  /** The row and the payload of the event of a provision that a plugin's error has failed. */
  async function failedBy(error: CodedError) {
    const runtime = new ShelfRuntime();
    const host = await start(runtime);
    const owner = { plugin: "roster", version: "1.0.0", order: 1 };
    const mutate = () => Promise.reject(error);
    host.kernel.registries.envMutators.add({ name: "shifts", mutate }, owner);
    const id = await host.create();
    const row = await eventually(async () => {
      const now = await host.row(id);
      return now.status === "failed" ? now : undefined;
    });
    const events = await host.events.list({ workspaceId: id, limit: 100 });
    expect(runtime.shelves.has(id)).to.be.false;
    const failed = events.find(({ event_type }) => event_type === "WORKSPACE_PROVISION_FAILED");
    return { row, payload: failed?.payload };
  }

  it("is named in the event, by its text as it is where that names it", async () => {
    const text = 'plugin "roster": roster.json can\'t be read: it is gone';
    const { row, payload } = await failedBy(new CodedError("ROSTER_UNREADABLE", text));
    expect(payload).to.deep.equal({ error: text, runtime: "demo", plugin: "roster" });
    expect(row.last_sample_error).to.equal(text);
  });

  it("is named in a text that does not; what the error says of plugin and variables is its own matter", async () => {
    const details = { plugin: "another", missing: ["A"] };
    const { row, payload } = await failedBy(new CodedError("NO_SHIFT", "nobody works today", details));
    const text = 'plugin "roster": nobody works today';
    expect(payload).to.deep.equal({ error: text, runtime: "demo", plugin: "roster" });
    expect(row.last_sample_error).to.equal(text);
  });

  it("fails it also with the code of an engine that is away: no engine was asked", async () => {
    const { payload } = await failedBy(new CodedError("ENGINE_UNREACHABLE", "the engine of my car"));
    expect(payload).to.include({ error: 'plugin "roster": the engine of my car', plugin: "roster" });
  });
});
