import type { InjectionToken } from "tsyringe";

/** Facts that go with a log line, by name. Values are plain data; secrets are masked by the host. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log. The host masks known secrets before a line is written. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

/** Resolves to the host's {@link Logger}. */
export const LOGGER: InjectionToken<Logger> = Symbol.for("@molecule/port/logger");

/** A logger that drops everything. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
