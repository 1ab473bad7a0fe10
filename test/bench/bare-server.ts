// What any host must at least do: open the database, ask it once, and answer over Koa.
import { once } from "node:events";
import { createServer } from "node:http";
import Koa from "koa";
import pg from "pg";

const [, , database = ""] = process.argv;

const pool = database.includes("://")
  ? new pg.Pool({ connectionString: database })
  : await embedded(database);
await pool.query("select 1");

const app = new Koa();
app.use((ctx) => {
  ctx.body = { status: "ok" };
});
const server = createServer((request, response) => void app.callback()(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
process.stdout.write(`${typeof address === "object" && address !== null ? address.port : ""}\n`);

async function embedded(folder: string): Promise<pg.Pool> {
  const { PGlite } = await import("@electric-sql/pglite");
  const { createPgConfig } = await import("@electric-sql/pglite/node-postgres");
  return new pg.Pool(Object.assign(createPgConfig(await PGlite.create(folder)), { max: 1 }));
}
