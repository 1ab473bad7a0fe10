// What GET /workspaces must at least do: the same query over the same driver, JSON.stringify, and Koa.
import { once } from "node:events";
import { createServer } from "node:http";
import Koa from "koa";
import pg from "pg";
import { LIST_SQL } from "./list-sql.js";

const [, , url = ""] = process.argv;

const pool = new pg.Pool({ connectionString: url });
const app = new Koa();
app.use(async (ctx) => {
  const { rows } = await pool.query<Record<string, unknown>>(LIST_SQL);
  ctx.type = "application/json";
  ctx.body = JSON.stringify(rows);
});
const handle = app.callback();
const server = createServer((request, response) => void handle(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
process.stdout.write(`${typeof address === "object" && address !== null ? address.port : ""}\n`);
