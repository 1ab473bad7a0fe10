import { plantSecret } from "./secret-watch.js";
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
  plantSecret(password, "the password of a registry's account");
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

/** What the token service gives; used for nothing else, so that it is a leak wherever it comes out. */
const TOKEN = "token-of-the-registrys-service";

/** Lets in who brings a token, which its token service on the same host gives for user and password. */
export function wantsToken(host: string, account: RegistryAccount): RegistryDoor {
  plantSecret(TOKEN, "a registry's token");
  return ({ path, headers }) => {
    if (path.startsWith("/token?")) {
      return headers.authorization === basicOf(account)
        ? { kind: "answer", status: 200, body: JSON.stringify({ token: TOKEN, expires_in: 300 }) }
        : { kind: "answer", status: 401 };
    }
    if (headers.authorization === `Bearer ${TOKEN}`) return undefined;
    return unauthorized(`Bearer realm="http://${host}/token",service="tests"`);
  };
}

function unauthorized(challenge: string): RegistryFault {
  return { kind: "answer", status: 401, headers: { "WWW-Authenticate": challenge } };
}
