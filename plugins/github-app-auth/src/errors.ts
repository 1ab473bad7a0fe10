import { defineErrors, formatFaults, type Fault } from "@molecule/core";

/** Every coded error of this plugin. What GitHub said goes to the log, not into these: workspaces see them. */
export const errors = defineErrors({
  GITHUB_APP_SETTINGS_INVALID: (d: { faults: readonly Fault[] }) =>
    `plugin "github-app-auth": ${d.faults.length} setting${d.faults.length === 1 ? " is" : "s are"} wrong:\n${formatFaults(d.faults)}`,
  GITHUB_APP_FILES_UNREADABLE: (d: { path: string; reason: string }) =>
    `plugin "github-app-auth": its file ${d.path} can't be read: ${d.reason}; install the package again`,
  GITHUB_APP_NOT_ACCEPTED: (d: { appId: string }) =>
    `plugin "github-app-auth": GitHub does not accept the key of app ${d.appId} (401); check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY_FILE belong together, that the key was not revoked, and this machine's clock`,
  GITHUB_APP_FORBIDDEN: (d: { installationId: string }) =>
    `plugin "github-app-auth": GitHub refuses a token for installation ${d.installationId} (403); check that the installation is not suspended and that the app's rate limit is not used up`,
  GITHUB_INSTALLATION_UNKNOWN: (d: { appId: string; installationId: string }) =>
    `plugin "github-app-auth": app ${d.appId} has no installation ${d.installationId} (404); take GITHUB_APP_INSTALLATION_ID from the address of the installation's page, and check GITHUB_API_URL`,
  GITHUB_TOKEN_SCOPE_REFUSED: (d: { installationId: string }) =>
    `plugin "github-app-auth": installation ${d.installationId} does not have what "repositories" or "permissions" of the plugin's config ask for (422); ask for less, or grant the installation more`,
  GITHUB_UNAVAILABLE: (d: { apiUrl: string; reason: string }) =>
    `plugin "github-app-auth": no token from ${d.apiUrl}: ${d.reason}; check GITHUB_API_URL and the network, or wait until GitHub is back`,
  GITHUB_NOT_ANSWERING: (d: { apiUrl: string; seconds: number }) =>
    `plugin "github-app-auth": no token from ${d.apiUrl} within ${d.seconds} s; check GITHUB_API_URL and the network, or wait until GitHub is back`,
  GITHUB_PLUGIN_STOPPED: () => `plugin "github-app-auth": it was disabled while a token was fetched`,
});
