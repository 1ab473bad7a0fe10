import type { FindLogin, RegistryLogin } from "../../runtimes/docker/pull.js";
import type { Credentials, RegistryCredentials } from "./credentials.js";
import { parseReference } from "./reference.js";

/** Under which name Docker's engine knows Docker Hub's accounts. */
const HUB_ACCOUNTS = "https://index.docker.io/v1/";

/** The credentials for registries in the form in which the engine takes them for its pulls. */
export function engineLogins(credentials: RegistryCredentials): FindLogin {
  return async (image) => {
    const { registry } = parseReference(image);
    const found = await credentials.find(registry);
    return found === null ? null : loginOf(found, registry);
  };
}

function loginOf(found: Credentials, registry: string): RegistryLogin {
  const serveraddress = registry === "docker.io" ? HUB_ACCOUNTS : registry;
  return found.kind === "identity"
    ? { identitytoken: found.token, serveraddress }
    : { username: found.username, password: found.password, serveraddress };
}
