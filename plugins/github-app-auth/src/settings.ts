import type { KeyObject } from "node:crypto";
import type { Fault } from "@molecule/core";
import { errors } from "./errors.js";
import { readPrivateKey } from "./private-key.js";
import { readUrls, type GithubUrls } from "./urls.js";

/** Which app, where. */
export interface AppSettings extends GithubUrls {
  readonly appId: string;
  readonly installationId: string;
  readonly privateKey: KeyObject;
}

/**
 * Reads the app from the host's environment.
 * @throws GITHUB_APP_SETTINGS_INVALID with everything that is wrong
 */
export async function readSettings(
  env: Readonly<Record<string, string | undefined>>,
  manifestDir: string,
): Promise<AppSettings> {
  const faults: Fault[] = [];
  const appId = readId("GITHUB_APP_ID", env, "the app's number, from its settings page", faults);
  const installationId = readId(
    "GITHUB_APP_INSTALLATION_ID",
    env,
    "the installation's number, from the address of its page",
    faults,
  );
  const privateKey = await readPrivateKey(env, manifestDir, faults);
  const urls = readUrls(env, faults);
  if (faults.length > 0 || privateKey === undefined || urls === undefined) {
    throw errors.GITHUB_APP_SETTINGS_INVALID({ faults });
  }
  return { appId, installationId, privateKey, ...urls };
}

function readId(
  variable: string,
  env: Readonly<Record<string, string | undefined>>,
  allowed: string,
  faults: Fault[],
): string {
  const id = env[variable]?.trim() ?? "";
  if (!/^[1-9][0-9]{0,18}$/.test(id)) {
    faults.push({ path: variable, found: id === "" ? "nothing" : JSON.stringify(id.slice(0, 80)), allowed });
  }
  return id;
}
