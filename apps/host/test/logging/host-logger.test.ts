import { PassThrough } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
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

  for (const format of ["json", "pretty"] as const) {
    it(`lets no secret through, whatever it is made of and wherever it is logged (${format})`, () => {
      const secrets = fc.string({
        minLength: 8,
        maxLength: 30,
        unit: fc.constantFrom("S", "9", '"', "\\", "\n", "/", "ä", "\u2028", "$"),
      });
      fc.assert(
        fc.property(secrets, (secret) => {
          const { log, masker, text } = capture(format);
          masker.add(secret);
          log.child({ child: secret }).error(`in a message ${secret}!`, {
            text: secret,
            list: [{ deep: `x${secret}` }],
            body: JSON.stringify({ secret }),
            url: `https://host/?q=${encodeURIComponent(secret)}`,
            err: new Error(secret),
          });
          const written = text();
          const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
          for (const form of forms) expect(written).not.to.include(form);
          expect(written.split("***").length - 1).to.be.at.least(7);
        }),
        { numRuns: 50 },
      );
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
