import type { Clock, Logger, WorkspaceTemplate } from "@molecule/core";
import type { HostConfig } from "../config/config.js";
import { EngineClient } from "../runtimes/docker/client.js";
import { readEndpoint } from "../runtimes/docker/endpoint.js";
import { ImageDigestStore } from "../storage/image-digest-store.js";
import { PulledImageStore } from "../storage/pulled-image-store.js";
import type { Storage } from "../storage/storage.js";
import { EngineImages } from "./engine-images.js";
import { ImageChecks } from "./image-check.js";
import { ImageEvents } from "./image-events.js";
import { ImagePuller } from "./image-puller.js";
import { ImageRefresh } from "./image-refresh.js";
import { ImageService } from "./image-service.js";
import { OldImages } from "./old-images.js";
import { Authenticator } from "./registry/authenticator.js";
import type { RegistryCredentials } from "./registry/credentials.js";
import { engineLogins } from "./registry/engine-logins.js";
import { PatientHttp } from "./registry/patient-http.js";
import { RegistryClient } from "./registry/registry-client.js";
import { RolloutTracker } from "./rollout-tracker.js";
import type { Rollouts } from "./rollouts.js";

/** What the image service is made from. */
export interface ImageInputs {
  readonly config: Pick<HostConfig, "docker" | "images">;
  readonly storage: Pick<Storage, "database" | "events" | "instanceId" | "hostId">;
  readonly templates: readonly WorkspaceTemplate[];
  /** Null: images are pulled, and no workspace is replaced. */
  readonly rollouts: Rollouts | null;
  readonly credentials: RegistryCredentials;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The image service of an installation on a container engine, and how it ends. */
export interface ImageServices {
  readonly images: ImageService;
  close(): Promise<void>;
}

/**
 * Wires the image service.
 * @throws IMAGE_REFERENCE_INVALID, DOCKER_HOST_REFUSED, DOCKER_CERTIFICATES_UNREADABLE
 */
export function createImageServices(inputs: ImageInputs): ImageServices {
  const { config, storage, templates, rollouts, credentials, clock, log, random } = inputs;
  const { db } = storage.database;
  const client = new EngineClient(
    readEndpoint({
      DOCKER_HOST: config.docker.host,
      DOCKER_TLS_VERIFY: config.docker.tlsVerify,
      DOCKER_CERT_PATH: config.docker.certPath,
    }),
    clock,
  );
  const engine = new EngineImages(
    { engine: client, findLogin: engineLogins(credentials) },
    storage.instanceId,
  );
  const registry = createRegistryClient({ credentials, clock, random });
  const digests = new ImageDigestStore({ db });
  const pulled = new PulledImageStore({ db, hostId: storage.hostId });
  const events = new ImageEvents(storage.events);
  const puller = new ImagePuller({ engine, pulled, events, clock });
  const tracker = new RolloutTracker({ rollouts, digests, events, log });
  const parts = { registry, engine, digests, puller, tracker, rollouts };
  const images = new ImageService({
    templates,
    checks: new ImageChecks(parts),
    refresh: new ImageRefresh(parts),
    oldImages: new OldImages({ engine, digests, pulled, rollouts, events }, config.images.keepDays),
    tracker,
    digests,
    rollouts,
    log,
    now: () => clock.now(),
  });
  return {
    images,
    close: async () => {
      await images.stop();
      client.close();
    },
  };
}

/** A client of OCI registries. */
function createRegistryClient(services: {
  readonly credentials: RegistryCredentials;
  readonly clock: Clock;
  readonly random: () => number;
}): RegistryClient {
  const { credentials, clock, random } = services;
  const http = new PatientHttp({ clock, random });
  return new RegistryClient({ http, authenticator: new Authenticator({ http, credentials, clock }) });
}
