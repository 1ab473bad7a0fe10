import { messageOf, showValue } from "../../coded-error.js";
import type { LogFields, Logger } from "../../ports/logger.js";
import { cloneOr, type LogLevel } from "./protocol.js";

/** Sends one line to the host. */
export type SendLine = (level: LogLevel, message: string, fields: LogFields) => void;

/** A logger whose lines are written by the host, which masks them; fields that can't be sent are sent as text. */
export function sendingLogger(send: SendLine, bindings: LogFields = {}): Logger {
  const line = (level: LogLevel) => {
    return (message: string, fields: LogFields = {}) => {
      send(level, messageOf(message), sendable({ ...bindings, ...fields }));
    };
  };
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    child: (fields) => sendingLogger(send, { ...bindings, ...fields }),
  };
}

function sendable(fields: LogFields): LogFields {
  const entries = Object.entries(fields);
  return Object.fromEntries(entries.map(([name, value]) => [name, cloneOr(value, showValue(value))]));
}
