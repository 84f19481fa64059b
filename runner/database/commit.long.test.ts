import { readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { templateDatabase, useTestCluster } from "../testing/cluster.ts";
import { trialLayout } from "../testing/layout.ts";
import { workingDatabase } from "../testing/working-database.ts";
import { commitCurrent, uncommitLast } from "./commit.ts";
import { withConnection } from "./connect.ts";
import { createDatabase, functionChanges } from "./include.ts";
import { includeFunctions } from "./open.ts";
import { migrate, migrationStatus } from "./migrate.ts";

t.setTimeout(100_000);
const cluster = await useTestCluster("commit.test");
t.teardown(() => cluster.server.release());
await templateDatabase(cluster);

t.test("current, commit, edit a function, commit, take back", async (t) => {
  const layout = trialLayout(t);
  const { urlFor, database } = workingDatabase(cluster, t);
  await createDatabase(urlFor, database, layout);
  const ask = async <T>(sql: string) => withConnection(urlFor("migrator"), async (client) => Object.values((await client.query<Record<string, T>>(sql)).rows[0] ?? {})[0] as T);
  const committed = () => readdirSync(join(layout.migrations, "committed"));

  t.same(await migrate(urlFor, layout, { current: true }), [], "nothing to do");
  t.equal(await commitCurrent(urlFor, layout, "nothing"), undefined);

  // Plain statements: neither the tables nor the seed could run twice.
  layout.write("db/migrations/current/100-trial.sql", "create schema trial;\ncreate table trial.n (n int primary key);\ngrant usage on schema trial to marketbase_reader;\n");
  layout.write("db/migrations/current/950-seed.sql", "insert into trial.n values (trial.b_inner());\n");
  layout.write("sql-functions/trial/a_outer.sql", "create or replace function trial.a_outer() returns int language sql stable begin atomic select trial.b_inner() + 1; end;\n");
  layout.write("sql-functions/trial/b_inner.sql", "create or replace function trial.b_inner() returns int language sql stable return 20;\n");
  await includeFunctions(urlFor, layout);
  t.same(await migrate(urlFor, layout, { current: true }), ["current"]);
  t.equal(await ask("select trial.a_outer()"), 21);
  t.same(await migrate(urlFor, layout, { current: true }), [], "unchanged, so nothing is applied again");

  t.equal(await commitCurrent(urlFor, layout, "first things"), "000001-first-things.sql");
  t.same(functionChanges(layout).changed, []);
  t.same(await migrate(urlFor, layout, { current: true }), [], "the working database had it: it is written down, not run again");
  t.same(await withConnection(urlFor("migrator"), (client) => migrationStatus(client, layout)), { applied: ["000001-first-things.sql"], pending: [], unknown: [] });

  layout.write("sql-functions/trial/b_inner.sql", "create or replace function trial.b_inner() returns int language sql stable return 41;\n");
  t.equal(await commitCurrent(urlFor, layout, "forty-one"), "000002-forty-one.sql");
  t.same(await migrate(urlFor, layout), ["000002-forty-one.sql"]);
  t.equal(await ask("select trial.a_outer()"), 42);

  t.equal(await uncommitLast(urlFor, layout), "000002-forty-one.sql");
  t.same(committed(), ["000001-first-things.sql"]);
  t.same(functionChanges(layout).changed.map(({ path }) => path), ["trial/b_inner.sql"]);

  layout.write("db/migrations/current/1-current.sql", "create table trial.m ();\n");
  await t.rejects(uncommitLast(urlFor, layout), { name: "UserError", message: /current migration is not empty/ });

  layout.write("db/migrations/current/1-current.sql", "select 1 / 0;\n");
  await t.rejects(commitCurrent(urlFor, layout, "wrong"), { name: "UserError", message: /1-current\.sql: division by zero/ });
  t.same(committed(), ["000001-first-things.sql"], "a migration that fails is not committed");
});
