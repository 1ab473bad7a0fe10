import { Writable } from "node:stream";
import { SecretMasker, type LogFields } from "@molecule/core";
import { RecordingLogger, type LogLine } from "@molecule/core/testing";
import { plantSecret, recordStream } from "@molecule/test/support/secret-watch.js";
import { HostLogger } from "../../dist/logging/host-logger.js";

/** A masker of which the test run learns what is secret: what it has to mask must not come out anywhere. */
export class WatchedMasker extends SecretMasker {
  override add(value: string): () => void {
    plantSecret(value, "a value that is masked");
    return super.add(value);
  }
}

/** Keeps its lines for the test to look at, and writes each as a host does, for the watch over secrets. */
class WatchedLog extends RecordingLogger {
  readonly #written: HostLogger;
  readonly #bound: LogFields;

  constructor(written: HostLogger, lines: LogLine[], bound: LogFields) {
    super(lines, bound);
    this.#written = written;
    this.#bound = bound;
  }

  override debug(message: string, fields?: LogFields): void {
    super.debug(message, fields);
    this.#written.debug(message, fields);
  }
  override info(message: string, fields?: LogFields): void {
    super.info(message, fields);
    this.#written.info(message, fields);
  }
  override warn(message: string, fields?: LogFields): void {
    super.warn(message, fields);
    this.#written.warn(message, fields);
  }
  override error(message: string, fields?: LogFields): void {
    super.error(message, fields);
    this.#written.error(message, fields);
  }
  override child(fields: LogFields): WatchedLog {
    return new WatchedLog(this.#written.child(fields), this.lines, { ...this.#bound, ...fields });
  }
}

/** The log of one host in this process. @param name - of the host */
export function watchedLog(name: string, masker: SecretMasker): RecordingLogger {
  const record = recordStream("log", `log of ${name}`);
  const output = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      record(line);
      done();
    },
  });
  return new WatchedLog(HostLogger.create({ level: "debug", format: "json" }, masker, output), [], {});
}
