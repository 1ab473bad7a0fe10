import { defineErrors } from "@molecule/core";

/** Errors of the container runtimes. */
export const runtimeErrors = defineErrors({
  NO_CONTAINER_RUNTIME: (_: object) => "no container runtime is available on this platform instance",
  TEMPLATE_INCOMPLETE: (d: { template: string; field: "image" | "command" | "build"; runtime: string }) =>
    `the workspace template "${d.template}" has no ${d.field}, which the container runtime "${d.runtime}" needs; add workspace_templates[].${d.field} in manifest.json, or set CONTAINER_RUNTIME to another one`,
  ATTEMPT_ALREADY_STARTED: (d: { workspaceId: string; attempt: number; found: number }) =>
    `attempt ${d.attempt} of workspace ${d.workspaceId} is not launched: attempt ${d.found} has been started already; restart the workspace for a new attempt`,
  LAUNCH_FILE_REFUSED: (d: { path: string; reason: string }) =>
    `the launch file ${JSON.stringify(d.path)} is refused: ${d.reason}`,
  WORKSPACE_ID_REFUSED: (d: { found: string }) =>
    `workspace id: found ${JSON.stringify(d.found)}, allowed: a UUID, since it names a folder`,
  WORKSPACE_DIR_UNUSABLE: (d: { path: string; reason: string }) =>
    `workspace_dir ${JSON.stringify(d.path)} can't be used: ${d.reason}; give a folder that is there, or none`,

  DOCKER_HOST_REFUSED: (d: { found: string; reason: string }) =>
    `DOCKER_HOST: found ${JSON.stringify(d.found)}: ${d.reason}, allowed: unix:///path, npipe:////./pipe/name, or tcp://host:port (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH for TLS)`,
  DOCKER_CERTIFICATES_UNREADABLE: (d: { path: string; reason: string }) =>
    `DOCKER_CERT_PATH: ${d.path} can't be read: ${d.reason}; put ca.pem, cert.pem and key.pem there, or unset DOCKER_TLS_VERIFY and DOCKER_CERT_PATH for a connection without TLS`,
  ENGINE_UNREACHABLE: (d: { action: string; address: string; reason: string }) =>
    `the Docker engine at ${d.address} can't be reached to ${d.action}: ${d.reason}; check that it runs and that DOCKER_HOST is right`,
  ENGINE_NOT_ANSWERING: (d: { action: string; address: string; timeoutMs: number }) =>
    `the Docker engine at ${d.address} did not ${d.action} within ${d.timeoutMs} ms; check its load and its log`,
  ENGINE_REFUSED: (d: { action: string; status: number; reason: string }) =>
    `the Docker engine refused to ${d.action} (HTTP ${d.status}): ${d.reason}`,
  ENGINE_TOO_NEW: (d: { found: string; allowed: string }) =>
    `the Docker engine's oldest API version is ${d.found}, allowed: ${d.allowed} or older; update this platform, or use an older engine`,
  ENGINE_CLOSED: (d: { action: string }) => `can't ${d.action}: the container runtime is stopping`,
  CONTAINER_NAME_TAKEN: (d: { name: string; workspaceId: string }) =>
    `workspace ${d.workspaceId} needs the container name ${d.name}, but a container that this installation did not make for it has that name and is left alone; rename or remove it, then restart the workspace`,
  VOLUME_NAME_TAKEN: (d: { name: string; workspaceId: string }) =>
    `workspace ${d.workspaceId} needs the volume name ${d.name}, but a volume that this installation did not make for it has that name and is left alone; copy what it holds and remove it, then restart the workspace`,
  VOLUME_IN_USE: (d: { names: readonly string[]; workspaceId: string }) =>
    `the storage of workspace ${d.workspaceId} is in use and was kept: ${d.names.join(", ")}; stop what uses it and try again`,
  OBJECT_NOT_OURS: (d: { kind: "container" | "volume"; id: string }) =>
    `the ${d.kind} ${d.id} is not one that this installation made for a workspace, and is left alone; remove it with the engine's own tools if nobody needs it`,
  IMAGE_PULL_FAILED: (d: { image: string; reason: string }) =>
    `the image ${d.image} could not be pulled: ${d.reason}; check the name in manifest.json, the registry and its credentials, then restart the workspace`,
  IMAGE_BUILD_FAILED: (d: { image: string; context: string; reason: string }) =>
    `the image ${d.image} could not be built from ${d.context}: ${d.reason}; repair the build, then restart the workspace`,

  PROCESS_RUNTIME_UNSUPPORTED: (d: { platform: string }) =>
    `CONTAINER_RUNTIME=process does not work on ${d.platform}: it needs POSIX process groups and /bin/sh; use docker there`,
  COMMAND_NOT_FOUND: (d: { template: string; program: string }) =>
    `the program ${JSON.stringify(d.program)} of the workspace template "${d.template}" is not there or may not be executed; install it or correct workspace_templates[].command in manifest.json`,
  COMMAND_NOT_STARTED: (d: { template: string; reason: string }) =>
    `the command of the workspace template "${d.template}" could not be started: ${d.reason}`,
  WORKSPACE_FOLDER_UNUSABLE: (d: { workspaceId: string; reason: string }) =>
    `the folder of workspace ${d.workspaceId} can't be prepared: ${d.reason}; check the space and the permissions of MOLECULE_DATA_DIR`,
});
