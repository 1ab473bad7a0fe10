import { expect } from "chai";
import { compare } from "../compare.js";
import type { Model, ModelWorkspace } from "../model.js";
import type { Answer, World } from "../world.js";
import { OnWorkspace } from "./command.js";

/** How an agent makes itself heard. */
export type Sign = "register" | "heartbeat";

/** Statuses in which an attempt's token is worth nothing. */
const REVOKED = ["failed", "paused"];

/** An agent's call. */
export async function signOfLife(
  world: World,
  sign: Sign,
  workspaceId: string,
  token: string,
  errorRate = 0,
): Promise<Answer> {
  return sign === "register"
    ? await world.api(
        "POST",
        "/registry/register",
        { id: workspaceId, url: "http://localhost:8000", agent_card: { name: "Model" } },
        token,
      )
    : await world.api(
        "POST",
        "/registry/heartbeat",
        { workspace_id: workspaceId, error_rate: errorRate },
        token,
      );
}

/** The agent of the current attempt registers. */
export class Register extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const { id, token, status } = workspace;
    if (token === null) return;
    const answer = await signOfLife(world, "register", id, token);
    const isRefused = REVOKED.includes(status);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(isRefused ? 401 : 200);
    const becomesOnline = status === "provisioning" || status === "offline";
    await compare(model, world, new Map([[workspace, [becomesOnline ? "online" : status]]]));
  }
}

/** It sends a heartbeat. */
export class Heartbeat extends OnWorkspace {
  readonly #errorRate: number;

  constructor(pick: number, errorRate: number) {
    super(pick);
    this.#errorRate = errorRate;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const { id, token, status } = workspace;
    if (token === null) return;
    const answer = await signOfLife(world, "heartbeat", id, token, this.#errorRate);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(REVOKED.includes(status) ? 401 : 200);
    await compare(model, world, new Map([[workspace, [this.#next(status)]]]));
  }

  #next(status: string): string {
    if (status === "provisioning" || status === "offline") return "online";
    if (status === "online" && this.#errorRate >= 0.5) return "degraded";
    if (status === "degraded" && this.#errorRate < 0.1) return "online";
    return status;
  }

  protected override details(): string {
    return `error rate ${this.#errorRate}`;
  }
}

/** Agents of earlier attempts, which nobody has told that they are superseded. */
export class SpeakForThePast extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    for (const token of workspace.staleTokens) {
      for (const sign of ["register", "heartbeat"] as const) {
        expect((await signOfLife(world, sign, workspace.id, token)).status, sign).to.equal(401);
      }
    }
    await compare(model, world);
  }
}
