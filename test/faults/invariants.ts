import type Docker from "dockerode";
import { expect } from "chai";
import pg from "pg";
import type { RunningHost } from "../support/host.js";

/** What is looked at: the engine and the database themselves, and everything that the host has said. */
export interface Outside {
  readonly docker: Docker;
  readonly databaseUrl: string;
  readonly hosts: readonly Pick<RunningHost, "lines">[];
}

/** What must hold beside what can be read from engine and database. */
export interface Expectations {
  /** Ids of workspaces whose creation was answered with 201 and which nobody purged. */
  readonly accepted?: readonly string[];
  /** What {@link engineObjects} told of bystanders before the fault. */
  readonly untouched?: readonly string[];
  /** Texts that no output may hold. */
  readonly secrets?: readonly string[];
}

interface Row {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
  readonly tier: number;
  readonly handle: string | null;
  readonly workspace_dir: string | null;
}

const WORKSPACE = "molecule.workspace.id";
const INSTANCE = "molecule.platform.instance";

/**
 * The invariants that faults.md asks for after every fault, seen from outside. Call it when the workspaces have
 * settled, and, where some were removed, after two sweeps.
 */
export async function checkInvariants(outside: Outside, expected: Expectations = {}): Promise<void> {
  const { instanceId, rows } = await readDatabase(outside.databaseUrl);
  const live = rows.filter(({ status }) => status !== "removed");
  const liveIds = new Set(live.map(({ id }) => id));
  const filters = { label: [`${INSTANCE}=${instanceId}`, WORKSPACE] };
  const containers = await outside.docker.listContainers({ all: true, filters });
  const volumes = (await outside.docker.listVolumes({ filters })).Volumes;

  for (const { Id, Labels } of containers) {
    expect(liveIds.has(Labels[WORKSPACE] ?? ""), `container ${Id} belongs to a live workspace`).to.equal(
      true,
    );
  }
  for (const { Name, Labels } of volumes) {
    expect(liveIds.has(Labels[WORKSPACE] ?? ""), `volume ${Name} belongs to a live workspace`).to.equal(true);
  }
  for (const row of live) {
    expectContainers(
      row,
      containers.filter(({ Labels }) => Labels[WORKSPACE] === row.id),
    );
    expectVolumes(
      row,
      volumes.filter(({ Labels }) => Labels[WORKSPACE] === row.id),
    );
  }

  const known = new Set(rows.map(({ id }) => id));
  for (const id of expected.accepted ?? []) expect(known.has(id), `workspace ${id} is known`).to.equal(true);
  const there = await engineObjects(outside.docker, "all");
  for (const each of expected.untouched ?? [])
    expect(there, "objects that nobody may touch").to.include(each);
  const said = outside.hosts.flatMap(({ lines }) => lines.map(({ text }) => text)).join("\n");
  for (const secret of expected.secrets ?? []) {
    expect(said.includes(secret), "a secret shows in the output").to.equal(false);
  }
}

/** One container, of its attempt, for a workspace that is up; none that runs for one that is down. */
function expectContainers({ id, status, attempt }: Row, own: readonly Docker.ContainerInfo[]): void {
  const told = (each: Docker.ContainerInfo) =>
    `${each.State} ${each.Labels["molecule.workspace.attempt"] ?? "?"}`;
  const what = `containers of workspace ${id}, which is ${status}`;
  if (status === "online" || status === "degraded") {
    expect(own.map(told), what).to.deep.equal([`running ${attempt}`]);
  }
  if (status === "paused" || status === "failed") {
    const running = own.filter(({ State }) => State === "running" || State === "restarting");
    expect(running.map(told), what).to.deep.equal([]);
  }
}

/** Every volume (api.md §8) of a workspace that was once launched, whatever has become of its container. */
function expectVolumes({ id, handle, ...row }: Row, own: readonly Docker.VolumeInspectInfo[]): void {
  if (handle === null) return;
  const prefix = `ws-${id.slice(0, 12)}`;
  const due = [`${prefix}-configs`];
  if (row.tier > 1 && row.workspace_dir === null) due.push(`${prefix}-workspace`);
  expect(
    own.map(({ Name }) => Name),
    `volumes of workspace ${id}, which is ${row.status}`,
  ).to.include.members(due);
}

/**
 * Containers (with id and whether they run) and volumes (with their time of creation) as texts to compare: of some
 * workspaces, or all.
 */
export async function engineObjects(docker: Docker, of: readonly string[] | "all"): Promise<string[]> {
  const isAsked = (labels: Readonly<Record<string, string>> | null) =>
    of === "all" || of.includes(labels?.[WORKSPACE] ?? "");
  const containers = (await docker.listContainers({ all: true })).filter(({ Labels }) => isAsked(Labels));
  const listed: { readonly Volumes: readonly Docker.VolumeInspectInfo[] | null } = await docker.listVolumes();
  const volumes = (listed.Volumes ?? []).filter(({ Labels }) => isAsked(Labels));
  return [
    ...containers.map(({ Id, State }) => `container ${Id} ${State}`),
    ...volumes.map(
      (volume) => `volume ${volume.Name} ${"CreatedAt" in volume ? String(volume.CreatedAt) : ""}`,
    ),
  ].sort();
}

async function readDatabase(url: string): Promise<{ instanceId: string; rows: readonly Row[] }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const installation = await client.query<{ value: string }>(
      "select value from installation where key = 'instance_id'",
    );
    const { rows } = await client.query<Row>(
      "select id, status, attempt, tier, handle, workspace_dir from workspaces",
    );
    return { instanceId: installation.rows[0]?.value ?? "", rows };
  } finally {
    await client.end();
  }
}
