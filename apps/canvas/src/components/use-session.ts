import { createContext, useContext, useSyncExternalStore } from "react";
import type { Session } from "../state/session.js";
import type { State, Workspace } from "../state/state.js";

/** Gives the session to everything below. */
export const SessionContext = createContext<Session | null>(null);

/** The page's session. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("no SessionContext around this component");
  return session;
}

/** A part of the page's state; draws anew when it is another one. `select` must not make new objects. */
export function useSelected<T>(select: (state: State) => T): T {
  const { store } = useSession();
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

const NONE: ReadonlyMap<string, Workspace> = new Map();

/** All workspaces by id; none before the list was read. */
export function useWorkspaces(): ReadonlyMap<string, Workspace> {
  return useSelected((state) => state.workspaces) ?? NONE;
}
