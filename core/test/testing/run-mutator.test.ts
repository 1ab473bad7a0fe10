import { expect } from "chai";
import { runMutator } from "@molecule/core/testing";

describe("runMutator", () => {
  it("runs a mutator as the host does and gives the environment, the result and the log", async () => {
    const { env, result, log } = await runMutator(
      {
        name: "team",
        mutate(draft, ctx) {
          ctx.log.info(`for ${ctx.role ?? "nobody"}`);
          draft.set("TOOL", draft.files.add({ path: "/opt/tool", mode: 0o755, content: "x" }));
          draft.append("PATH", "/opt");
        },
      },
      { env: { PATH: "/bin" }, facts: { role: "pmm-lead" }, fileRoot: "/srv" },
    );
    expect(env).to.deep.equal({ PATH: "/bin:/opt", TOOL: "/srv/opt/tool" });
    expect(result.ok && result.files.map(({ path }) => path)).to.deep.equal(["/opt/tool"]);
    expect(log.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal(["info: for pmm-lead"]);
  });

  it("leaves the environment as it was when the mutator fails, and keeps to the globs", async () => {
    const { env, result } = await runMutator(
      { name: "team", mutate: (draft) => draft.set("OTHER", draft.get("SECRET") ?? "unseen") },
      { env: { SECRET: "x" }, reads: [], writes: ["TEAM_*"] },
    );
    expect(env).to.deep.equal({ SECRET: "x" });
    expect(result.ok).to.be.false;
    expect(result.ledger().variables.OTHER?.[0]).to.equal(undefined);
  });
});
