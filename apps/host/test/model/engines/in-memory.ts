import { EngineProxy } from "@molecule/test/support/engine-faults.js";
import { TEST_LABEL } from "@molecule/test/support/engine.js";
import { MemoryEngine } from "@molecule/test/support/memory-engine/memory-engine.js";
import Docker from "dockerode";
import type { ModelEngine } from "./model-engine.js";

const IMAGE = "agent:latest";

/** An engine in this process, which is fast enough for thousands of sequences. */
export async function inMemory(): Promise<ModelEngine> {
  let aheadMs = 0;
  const turn = (ms: number) => {
    aheadMs += ms;
  };
  const now = () => Date.now() + aheadMs;
  const engine = await MemoryEngine.start({ now });
  engine.addImage(IMAGE, () => undefined, ["PATH=/bin"]);
  const socketPath = engine.url.slice("unix://".length);
  const proxy = await EngineProxy.to(socketPath);
  return {
    proxy,
    docker: new Docker({ socketPath }),
    image: IMAGE,
    labels: { [TEST_LABEL]: "model" },
    datesVolumes: true,
    always: () => undefined,
    now,
    skip: turn,
    jump: turn,
    readFile: (containerId, path) => {
      const { Mounts } = engine.containers.inspect(containerId);
      const mount = Mounts.find(({ Destination }) => path.startsWith(`${Destination}/`));
      const files = mount === undefined ? undefined : engine.volumes.files(mount.Name);
      return Promise.resolve(files?.get(path.slice(mount?.Destination.length)) ?? null);
    },
    interrupt: () => {
      proxy.dropConnections();
      engine.containers.restartAll();
    },
    own: () => undefined,
    close: async () => {
      await proxy.close();
      await engine.close();
    },
  };
}
