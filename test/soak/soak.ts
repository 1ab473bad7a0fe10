import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "@molecule/core";
import { buildDemoImage } from "../e2e/demo-image.js";
import { checkInvariants } from "../faults/invariants.js";
import { ownEngineOrReason, type OwnEngine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { startHost, type RunningHost } from "../support/host.js";
import { postgresOrReason } from "../support/postgres.js";
import { tempDir } from "../support/temp.js";
import { Fleet } from "./fleet.js";
import { Keepsakes } from "./keepsakes.js";
import { seededRandom } from "./random.js";
import { render, type Tally } from "./summary.js";

/** How a soak is run. */
export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
}

/** Ms between two rounds of kills. */
const KILL_EVERY_MS = 60_000;
/** Ms into a round by which host and engine are both killed: either first, or one while the other is away. */
const KILL_WITHIN_MS = 10_000;
/** Ms that a killed engine stays away. */
const ENGINE_AWAY_MS = 3_000;
/** Clients that act at a time. */
const CLIENTS = 3;
/** Ms that the platform has to come to rest when everything is well again: two rounds of every sweep and their back-offs. */
const SETTLE_MS = 240_000;

/** A host on an engine of its own under random load, with its engine and itself killed every minute. */
export class Soak {
  readonly #options: SoakOptions;
  readonly #tell: (line: string) => void;
  readonly #random: () => number;
  readonly #tally: Tally = {
    actions: new Map(),
    refused: new Map(),
    unanswered: 0,
    hostKills: 0,
    engineKills: 0,
  };
  /** Every host that ran: a killed one has said things too. */
  readonly #hosts: RunningHost[] = [];

  constructor(options: SoakOptions, tell: (line: string) => void) {
    this.#options = options;
    this.#tell = tell;
    this.#random = seededRandom(options.seed);
  }

  /** @throws Error where this machine has no engine or no Postgres server to offer */
  async run(): Promise<{ agrees: boolean; summary: string }> {
    const engine = orThrow(await ownEngineOrReason(), "a container engine");
    const postgres = orThrow(await postgresOrReason(), "a Postgres server");
    const database = await postgres.freshDatabase();
    await buildDemoImage(engine);
    const dataDir = await tempDir("soak-");
    const start = async () => {
      const host = await startHost({
        dev: true,
        dataDir,
        env: { ...engine.env, DATABASE_URL: database.url, CONTAINER_RUNTIME: "docker" },
      });
      this.#hosts.push(host);
      return host;
    };
    let host = await start();
    const fleet = new Fleet(() => host, this.#random, this.#tally);
    const keepsakes = new Keepsakes(engine);
    const until = performance.now() + this.#options.minutes * 60_000;
    const clients = Promise.all([
      keepsakes.giveUntil(until),
      ...Array.from({ length: CLIENTS }, () => fleet.actUntil(until)),
    ]);
    const restartHost = async () => {
      await pause(this.#random() * KILL_WITHIN_MS);
      await host.kill();
      this.#tally.hostKills += 1;
      host = await start();
    };
    for (let round = 1, at = performance.now(); (at += KILL_EVERY_MS) < until; round += 1) {
      await pause(at - performance.now());
      this.#tell(`minute ${round}: host and engine are killed; ${fleet.told()}`);
      await Promise.all([restartHost(), this.#restartEngine(engine)]);
    }
    await clients;
    this.#tell("the load has ended; waiting until engine and database agree");
    const started = performance.now();
    const disagreement = await this.#disagreement(engine, database.url, fleet);
    const settledMs = performance.now() - started;
    const { readBack, loss } = await this.#loss(keepsakes, fleet);
    const fault = disagreement ?? loss;
    const statuses = await fleet.statuses();
    const exitCode = await host.stop();
    await database.drop();
    const agrees = fault === null && exitCode === 0;
    return {
      agrees,
      summary: render({
        ...this.#options,
        tally: this.#tally,
        statuses,
        keepsakes: { given: keepsakes.given, readBack },
        settledMs,
        exitCode,
        fault,
      }),
    };
  }

  async #restartEngine(engine: OwnEngine): Promise<void> {
    await pause(this.#random() * KILL_WITHIN_MS);
    await engine.kill();
    this.#tally.engineKills += 1;
    await pause(ENGINE_AWAY_MS);
    await engine.start();
  }

  /** @returns what engine and database do not agree on in the end, or null */
  async #disagreement(engine: OwnEngine, databaseUrl: string, fleet: Fleet): Promise<string | null> {
    const outside = { docker: engine.docker, databaseUrl, hosts: this.#hosts };
    try {
      await eventually(
        async () => {
          await fleet.expectAtRest();
          await checkInvariants(outside, { accepted: fleet.accepted });
          return true;
        },
        { what: "engine and database agree", timeoutMs: SETTLE_MS, intervalMs: 1_000 },
      );
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** What of the files in live workspaces is lost; a soak that read none back has proven nothing of them. */
  async #loss(keepsakes: Keepsakes, fleet: Fleet): Promise<{ readBack: number; loss: string | null }> {
    try {
      const readBack = await keepsakes.readBack(await fleet.present());
      return { readBack, loss: readBack === 0 ? "no workspace is left that a file was put into" : null };
    } catch (error) {
      return { readBack: 0, loss: messageOf(error) };
    }
  }
}

function orThrow<T>(found: T | string, what: string): T {
  if (typeof found === "string") throw new Error(`the soak needs ${what}: ${found}`);
  return found;
}
