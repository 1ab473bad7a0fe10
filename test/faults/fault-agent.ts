import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { drain } from "../support/docker-streams.js";
import type { Engine } from "../support/engine.js";

/**
 * A tiny agent: registers with its token and sends heartbeats until it is stopped. With QUIET_ONCE it says nothing until
 * its workspace is started anew; with WAIT_FOR_WORD, until there is /workspace/word.
 */
const TALKING = `
trap 'exit 0' TERM
if [ -n "$QUIET_ONCE" ] && [ ! -e /workspace/was-quiet ]; then
  touch /workspace/was-quiet
  while :; do sleep 1 & wait $!; done
fi
if [ -n "$WAIT_FOR_WORD" ]; then
  until [ -e /workspace/word ]; do sleep 0.3; done
fi
token=$(cat /configs/.auth_token)
post() { wget -q -O /dev/null --header 'Content-Type: application/json' --header "Authorization: Bearer $token" --post-data "$2" "$PLATFORM_URL/registry/$1"; }
until post register "{\\"id\\":\\"$WORKSPACE_ID\\",\\"url\\":\\"http://localhost:8000\\",\\"agent_card\\":{\\"name\\":\\"probe\\"}}"; do sleep 0.3; done
while :; do post heartbeat "{\\"workspace_id\\":\\"$WORKSPACE_ID\\"}"; sleep 1 & wait $!; done
`;
/** An agent that never calls. */
const MUTE = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";
const AGENTS = { talking: TALKING, mute: MUTE } as const;

/** Builds an agent's image on busybox, of each kind only once, and answers its name. */
export async function buildAgent(engine: Engine, kind: keyof typeof AGENTS): Promise<string> {
  const image = `molecule-test/fault-agent-${kind}:${engine.runId.slice(0, 8)}`;
  const context = pack();
  context.entry(
    { name: "Dockerfile" },
    `FROM ${engine.busybox}\nCOPY agent.sh /agent.sh\nCMD ["sh", "/agent.sh"]\n`,
  );
  context.entry({ name: "agent.sh" }, AGENTS[kind]);
  context.finalize();
  await drain(await engine.docker.buildImage(Readable.from(context), { t: image, labels: engine.labels }));
  return image;
}
