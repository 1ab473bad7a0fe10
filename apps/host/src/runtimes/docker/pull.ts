import type { EngineClient } from "./client.js";
import { refusalOf } from "./engine-errors.js";
import { drainProgress, type LayerProgress, type StreamFailure } from "./progress.js";

/** What proves to a registry who pulls, as the engine takes it (Docker API, `AuthConfig`). */
export type RegistryLogin =
  | { readonly username: string; readonly password: string; readonly serveraddress: string }
  | { readonly identitytoken: string; readonly serveraddress: string };

/**
 * The login for the registry of an image; null where there is none.
 * @throws IMAGE_REFERENCE_INVALID
 */
export type FindLogin = (image: string) => Promise<RegistryLogin | null>;

/** What pulls are made with. */
export interface PullServices {
  readonly engine: EngineClient;
  readonly findLogin: FindLogin;
}

/**
 * Lets the engine pull an image, and reads to the end what it tells of that; with the login that its registry wants.
 * @returns why it failed, also where the engine refused before its stream began; null when it did not
 * @throws those of {@link EngineClient.stream} and {@link FindLogin}
 */
export async function pullImage(
  { engine, findLogin }: PullServices,
  image: string,
  signal: AbortSignal,
  onLayer: (progress: LayerProgress) => void = () => undefined,
): Promise<StreamFailure> {
  const login = (await findLogin(image)) ?? {};
  return await engine
    .stream(`pull the image ${image}`, signal, async (docker, abortSignal) =>
      drainProgress(await docker.createImage(login, { fromImage: image, abortSignal }), { onLayer }),
    )
    .catch(refusedOr);
}

/** An engine that refuses a pull or build before its stream begins has failed it as much as one that does later. */
export function refusedOr(error: unknown): StreamFailure {
  const refusal = refusalOf(error);
  if (refusal === null) throw error;
  return refusal;
}
