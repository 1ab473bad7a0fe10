import type { RegistryFault, SeenRequest } from "./registry-faults.js";

/** Who may use a registry. */
export interface RegistryAccount {
  readonly username: string;
  readonly password: string;
}

/** What a registry's proxy does with a request. */
export type RegistryDoor = (request: SeenRequest) => RegistryFault | undefined;

/** The `Authorization` of an account, as basic authentication has it. */
export function basicOf({ username, password }: RegistryAccount): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Docker's `config.json` after a login to one registry. */
export function dockerConfigOf(host: string, account: RegistryAccount): string {
  return JSON.stringify({ auths: { [host]: { auth: basicOf(account).slice("Basic ".length) } } });
}

/** Lets in who brings user and password with each request. */
export function wantsPassword(account: RegistryAccount): RegistryDoor {
  return ({ headers }) =>
    headers.authorization === basicOf(account) ? undefined : unauthorized('Basic realm="tests"');
}

/** Lets in who brings a token, which its token service on the same host gives for user and password. */
export function wantsToken(host: string, account: RegistryAccount): RegistryDoor {
  return ({ path, headers }) => {
    if (path.startsWith("/token?")) {
      return headers.authorization === basicOf(account)
        ? { kind: "answer", status: 200, body: JSON.stringify({ token: "the-token", expires_in: 300 }) }
        : { kind: "answer", status: 401 };
    }
    if (headers.authorization === "Bearer the-token") return undefined;
    return unauthorized(`Bearer realm="http://${host}/token",service="tests"`);
  };
}

function unauthorized(challenge: string): RegistryFault {
  return { kind: "answer", status: 401, headers: { "WWW-Authenticate": challenge } };
}
