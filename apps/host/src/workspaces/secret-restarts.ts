import { messageOf, type Cancel, type Clock, type Logger } from "@molecule/core";
import { sql } from "kysely";
import type { Executor } from "../storage/schema.js";
import type { WorkspaceRestart } from "./restart.js";

/** Ms without a further change after which the workspaces concerned are restarted. */
const QUIET_MS = 500;
/** Ms after which they are, however fast changes follow on each other. */
const LONGEST_MS = 5_000;

/** What restarting after changes works with. */
export interface SecretRestartServices {
  readonly db: Executor;
  readonly restart: Pick<WorkspaceRestart, "restart">;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Restarts the workspaces that changed secrets concern, once for changes that follow on each other, after those who
 * made them have their answer. A paused, external or removed workspace gets them when it next starts.
 */
export class SecretRestarts {
  readonly #services: SecretRestartServices;
  readonly #workspaces = new Set<string>();
  readonly #globalKeys = new Set<string>();
  #firstAt = 0;
  #cancel: Cancel | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(services: SecretRestartServices) {
    this.#services = services;
  }

  /** Something that a workspace boots with has changed. */
  workspaceChanged(workspaceId: string): void {
    this.#workspaces.add(workspaceId);
    this.#schedule();
  }

  /** A secret of all workspaces has changed. */
  globalChanged(key: string): void {
    this.#globalKeys.add(key);
    this.#schedule();
  }

  /** Does what is due at once, and resolves when it is done: the next boot goes on with the provisions. */
  async stop(): Promise<void> {
    if (this.#cancel !== null) this.#flush();
    await this.#running;
  }

  #schedule(): void {
    const { clock } = this.#services;
    const now = clock.monotonic();
    if (this.#cancel === null) this.#firstAt = now;
    this.#cancel?.();
    const wait = Math.max(0, Math.min(QUIET_MS, this.#firstAt + LONGEST_MS - now));
    this.#cancel = clock.timer(() => {
      this.#flush();
    }, wait);
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const workspaces = [...this.#workspaces];
    const globalKeys = [...this.#globalKeys];
    this.#workspaces.clear();
    this.#globalKeys.clear();
    this.#running = this.#running.then(() => this.#restartAll(workspaces, globalKeys));
  }

  /** Never rejects. */
  async #restartAll(workspaces: readonly string[], globalKeys: readonly string[]): Promise<void> {
    const { restart, log } = this.#services;
    try {
      const ids = await this.#concerned(workspaces, globalKeys);
      for (const id of ids) {
        try {
          await restart.restart(id);
        } catch (error) {
          log.warn(`a workspace could not be restarted after its secrets changed: ${messageOf(error)}`, {
            workspaceId: id,
          });
        }
      }
      if (ids.length > 0) log.info("secrets changed, workspaces restarted", { workspaces: ids.length });
    } catch (error) {
      log.error(`secrets changed, but the workspaces concerned could not be found: ${messageOf(error)}`, {
        workspaces,
        global_keys: globalKeys,
      });
    }
  }

  /**
   * Those that may be restarted of the workspaces named, and those that run with one of the global keys, which none of
   * their own secrets hides. A failed one is among the first only: there the new secret may be what it was missing.
   */
  async #concerned(workspaces: readonly string[], globalKeys: readonly string[]): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select w.id from workspaces w
      where not w.external and (
        (w.id = any(${workspaces}::uuid[])
          and w.status in ('provisioning', 'online', 'degraded', 'offline', 'failed'))
        or (w.status in ('provisioning', 'online', 'degraded') and exists (
          select 1 from unnest(${globalKeys}::text[]) as changed (key)
          where not exists (
            select 1 from secrets s where s.workspace_id = w.id and s.key = changed.key)))
      )
      order by w.created_at, w.id`.execute(this.#services.db);
    return rows.map(({ id }) => id);
  }
}
