import { Fields } from "./fields.js";

/** Body of POST /workspaces as the page sends it; what is absent is left to the host's defaults. */
export interface NewWorkspace {
  readonly name: string;
  readonly role?: string;
  readonly runtime: string;
  /** 1 to 4. */
  readonly tier?: number;
  readonly parent_id?: string;
}

/** How an agent that runs elsewhere is connected; told once. */
export interface ExternalConnection {
  readonly registerCommand: string;
}

/** Answer of POST /workspaces. */
export interface CreatedWorkspace {
  readonly id: string;
  /** Only for an external workspace that awaits its agent. */
  readonly connection: ExternalConnection | null;
}

/** @throws ApiError `malformed` */
export function readCreatedWorkspace(value: unknown): CreatedWorkspace {
  const fields = new Fields(value, "created workspace");
  return {
    id: fields.string("id"),
    connection: fields.objectOrNull("connection", (connection, what) => ({
      registerCommand: new Fields(connection, what).string("curl_register_template"),
    })),
  };
}

/** A child that keeps a workspace from being deleted without a further yes. */
export interface Child {
  readonly id: string;
  readonly name: string;
}

/** The children in the body of a 409 of DELETE /workspaces/:id (api.md §7). @throws ApiError `malformed` */
export function readChildren(body: unknown): Child[] {
  return new Fields(body, "confirmation").list("children", (child, what) => {
    const fields = new Fields(child, what);
    return { id: fields.string("id"), name: fields.string("name") };
  });
}
