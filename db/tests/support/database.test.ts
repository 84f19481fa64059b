import { existsSync } from "node:fs";
import t from "tap";
import { shared, testDatabase } from "./database.ts";

t.test("a test database is a copy with the roles of marketbase", async (t) => {
  const db = await testDatabase(t);
  t.equal(await db.value("select current_user::text"), "marketbase_owner");
  t.equal(await db.value("select current_user::text", [], "worker"), "marketbase_worker");
  t.equal(await db.value("select current_user::text", [], "graphql"), "marketbase_authenticator");
  for (const purpose of ["reader", "analyst", "auditor", "author"] as const) {
    t.equal(await db.value("select current_user::text", [], purpose), `marketbase_${purpose}`);
  }
  t.same(await db.owner.query("select 1 as n").then(({ rows }) => rows), [{ n: 1 }]);
});

t.test("two databases do not see each other, and both are gone afterwards", async (t) => {
  const names: string[] = [];
  await t.test("while they are there", async (t) => {
    const [one, two] = await Promise.all([testDatabase(t), testDatabase(t)]);
    names.push(one.name, two.name);
    await one.query("create table public.mine as select 1 as n");
    t.equal(await two.value("select to_regclass('public.mine')"), null);
    t.not(one.url("worker"), two.url("worker"));
  });
  const db = await testDatabase(t);
  t.equal(await db.value("select count(*)::int from pg_database where datname = any($1)", [names]), 0);
});

t.test("a refusal is what the server said; an acceptance is an error", async (t) => {
  const db = await testDatabase(t);
  const refusal = await db.refused("do $$ begin raise exception using errcode = 'MB001', message = 'bad argument', hint = 'give a good one'; end $$");
  t.same(refusal, { code: "MB001", message: "bad argument", hint: "give a good one" });
  await t.rejects(db.refused("select 1"), { message: /accepted what it should refuse: select 1/ });
  await t.rejects(db.value("select 1 where false"), { message: /one row was expected and 0 came/ });
});

t.test("a shared file that is absent: skipped visibly, a failure where CI=true", async (t) => {
  const calls: string[] = [];
  const recorder = {
    teardown: () => undefined,
    pass: (message: string, { skip }: { skip: string }) => calls.push(`skipped ${message}: ${skip}`),
    fail: (message: string) => calls.push(`failed: ${message}`),
  };
  const before = process.env["CI"];
  t.teardown(() => (before === undefined ? delete process.env["CI"] : (process.env["CI"] = before)));
  delete process.env["CI"];
  t.equal(shared(recorder, "no/such/file.csv"), undefined);
  process.env["CI"] = "true";
  t.equal(shared(recorder, "no/such/file.csv"), undefined);
  t.same(calls, [
    "skipped no/such/file.csv: the shared test data no/such/file.csv is not beside the checkout",
    "failed: the shared test data no/such/file.csv is not beside the checkout",
  ]);
  const present = shared(recorder, "README.md");
  if (present !== undefined) t.ok(existsSync(present));
});
