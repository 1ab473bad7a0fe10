import type { EngineContainer, WatchedWorkspace } from "@molecule/core";
import { expect } from "chai";
import { diagnose } from "../dist/diagnosis.js";

const URL_NOW = "http://127.0.0.1:4001";

function workspace(changes: Partial<WatchedWorkspace> = {}): WatchedWorkspace {
  return {
    workspaceId: "w",
    attempt: 2,
    status: "online",
    external: false,
    visible: true,
    inRollout: false,
    launching: false,
    url: URL_NOW,
    heartbeatAgeMs: 0,
    restarts: 0,
    restartDueInMs: null,
    sinceRestartMs: null,
    ...changes,
  };
}

function container(changes: Partial<EngineContainer> = {}): EngineContainer {
  return {
    kind: "container",
    id: "c",
    name: "ws-w",
    owner: "ours",
    workspaceId: "w",
    attempt: 2,
    runtime: "demo",
    createdAt: 0,
    state: "running",
    url: URL_NOW,
    ...changes,
  };
}

describe("the diagnosis of a workspace", () => {
  const moved = { url: "http://127.0.0.1:4002" };
  for (const [what, subject, containers, expected] of [
    ["its container runs", workspace(), [container()], "well"],
    ["its container is not listed", workspace(), [], "missing"],
    [
      "its container has ended",
      workspace({ status: "degraded" }),
      [container({ state: "stopped" })],
      "missing",
    ],
    ["only an older attempt's container runs", workspace(), [container({ attempt: 1 })], "missing"],
    ["the engine is restarting its container", workspace(), [container({ state: "changing" })], "well"],
    ["the engine could not be listed", workspace(), null, "well"],
    ["a rollout replaces its container", workspace({ inRollout: true }), [], "well"],
    ["its process is another host's", workspace({ visible: false }), [], "well"],
    [
      "its container is still to be launched",
      workspace({ status: "provisioning", launching: true }),
      [],
      "well",
    ],
    ["its agent has not registered yet", workspace({ status: "provisioning" }), [container()], "well"],
    [
      "its container is lost before its agent registered",
      workspace({ status: "provisioning" }),
      [],
      "missing",
    ],
    [
      "its container has ended before its agent registered",
      workspace({ status: "provisioning" }),
      [container({ state: "stopped" })],
      "missing",
    ],
    [
      "the engine starts its container again before its agent registered",
      workspace({ status: "provisioning" }),
      [container({ state: "changing" })],
      "well",
    ],
    [
      "its restart is planned before its agent registered",
      workspace({ status: "provisioning", restartDueInMs: 1 }),
      [],
      "well",
    ],
    ["its port is published elsewhere", workspace(), [container(moved)], "moved"],
    [
      "its agent has named another address itself",
      workspace({ url: "http://10.0.0.9:80" }),
      [container(moved)],
      "well",
    ],
    ["it is offline without a plan", workspace({ status: "offline" }), [], "restart"],
    ["its restart is not due", workspace({ status: "offline", restartDueInMs: 1 }), [], "well"],
    ["its restart is due", workspace({ status: "offline", restartDueInMs: 0 }), [], "restart"],
    [
      "its container is back by itself",
      workspace({ status: "offline", restartDueInMs: -1 }),
      [container()],
      "well",
    ],
    [
      "its container is back, but its agent stays silent",
      workspace({ status: "offline", restartDueInMs: -60_000 }),
      [container()],
      "restart",
    ],
    [
      "it is external and has a heartbeat",
      workspace({ external: true, heartbeatAgeMs: 90_000 }),
      null,
      "well",
    ],
    ["it is external and silent", workspace({ external: true, heartbeatAgeMs: 90_001 }), null, "silent"],
    [
      "it is external and offline already",
      workspace({ external: true, status: "offline", heartbeatAgeMs: 1e9 }),
      null,
      "well",
    ],
  ] as const) {
    it(`is "${expected}" when ${what}`, () => {
      expect(diagnose(subject, containers, { agesHold: true, looping: new Set() }).kind).to.equal(expected);
    });
  }

  it("takes no external workspace offline while ages can't be trusted", () => {
    const silent = workspace({ external: true, heartbeatAgeMs: 1e9 });
    expect(diagnose(silent, null, { agesHold: false, looping: new Set() }).kind).to.equal("well");
  });

  it("misses a container that the engine restarts over and over, once its agent had registered", () => {
    const experience = { agesHold: true, looping: new Set(["c"]) };
    const containers = [container({ state: "changing" })];
    const kinds = (["online", "degraded", "provisioning"] as const).map(
      (status) => diagnose(workspace({ status }), containers, experience).kind,
    );
    expect(kinds).to.deep.equal(["missing", "missing", "well"]);
  });
});
