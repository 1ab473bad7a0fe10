import { PassThrough } from "node:stream";
import { expect } from "chai";
import { SecretMasker } from "@molecule/core";
import { HostLogger } from "../../dist/logging/host-logger.js";

function capture(format: "json" | "pretty") {
  const output = new PassThrough();
  const masker = new SecretMasker();
  const log = HostLogger.create({ level: "info", format }, masker, output);
  return { log, masker, text: () => String(output.read() ?? "") };
}

describe("HostLogger", () => {
  it("writes one JSON line with level, time, message and fields", () => {
    const { log, text } = capture("json");
    log.child({ plugin: "a" }).info("hello", { count: 2 });
    const line: unknown = JSON.parse(text());
    expect(line).to.include({ msg: "hello", plugin: "a", count: 2 });
    expect(line)
      .to.have.property("time")
      .that.matches(/^\d{4}-\d\d-\d\dT/);
  });

  for (const format of ["json", "pretty"] as const) {
    it(`takes secrets out of messages, fields, errors and stacks (${format})`, () => {
      const { log, masker, text } = capture(format);
      masker.add('s3cret"value');
      log.error('token s3cret"value', { url: 'x?k=s3cret"value', err: new Error('with s3cret"value') });
      const written = text();
      expect(written).to.contain("***").and.not.contain("s3cret");
    });
  }

  it("changes its level, also for what was made from it before", () => {
    const { log, text } = capture("json");
    log.debug("unseen");
    log.configure({ level: "debug", format: "json" });
    log.debug("seen");
    expect(text()).to.contain('"seen"').and.not.contain("unseen");
  });
});
