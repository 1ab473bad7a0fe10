/** What the model knows of a workspace. */
export interface ModelWorkspace {
  readonly id: string;
  readonly parent: ModelWorkspace | null;
  status: string;
  attempt: number;
  token: string | null;
  /** Where its agent is called, as its row says. */
  url: string;
  /** Tokens of earlier attempts, which must be worth nothing. */
  readonly staleTokens: string[];
  /** Whether the current attempt's container was killed. */
  crashed: boolean;
  /** Whether the provision that is under way has had its time. */
  overdue: boolean;
  /** The volumes that it has, which it keeps as long as it lives. */
  volumes: ReadonlySet<string>;
}

/** A workspace's objects in the engine, of which there is no row. */
export interface ModelOrphan {
  readonly workspaceId: string;
  /** When its age began, in ms by the clock that nobody sets. */
  readonly bornAt: number;
  /** Whether a pass has seen it. */
  seen: boolean;
}

/** What the platform is believed to be like. */
export interface Model {
  readonly workspaces: ModelWorkspace[];
  orphans: readonly ModelOrphan[];
  /** Whether the engine fails now. */
  faulty: boolean;
  /** Whether the engine takes its time now. */
  slow: boolean;
  /** Whether something may be left of a fault, or of a leak made by hand, which a round of sweeps has to set right. */
  unswept: boolean;
}

/** Statuses that a command allows, by workspace; all others keep theirs. */
export type Expected = ReadonlyMap<ModelWorkspace, readonly string[]>;

export function newModel(): Model {
  return { workspaces: [], orphans: [], faulty: false, slow: false, unswept: false };
}

export function living(model: Model): ModelWorkspace[] {
  return model.workspaces.filter(({ status }) => status !== "removed");
}

/** The workspace and all below it that are not removed, itself first. */
export function subtree(model: Model, root: ModelWorkspace): ModelWorkspace[] {
  const below = living(model).filter(({ parent }) => parent === root);
  return [root, ...below.flatMap((child) => subtree(model, child))];
}
