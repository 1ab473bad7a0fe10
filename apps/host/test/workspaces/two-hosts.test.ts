import { expect } from "chai";
import { eventually } from "@molecule/test/support/eventually.js";
import type { PublishedEvent } from "../../dist/storage/event-log.js";
import { useDatabase } from "../storage/databases.js";
import { gate } from "../storage/gate.js";
import { useHosts, type DomainHost } from "./hosts.js";
import { ShelfRuntime } from "./shelf-runtime.js";

describe("two hosts on one database", function () {
  this.timeout(60_000);
  const suite = useDatabase("postgres");
  const start = useHosts(suite);
  let runtime: ShelfRuntime;
  let first: DomainHost;
  let second: DomainHost;
  beforeEach(async () => {
    runtime = new ShelfRuntime();
    first = await start(runtime);
    second = await start(runtime);
  });

  it("never work on one workspace in the engine at once: a deletion waits for the other's provision to give up", async () => {
    const launching = gate();
    runtime.onJob = ({ kind }, { signal }) => {
      if (kind !== "launch") return Promise.resolve();
      launching.open();
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("aborted"));
        });
      });
    };
    const id = await first.create();
    await launching.passed;
    const deletion = second.services.deletion.remove(id, { confirm: true, purge: false });
    await eventually(async () => (await first.row(id)).status === "removed");
    // As the server's notice tells the first host.
    first.events.heardOf(second.hostId);
    expect(await deletion).to.deep.equal({ status: 200, body: { status: "removed", cascade_deleted: 0 } });
    expect(runtime.overlaps).to.deep.equal([]);
    expect(runtime.shelves.size).to.equal(0);
    // A deletion answers when its work is done; its turn is given back meanwhile.
    await eventually(
      async () => (await suite.db.selectFrom("loop_leases").selectAll().execute()).length === 0,
      { what: "a turn leaves no row" },
    );
  });

  it("take back no more than they made themselves, also when their turn was lost to the next attempt's host", async () => {
    const [launching, launch, undoing, undo] = [gate(), gate(), gate(), gate()];
    runtime.onJob = async ({ kind }) => {
      if (kind === "stop") {
        undoing.open();
        await undo.passed;
      } else {
        launching.open();
        await launch.passed;
      }
    };
    const id = await first.create();
    await launching.passed;
    // Of which the first host does not hear.
    await second.services.restart.restart(id);
    launch.open();
    await undoing.passed;
    // As of a host that is frozen.
    await suite.db.deleteFrom("loop_leases").where("holder", "=", first.hostId).execute();
    const kept = () => [...(runtime.shelves.get(id)?.containers.keys() ?? [])];
    await eventually(() => kept().includes(2), { what: "the second host's attempt is up" });
    undo.open();
    await eventually(() => first.log.lines.some(({ message }) => message.startsWith("workspace launched")), {
      what: "the first host's provision has ended",
    });
    expect(kept()).to.deep.equal([2]);
    expect(await second.row(id)).to.include({ status: "provisioning", attempt: 2 });
  });

  it("tell each other's events once and in order, after a notice or a gap", async () => {
    const heard: PublishedEvent[] = [];
    first.events.subscribe((event) => heard.push(event));
    const emit = (host: DomainHost, type: string) =>
      host.events.transact((_trx, emitted) => {
        emitted({ type, workspaceId: null, payload: {} });
        return Promise.resolve();
      });
    await emit(second, "ONE");
    await emit(second, "TWO");
    expect(heard).to.deep.equal([]);
    first.events.heardOf(second.hostId);
    await eventually(() => heard.length === 2);
    await emit(second, "THREE");
    await emit(first, "FOUR");
    expect(heard.map(({ event_type }) => event_type)).to.deep.equal(["ONE", "TWO", "THREE", "FOUR"]);
    first.events.heardOf(first.hostId);
    first.events.heardOf(undefined);
    expect(heard).to.have.length(4);
  });
});
