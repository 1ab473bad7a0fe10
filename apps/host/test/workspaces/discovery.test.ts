import { expect } from "chai";
import { isCodedError } from "@molecule/core";
import { AgentUrlGuard } from "../../dist/workspaces/agent-url.js";
import { Discovery } from "../../dist/workspaces/discovery.js";
import { WorkspaceStore } from "../../dist/storage/workspace-store.js";
import { useSharedDatabase } from "../http/shared-database.js";
import { addWorkspace } from "../storage/databases.js";

describe("Discovery", () => {
  const suite = useSharedDatabase();
  let answers: readonly string[];
  const discovery = (kind: "docker" | "none" = "none") =>
    new Discovery({
      db: suite.db,
      workspaces: new WorkspaceStore({ db: suite.db }),
      urlGuard: new AgentUrlGuard(() => Promise.resolve(answers)),
      runtime: { kind },
      mayTalk: () => Promise.resolve(true),
    });
  beforeEach(() => {
    answers = ["93.184.216.34"];
  });

  it("gives an address away no more when its name has come to point inward (fault 45)", async () => {
    const caller = await addWorkspace(suite.db, { external: true });
    const url = "http://agent.example.com:8000";
    const target = await addWorkspace(suite.db, { external: true, url });
    expect(await discovery().discover(caller, target)).to.include({ url });
    for (const inward of ["169.254.169.254", "127.0.0.1", "::ffff:10.0.0.1", "fd00::1"]) {
      answers = ["93.184.216.34", inward];
      const refused = await discovery()
        .discover(caller, target)
        .catch((error: unknown) => error);
      expect(isCodedError(refused) ? refused.code : refused, inward).to.equal("PEER_URL_REFUSED");
      expect((await discovery().peers(caller, undefined)).map((peer) => peer.url)).to.deep.equal([""]);
    }
    answers = ["93.184.216.34"];
    expect(await discovery().discover(caller, target)).to.include({ url });
  });

  it("gives a private address away only of what this installation runs", async () => {
    const caller = await addWorkspace(suite.db, { external: true });
    const url = "http://10.0.0.5:6379";
    const codeFor = async (kind: "docker" | "none", row: { handle: string | null; external?: boolean }) => {
      const target = await addWorkspace(suite.db, { url, ...row });
      const answer: unknown = await discovery(kind)
        .discover(caller, target)
        .catch((error: unknown) => error);
      return isCodedError(answer) ? answer.code : "given";
    };
    expect(await codeFor("docker", { handle: "abc" })).to.equal("given");
    expect(await codeFor("docker", { handle: null })).to.equal("PEER_URL_REFUSED");
    expect(await codeFor("none", { handle: "abc" })).to.equal("PEER_URL_REFUSED");
    expect(await codeFor("docker", { handle: "abc", external: true })).to.equal("PEER_URL_REFUSED");
  });

  it("gives a container the other's name in their network, since the published port is this machine's only", async () => {
    const published = { url: "http://127.0.0.1:49152" };
    const [one, other] = [await addWorkspace(suite.db, published), await addWorkspace(suite.db, published)];
    const name = `http://ws-${other.slice(0, 12)}:8000`;
    expect(await discovery("docker").discover(one, other)).to.include({ url: name });
    const far = await addWorkspace(suite.db, { external: true });
    expect(await discovery("docker").discover(far, other)).to.include(published);
    expect(await discovery().discover(one, other)).to.include(published);
  });
});
