import { Writable } from "node:stream";
import type { LogFields, Logger, SecretMasker } from "@molecule/core";
import { pino, type Logger as Pino } from "pino";
import pretty from "pino-pretty";
import type { LogConfig } from "../config/config.js";

/**
 * The host's log: pino behind the kernel's port. Every line passes the masker as a whole, so that no field, error
 * or stack can carry a secret past it.
 */
export class HostLogger implements Logger {
  readonly #pino: Pino;
  readonly #sink: MaskedSink;

  private constructor(logger: Pino, sink: MaskedSink) {
    this.#pino = logger;
    this.#sink = sink;
  }

  /** @param output where the lines go, e.g. the standard output */
  static create(config: LogConfig, masker: SecretMasker, output: NodeJS.WritableStream): HostLogger {
    const sink = new MaskedSink(masker, output, config.format);
    return new HostLogger(
      pino({ level: config.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink),
      sink,
    );
  }

  /** Changes level and format of this logger and of children made from now on. */
  configure(config: LogConfig): void {
    this.#pino.level = config.level;
    this.#sink.format(config.format);
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, message);
  }
  info(message: string, fields: LogFields = {}): void {
    this.#pino.info(fields, message);
  }
  warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, message);
  }
  error(message: string, fields: LogFields = {}): void {
    this.#pino.error(fields, message);
  }
  child(fields: LogFields): HostLogger {
    return new HostLogger(this.#pino.child(fields), this.#sink);
  }
}

/** Takes the secrets out of each line and writes it, as JSON or made readable. */
class MaskedSink {
  readonly #masker: SecretMasker;
  readonly #output: NodeJS.WritableStream;
  #target: NodeJS.WritableStream;

  constructor(masker: SecretMasker, output: NodeJS.WritableStream, format: LogConfig["format"]) {
    this.#masker = masker;
    this.#output = output;
    this.#target = output;
    this.format(format);
  }

  format(format: LogConfig["format"]): void {
    this.#target = format === "json" ? this.#output : readable(this.#output);
  }

  write(line: string): void {
    this.#target.write(this.#masker.mask(line));
  }
}

function readable(output: NodeJS.WritableStream): NodeJS.WritableStream {
  // Not the output itself: pino-pretty would end it with its own stream.
  const destination = new Writable({
    write(chunk: string | Uint8Array, _encoding, done) {
      output.write(chunk);
      done();
    },
  });
  return pretty({
    destination,
    colorize: "isTTY" in output,
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "pid,hostname",
  });
}
