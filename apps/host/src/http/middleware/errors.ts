import type { Logger, SecretMasker } from "@molecule/core";
import type { Middleware } from "koa";
import { errorAnswer } from "../http-error.js";

/** Turns whatever is thrown further in into an answer, and logs what the client is not told. */
export function answerErrors(services: { log: Logger; masker: SecretMasker }): Middleware {
  const { log, masker } = services;
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { status, headers, body } = errorAnswer(error, masker);
      if (status >= 500) {
        log.error("request failed", {
          method: ctx.method,
          path: ctx.path,
          status,
          reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      }
      ctx.status = status;
      ctx.set(headers);
      ctx.type = "json";
      ctx.body = JSON.stringify(body);
    }
  };
}
