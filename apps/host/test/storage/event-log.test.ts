import { randomUUID } from "node:crypto";
import { SecretMasker } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { sql } from "kysely";
import { EventLog, type NewEvent, type PublishedEvent } from "../../dist/storage/event-log.js";
import { addWorkspace, KINDS, useDatabase } from "./databases.js";
import { gate } from "./gate.js";

for (const kind of KINDS) {
  describe(`EventLog on ${kind}`, () => {
    const suite = useDatabase(kind);
    const log = new RecordingLogger();
    const masker = new SecretMasker();
    let events: EventLog;
    let heard: PublishedEvent[];

    beforeEach(() => {
      log.lines.length = 0;
      heard = [];
      events = new EventLog({ db: suite.db, clock: new ManualClock(), log, masker, hostId: randomUUID() });
      events.subscribe((event) => heard.push(event));
    });

    const types = (list: readonly PublishedEvent[]) => list.map((event) => event.event_type);
    const event = (type: string, workspaceId: string | null = null): NewEvent => ({
      type,
      workspaceId,
      payload: {},
    });
    const emitOne = (each: NewEvent) =>
      events.transact((_trx, emit) => {
        emit(each);
        return Promise.resolve();
      });

    it("tells the events of a transaction after its commit, in order, as they are stored", async () => {
      const id = randomUUID();
      const answer = await events.transact(async (trx, emit) => {
        emit({ type: "FIRST", workspaceId: id, payload: { error: "x\0y", tags: ["a"] } });
        await addWorkspace(trx, { id });
        emit(event("SECOND"));
        expect(heard).to.deep.equal([]);
        return "answer";
      });
      expect(answer).to.equal("answer");
      expect(types(heard)).to.deep.equal(["FIRST", "SECOND"]);
      expect(heard[0]).to.deep.include({ workspace_id: id, payload: { error: "x\ufffdy", tags: ["a"] } });
      expect(heard[0]?.created_at).to.match(/^\d{4}-\d\d-\d\dT.*Z$/);
      expect(await events.list({ limit: 10 })).to.deep.equal(heard.toReversed());
    });

    it("neither stores nor tells the events of a transaction that fails", async () => {
      const failed = events.transact((_trx, emit) => {
        emit(event("NEVER"));
        return Promise.reject(new Error("changed my mind"));
      });
      expect(await failed.catch(String)).to.equal("Error: changed my mind");
      await emitOne(event("AFTER"));
      expect(types(heard)).to.deep.equal(["AFTER"]);
      expect(types(await events.list({ limit: 10 }))).to.deep.equal(["AFTER"]);
    });

    it("appends to a transaction of the caller's and tells nobody", async () => {
      const stored = await suite.db.transaction().execute((trx) => events.append(trx, event("APPENDED")));
      expect(await events.list({ limit: 10 })).to.deep.equal([stored]);
      expect(heard).to.deep.equal([]);
    });

    it("publishes what is not stored at once and without an id", async () => {
      events.publish({ type: "WORKSPACE_HEARTBEAT", workspaceId: null, payload: { active_tasks: 1 } });
      expect(heard).to.deep.equal([
        {
          event_type: "WORKSPACE_HEARTBEAT",
          workspace_id: null,
          payload: { active_tasks: 1 },
          created_at: "2026-01-01T00:00:00.000Z",
        },
      ]);
      expect(await events.list({ limit: 10 })).to.deep.equal([]);
    });

    it("keeps a listener that throws from harming the others, and logs it", async () => {
      const others: PublishedEvent[] = [];
      events.subscribe(() => {
        throw new Error("broken listener");
      });
      events.subscribe((each) => others.push(each));
      await emitOne(event("TOLD"));
      expect(types(others)).to.deep.equal(["TOLD"]);
      expect(log.lines).to.deep.equal([
        {
          level: "error",
          message: "a listener to events has thrown",
          fields: { event_type: "TOLD", reason: "broken listener" },
        },
      ]);
    });

    it("tells a listener nothing more once it has gone, and only that one", () => {
      const seen: string[] = [];
      const listener = (each: PublishedEvent) => seen.push(each.event_type);
      const stop = events.subscribe(listener);
      events.subscribe(listener);
      stop();
      stop();
      events.publish(event("ONCE"));
      expect(seen).to.deep.equal(["ONCE"]);
    });

    it("lists the newest first, and those after an id in their order, of one workspace or all", async () => {
      const [a, b] = [randomUUID(), randomUUID()];
      await emitOne(event("A1", a));
      await emitOne(event("B1", b));
      await emitOne(event("A2", a));
      await emitOne(event("A3", a));
      expect(types(await events.list({ limit: 2 }))).to.deep.equal(["A3", "A2"]);
      expect(types(await events.list({ workspaceId: a, limit: 10 }))).to.deep.equal(["A3", "A2", "A1"]);
      const after = heard[0]?.id ?? 0;
      expect(types(await events.list({ after, limit: 2 }))).to.deep.equal(["B1", "A2"]);
      expect(types(await events.list({ workspaceId: a, after, limit: 10 }))).to.deep.equal(["A2", "A3"]);
    });

    if (kind === "postgres") {
      it("makes a writer wait for the commit of the one before, so that no id is passed over", async () => {
        const first = gate();
        const holding = suite.db.transaction().execute(async (trx) => {
          await events.append(trx, event("FIRST"));
          await first.passed;
        });
        await eventually(async () => (await advisoryLocks("granted")) === 1);
        const second = emitOne(event("SECOND"));
        await eventually(async () => (await advisoryLocks("not granted")) === 1);
        expect(await events.list({ after: 0, limit: 10 })).to.deep.equal([]);
        first.open();
        await Promise.all([holding, second]);
        expect(types(await events.list({ after: 0, limit: 10 }))).to.deep.equal(["FIRST", "SECOND"]);
      });

      it("does not block two transactions that want the same row, whichever emits first", async () => {
        const id = await addWorkspace(suite.db);
        const locked = gate();
        const emitted = gate();
        const rename = (name: string) => sql`update workspaces set name = ${name} where id = ${id}`;
        const a = events.transact(async (trx, emit) => {
          emit(event("A"));
          emitted.open();
          await locked.passed;
          await rename("a").execute(trx);
        });
        const b = events.transact(async (trx, emit) => {
          await emitted.passed;
          await rename("b").execute(trx);
          locked.open();
          emit(event("B"));
        });
        await Promise.all([a, b]);
        expect(types(heard)).to.deep.equal(["B", "A"]);
      });

      it("lets a reader that follows the ids miss nothing while many write, and tells all in order", async () => {
        const written = 200;
        const read: number[] = [];
        const writers = { active: true };
        const reader = (async () => {
          for (let last = -1; writers.active || last !== read.length;) {
            last = read.length;
            const next = await events.list({ after: read.at(-1) ?? 0, limit: 1_000 });
            read.push(...next.map((each) => each.id));
          }
        })();
        const writing = Array.from({ length: 8 }, async (_, writer) => {
          for (let n = 0; n < written / 8; n += 1) {
            await events.transact(async (trx, emit) => {
              emit(event("EVENT"));
              if ((n + writer) % 3 === 0) await sql`select 1`.execute(trx);
            });
          }
        });
        await Promise.all(writing);
        writers.active = false;
        await reader;
        expect(read).to.have.length(written);
        expect(heard.map((each) => each.id)).to.deep.equal(read);
      });
    }

    async function advisoryLocks(state: "granted" | "not granted"): Promise<number> {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from pg_locks
        where locktype = 'advisory' and granted = ${state === "granted"}
          and database = (select oid from pg_database where datname = current_database())`.execute(suite.db);
      return rows[0]?.n ?? 0;
    }
  });
}
