import type { Executor } from "./schema.js";

/**
 * The id of this installation, which every engine object carries; made at the first call on a new database. Hosts
 * that ask at the same time get the same one.
 * @param newId makes a UUID
 */
export async function readInstanceId(db: Executor, newId: () => string): Promise<string> {
  await db
    .insertInto("installation")
    .values({ key: "instance_id", value: newId() })
    .onConflict((conflict) => conflict.column("key").doNothing())
    .execute();
  const { value } = await db
    .selectFrom("installation")
    .select("value")
    .where("key", "=", "instance_id")
    .executeTakeFirstOrThrow();
  return value;
}
