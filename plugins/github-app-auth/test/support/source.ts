import { createPrivateKey } from "node:crypto";
import { isCodedError, type CodedError } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { GithubApp } from "@molecule/test/support/github-app.js";
import type { GithubAppConfig } from "../../dist/config.js";
import { GithubClient } from "../../dist/github-client.js";
import { TokenSource } from "../../dist/token-source.js";

/** A token source before GitHub's stand-in, both by one clock that the test moves. */
export interface SourceBench {
  readonly github: GithubApp;
  readonly clock: ManualClock;
  readonly log: RecordingLogger;
  readonly source: TokenSource;
  /** Aborted as when the plugin is disabled. */
  readonly stop: AbortController;
  /** One more source of the same app in this process. */
  another(config: GithubAppConfig, installationId?: string): TokenSource;
}

/** Gives each test of a suite a new bench. */
export function useSource(): () => SourceBench {
  let bench: SourceBench | undefined;
  beforeEach(async () => {
    const github = new GithubApp();
    const clock = new ManualClock(Date.UTC(2026, 5, 1, 12));
    github.now = () => clock.now();
    const log = new RecordingLogger();
    const stop = new AbortController();
    const apiUrl = await github.listen();
    const another = (config: GithubAppConfig, installationId = github.installationId) => {
      const settings = {
        apiUrl,
        serverUrl: apiUrl,
        appId: github.appId,
        installationId,
        privateKey: createPrivateKey(github.pem()),
      };
      return new TokenSource(new GithubClient(settings, config, clock, log), apiUrl, clock, stop.signal);
    };
    bench = { github, clock, log, stop, source: another({}), another };
  });
  afterEach(async () => {
    await bench?.github.close();
    bench = undefined;
  });
  return () => {
    if (bench === undefined) throw new Error("the bench is there during tests only");
    return bench;
  };
}

/** The coded error that `work` rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<CodedError> {
  try {
    await work;
  } catch (error) {
    if (isCodedError(error)) return error;
    throw error;
  }
  throw new Error("expected a coded error, but nothing was thrown");
}
