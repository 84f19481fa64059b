import t from "tap";
import { testDatabase } from "../../db/tests/support/database.ts";
import { one, rows, value } from "./pool.ts";
import { transaction } from "./transaction.ts";

t.test("a transaction commits as a whole or not at all", async (t) => {
  const db = await testDatabase(t);
  await db.query("create schema trial; create table trial.account (id int primary key, balance int not null check (balance >= 0)); insert into trial.account values (1, 10), (2, 0)");
  const move = (amount: number) =>
    transaction(db.owner, async (client) => {
      await client.query("update trial.account set balance = balance + $1 where id = 2", [amount]);
      await client.query("update trial.account set balance = balance - $1 where id = 1", [amount]);
      return amount;
    });
  t.equal(await move(4), 4);
  await t.rejects(move(100), { code: "23514" });
  t.same(await db.query("select balance from trial.account order by id"), [{ balance: 6 }, { balance: 4 }]);
  await t.rejects(transaction(db.owner, async () => Promise.reject(new Error("mine"))), { message: "mine" });
  await t.rejects(
    transaction(db.owner, async (client) => {
      await client.query("select 1 / 0").catch(() => undefined);
    }),
    { message: /had failed before its end/ },
    "an error that the work swallows does not pass for a commit",
  );
  t.equal(db.owner.idleCount, db.owner.totalCount, "every connection is back in the pool");
});

t.test("isolation and read only", async (t) => {
  const db = await testDatabase(t);
  const level = (options: Parameters<typeof transaction>[2]) => transaction(db.owner, (client) => value<string>(client, "show transaction_isolation"), options);
  t.equal(await level({}), "read committed");
  t.equal(await level({ isolation: "serializable" }), "serializable");
  await t.rejects(
    transaction(db.owner, (client) => client.query("create table public.x ()"), { readOnly: true }),
    { code: "25006" },
  );
});

t.test("F20: a deadlock is tried again until both have their way", async (t) => {
  const db = await testDatabase(t);
  await db.query("create schema trial; create table trial.n (id int primary key, n int not null); insert into trial.n values (1, 0), (2, 0)");
  let runs = 0;
  let waiting = 2;
  let letGo: () => void = () => undefined;
  const both = new Promise<void>((settle) => (letGo = settle));
  const cross = (first: number, second: number) =>
    transaction(db.owner, async (client) => {
      runs += 1;
      await client.query("update trial.n set n = n + 1 where id = $1", [first]);
      // The first time each holds one row before it asks for the other's.
      if (--waiting === 0) letGo();
      await both;
      await client.query("update trial.n set n = n + 1 where id = $1", [second]);
    });
  await Promise.all([cross(1, 2), cross(2, 1)]);
  t.same(await db.query("select n from trial.n order by id"), [{ n: 2 }, { n: 2 }]);
  t.ok(runs >= 3, `one of the two ran again (${runs} runs)`);
});

t.test("a serialization failure is tried again, but not for ever", async (t) => {
  const db = await testDatabase(t);
  let runs = 0;
  const fail = transaction(
    db.owner,
    async (client) => {
      runs += 1;
      await client.query("do $$ begin raise exception using errcode = '40001', message = 'again'; end $$");
    },
    { attempts: 3 },
  );
  await t.rejects(fail, { code: "40001" });
  t.equal(runs, 3);
});

t.test("a connection that dies is not put back", async (t) => {
  const db = await testDatabase(t);
  await t.rejects(transaction(db.owner, (client) => client.query("select pg_terminate_backend(pg_backend_pid())")));
  t.equal(await db.value("select 1"), 1, "the pool goes on with a new connection");
});

t.test("one row, one value, or an error", async (t) => {
  const db = await testDatabase(t);
  t.same(await rows(db.reader, "select generate_series(1, 2) as n"), [{ n: 1 }, { n: 2 }]);
  t.same(await one(db.reader, "select 1 as a, 2 as b"), { a: 1, b: 2 });
  await t.rejects(one(db.reader, "select 1 where false"), { message: /one row was expected and 0 came/ });
  await t.rejects(value(db.reader, "select generate_series(1, 2)"), { message: /2 came/ });
});
