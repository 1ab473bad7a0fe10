/** How an agent that runs elsewhere connects; api.md §6. */
export interface ExternalConnection {
  readonly workspace_id: string;
  readonly platform_url: string;
  readonly auth_token: string;
  readonly registry_endpoint: string;
  readonly heartbeat_endpoint: string;
  /** A command to run on the agent's machine, with `<AGENT_URL>` to fill in. */
  readonly curl_register_template: string;
}

/** Tells an external agent's operator all that is needed to connect it. */
export function externalConnection(
  workspaceId: string,
  platformUrl: string,
  token: string,
): ExternalConnection {
  const registry = `${platformUrl}/registry/register`;
  const body = JSON.stringify({ id: workspaceId, url: "<AGENT_URL>", agent_card: { name: "<AGENT_NAME>" } });
  return {
    workspace_id: workspaceId,
    platform_url: platformUrl,
    auth_token: token,
    registry_endpoint: registry,
    heartbeat_endpoint: `${platformUrl}/registry/heartbeat`,
    curl_register_template: `curl -X POST ${registry} -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '${body}'`,
  };
}
