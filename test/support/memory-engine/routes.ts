import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { compileSchema, Type, type Static, type TSchema } from "@molecule/core";
import { extract } from "tar-stream";
import { CreateSchema, type MemoryContainers } from "./containers.js";
import { parseFilters, type Labels } from "./filters.js";
import type { MemoryImages } from "./images.js";
import { Refusal } from "./refusal.js";
import type { MemoryVolumes } from "./volumes.js";

/** What the engine knows. */
export interface EngineState {
  readonly containers: MemoryContainers;
  readonly volumes: MemoryVolumes;
  readonly networks: Map<string, { readonly id: string; readonly labels: Labels }>;
  readonly images: MemoryImages;
  /** Its clock, ms since the epoch. */
  readonly now: () => number;
}

/** A call, taken apart. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly searchParams: URLSearchParams;
  readonly body: Buffer;
}

/** What the engine answers: JSON, unless the body is a text. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

type Handler = (state: EngineState, call: Call, part: string) => Answer | Promise<Answer>;

const readCreate = reader(CreateSchema);
const readNamed = reader(
  Type.Object({
    Name: Type.String(),
    Labels: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
);

/** Method and path, whose group is handed to the handler. */
const ROUTES: readonly (readonly [string, RegExp, Handler])[] = [
  ["GET", /^\/_ping()$/, () => ({ status: 200, body: "OK" })],
  [
    "GET",
    /^\/info()$/,
    ({ now }) => ({ status: 200, body: { NCPU: 4, SystemTime: new Date(now()).toISOString() } }),
  ],
  [
    "GET",
    /^\/version()$/,
    () => ({
      status: 200,
      body: { Version: "memory", ApiVersion: "1.44", MinAPIVersion: "1.24", Os: "linux", Arch: "amd64" },
    }),
  ],

  [
    "GET",
    /^\/containers\/json()$/,
    ({ containers }, { searchParams }) => ({
      status: 200,
      body: containers.list(labelFilter(searchParams), isTrue(searchParams, "all")),
    }),
  ],
  [
    "POST",
    /^\/containers\/create()$/,
    ({ containers }, { searchParams, body }) => ({
      status: 201,
      body: containers.create(searchParams.get("name") ?? randomBytes(8).toString("hex"), readCreate(body)),
    }),
  ],
  [
    "GET",
    /^\/containers\/([^/]+)\/json$/,
    ({ containers }, _, id) => ({ status: 200, body: containers.inspect(id) }),
  ],
  ["POST", /^\/containers\/([^/]+)\/start$/, ({ containers }, _, id) => done(() => containers.start(id))],
  ["POST", /^\/containers\/([^/]+)\/stop$/, ({ containers }, _, id) => done(() => containers.stop(id))],
  ["POST", /^\/containers\/([^/]+)\/kill$/, ({ containers }, _, id) => done(() => containers.kill(id))],
  [
    "POST",
    /^\/containers\/([^/]+)\/rename$/,
    ({ containers }, { searchParams }, id) =>
      done(() => containers.rename(id, searchParams.get("name") ?? "")),
  ],
  [
    "DELETE",
    /^\/containers\/([^/]+)$/,
    ({ containers }, { searchParams }, id) =>
      done(() => containers.remove(id, isTrue(searchParams, "force"))),
  ],
  [
    "PUT",
    /^\/containers\/([^/]+)\/archive$/,
    async ({ containers }, { searchParams, body }, id) => {
      containers.putFiles(id, await unpack(body, searchParams.get("path") ?? "/"));
      return { status: 200 };
    },
  ],
  [
    "GET",
    /^\/containers\/([^/]+)\/logs$/,
    ({ containers }, _, id) => ({ status: 200, body: containers.log(id) }),
  ],

  [
    "GET",
    /^\/volumes()$/,
    ({ volumes }, { searchParams }) => ({
      status: 200,
      body: { Volumes: volumes.list(labelFilter(searchParams)), Warnings: null },
    }),
  ],
  [
    "POST",
    /^\/volumes\/create()$/,
    ({ volumes }, { body }) => {
      const { Name, Labels: labels = {} } = readNamed(body);
      return { status: 201, body: volumes.create(Name, labels) };
    },
  ],
  ["GET", /^\/volumes\/([^/]+)$/, ({ volumes }, _, name) => ({ status: 200, body: volumes.inspect(name) })],
  ["DELETE", /^\/volumes\/([^/]+)$/, ({ volumes }, _, name) => done(() => volumes.remove(name))],

  [
    "GET",
    /^\/networks()$/,
    ({ networks }, { searchParams }) => ({
      status: 200,
      body: [...networks]
        .filter(([name]) =>
          (parseFilters(searchParams.get("filters")).name ?? [name]).some((part) => name.includes(part)),
        )
        .map(([Name, { id, labels }]) => ({ Name, Id: id, Labels: labels })),
    }),
  ],
  [
    "POST",
    /^\/networks\/create()$/,
    ({ networks }, { body }) => {
      const { Name, Labels: labels = {} } = readNamed(body);
      if (networks.has(Name)) throw new Refusal(409, `network with name ${Name} already exists`);
      const id = randomBytes(32).toString("hex");
      networks.set(Name, { id, labels });
      return { status: 201, body: { Id: id, Warning: "" } };
    },
  ],

  ["GET", /^\/images\/(.+)\/json$/, ({ images }, _, name) => ({ status: 200, body: images.inspect(name) })],
  [
    "POST",
    /^\/images\/(.+)\/tag$/,
    ({ images }, { searchParams }, name) => {
      images.tag(name, `${searchParams.get("repo") ?? ""}:${searchParams.get("tag") ?? "latest"}`);
      return { status: 201 };
    },
  ],
  ["DELETE", /^\/images\/(.+)$/, ({ images }, _, name) => ({ status: 200, body: images.remove(name) })],
];

/** @throws Refusal what a real engine would refuse */
export async function answer(state: EngineState, call: Call): Promise<Answer> {
  for (const [method, pattern, handler] of ROUTES) {
    const found = method === call.method ? pattern.exec(call.path) : null;
    if (found !== null) return await handler(state, call, decodeURIComponent(found[1] ?? ""));
  }
  throw new Refusal(404, `page not found: ${call.method} ${call.path}`);
}

function done(work: () => void): Answer {
  work();
  return { status: 204 };
}

function isTrue(query: URLSearchParams, name: string): boolean {
  return ["1", "true"].includes(query.get(name) ?? "");
}

function labelFilter(query: URLSearchParams): readonly string[] {
  return parseFilters(query.get("filters")).label ?? [];
}

/** Reads a body by a schema, which is compiled once. */
function reader<Schema extends TSchema>(schema: Schema): (body: Buffer) => Static<Schema> {
  const check = compileSchema(schema);
  return (body) => {
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    const checked = check(parsed);
    if (!checked.ok) throw new Refusal(400, `bad parameter: ${JSON.stringify(checked.faults)}`);
    return checked.value;
  };
}

async function unpack(archive: Buffer, folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const entries = Readable.from([archive]).pipe(extract());
  for await (const entry of entries) {
    const content = await text(entry);
    if (entry.header.type === "file") {
      files.set(`${folder.replace(/\/$/, "")}/${entry.header.name.replace(/^\.?\//, "")}`, content);
    }
  }
  return files;
}
