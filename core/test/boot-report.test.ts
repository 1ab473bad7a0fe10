import { expect } from "chai";
import { BootReport } from "@molecule/core";

describe("BootReport", () => {
  it("draws the stages in the order of their first entry, each with its entries, times and outcomes", () => {
    const report = new BootReport();
    report.add({ stage: "env", name: "dotenv", durationMs: 1.234, outcome: "ok", detail: ".env: loaded 3" });
    report.add({ stage: "plugins", name: "gh-identity", durationMs: 12.6, outcome: "ok", detail: "" });
    report.add({
      stage: "plugins",
      name: "acme",
      durationMs: 0,
      outcome: "disabled",
      detail: "waits for ACME_URL to be set",
    });
    report.add({
      stage: "storage",
      name: "open",
      durationMs: 3400,
      outcome: "failed",
      detail: "no server\n  at x",
    });
    report.add({ stage: "env", name: "cp", durationMs: 9.99, outcome: "ok" });
    expect(report.render()).to.equal(
      [
        "boot",
        "├─ env",
        "│  ├─ ✓ dotenv        1.2 ms  .env: loaded 3",
        "│  └─ ✓ cp           10.0 ms",
        "├─ plugins",
        "│  ├─ ✓ gh-identity    13 ms",
        "│  └─ – acme          0.0 ms  waits for ACME_URL to be set",
        "└─ storage",
        "   └─ ✗ open         3400 ms  no server",
      ].join("\n"),
    );
  });

  it("draws a bare root while nothing was done", () => {
    expect(new BootReport().render()).to.equal("boot");
  });
});
