import type { EngineProxy, Fault, SeenRequest } from "@molecule/test/support/engine-faults.js";
import type Docker from "dockerode";

/** The engine below a world: what the model asks of it beyond the engine's own API, where faults are put in. */
export interface ModelEngine {
  /** What the host calls. */
  readonly proxy: EngineProxy;
  /** The same engine past the proxy: what is true. */
  readonly docker: Docker;
  /** Of containers that do nothing until they are stopped. */
  readonly image: string;
  /** Put on whatever is made by hand, so that it is found again. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it tells when a volume was made; a real one tells when something was last written to its folder. */
  readonly datesVolumes: boolean;
  /** What answers a call differently whatever else goes wrong; for engines that can't be told the time. */
  readonly always: (request: SeenRequest) => Fault | undefined;
  /** Its clock, ms since the epoch. */
  now(): number;
  /** As if `ms` had gone by. */
  skip(ms: number): void;
  /** Its clock is set. */
  jump(ms: number): void;
  /** The text of a file in a container, running or not; null when there is none. */
  readFile(containerId: string, path: string): Promise<string | null>;
  /** Cuts every call; with it, where nobody else uses the engine, it is stopped and started again. */
  interrupt(): void;
  /** What this installation makes is removed when the tests end. */
  own(instanceId: string): void;
  close(): Promise<void>;
}
