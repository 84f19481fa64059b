import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import t from "tap";
import type { UserError } from "../config/user-error.ts";
import { useTestCluster, templateDatabase } from "../testing/cluster.ts";
import { trialLayout } from "../testing/layout.ts";
import { withConnection } from "./connect.ts";
import { buildDatabase, functionChanges, functionsFileIsFresh, writeFunctionsFile } from "./include.ts";
import { FUNCTIONS_FILE, contentHash } from "./layout.ts";

// Many processes, on a machine that may be busy.
t.setTimeout(120_000);

const cluster = await useTestCluster("include.test");
t.teardown(() => cluster.server.release());
await templateDatabase(cluster);
const { urlFor } = cluster;

/** A scratch database, dropped at the end. */
function scratch(test: { teardown(action: () => Promise<void>): unknown }, name: string): string {
  const database = `mb_include_${process.pid}_${name}`;
  test.teardown(() =>
    withConnection(urlFor("admin", "postgres"), async (admin) => {
      await admin.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
    }),
  );
  return database;
}

const double = "create or replace function trial.z_double(x float8) returns float8 language sql immutable parallel safe return x * 2;\n";
const quadruple = "create or replace function trial.a_quadruple(x float8) returns float8 language sql immutable parallel safe\nbegin atomic\n  select trial.z_double(trial.z_double(x));\nend;\n";

t.test("files that need each other in reverse order of their names are put in an order that works", async (t) => {
  const layout = trialLayout(t);
  layout.write("db/migrations/current/100-trial.sql", "create schema trial;\ncreate table trial.n (id int primary key, x float8);\n");
  layout.write("sql-functions/trial/a_quadruple.sql", quadruple);
  layout.write("sql-functions/trial/b_view.sql", "create or replace view trial.b_view as select id, trial.a_quadruple(x) as y from trial.n;\n");
  layout.write("sql-functions/trial/c_rows.sql", "create or replace function trial.c_rows() returns setof trial.b_view language sql stable return (select v from trial.b_view as v);\n".replace("return (select v from trial.b_view as v)", "begin atomic select * from trial.b_view; end"));
  layout.write("sql-functions/trial/z_double.sql", double);
  layout.write("db/migrations/current/950-seed.sql", "insert into trial.n values (1, trial.a_quadruple(1));\n");
  const database = scratch(t, "reverse");
  const order = await buildDatabase(urlFor, database, layout);
  t.same(order, ["trial/z_double.sql", "trial/a_quadruple.sql", "trial/b_view.sql", "trial/c_rows.sql"]);
  t.same(await withConnection(urlFor("migrator", database), async (client) => (await client.query("select * from trial.c_rows()")).rows), [{ id: 1, y: 16 }]);

  t.equal(functionsFileIsFresh(layout), false);
  t.equal(writeFunctionsFile(layout, order), true);
  t.equal(writeFunctionsFile(layout, order), false, "the same order is not written again");
  t.equal(functionsFileIsFresh(layout), true);
  const text = readFileSync(join(layout.migrations, "current", FUNCTIONS_FILE), "utf8");
  t.match(text, /^-- Made by `marketbase db include` from [0-9a-f]{16}: /, "a generated file says so in its first line");
  t.same(text.split("\n").slice(1), ["--! include trial/z_double.sql", "--! include trial/a_quadruple.sql", "--! include trial/b_view.sql", "--! include trial/c_rows.sql", ""]);
  layout.write("sql-functions/trial/z_double.sql", double.replace("x * 2", "x + x"));
  t.equal(functionsFileIsFresh(layout), false, "an edit makes it stale");
  t.equal(writeFunctionsFile(layout, []), true);
  t.notOk(existsSync(join(layout.migrations, "current", FUNCTIONS_FILE)), "without changes there is no file");
});

t.test("what cannot be created is named by file and line, with what the server said", async (t) => {
  const layout = trialLayout(t);
  layout.write("db/migrations/current/100-trial.sql", "create schema trial;\n");
  layout.write("sql-functions/trial/a_quadruple.sql", quadruple);
  layout.write("sql-functions/trial/good.sql", "create or replace function trial.good() returns int language sql return 1;\n");
  const failure = async (): Promise<UserError> => {
    try {
      await buildDatabase(urlFor, scratch(t, "wrong"), layout);
    } catch (error) {
      return error as UserError;
    }
    throw new Error("it was built");
  };
  const missing = await failure();
  t.equal(missing.name, "UserError");
  t.match(missing.message, /^sql-functions\/trial\/a_quadruple\.sql:3: function trial\.z_double\(double precision\) does not exist \(42883\)/);
  layout.write("sql-functions/trial/a_quadruple.sql", quadruple.replace("select", "selec"));
  t.match((await failure()).message, /^sql-functions\/trial\/a_quadruple\.sql:3: syntax error at or near "selec" \(42601\)/);
  layout.write("sql-functions/trial/a_quadruple.sql", "create or replace function trial.loop_a() returns int language sql begin atomic select trial.loop_b(); end;");
  layout.write("sql-functions/trial/b.sql", "create or replace function trial.loop_b() returns int language sql begin atomic select trial.loop_a(); end;");
  t.match((await failure()).message, /a_quadruple\.sql:1: .*\nsql-functions\/trial\/b\.sql:1: /, "a circle names every file in it");
  layout.remove("sql-functions/trial/b.sql");
  layout.write("sql-functions/trial/a_quadruple.sql", "select 1;");
  layout.write("db/migrations/current/200-wrong.sql", "create table trial.ok ();\ncreate table nowhere.x ();\n");
  t.match((await failure()).message, /^db\/migrations\/current\/200-wrong\.sql:2: schema "nowhere" does not exist \(3F000\)/);
});

t.test("only what differs from the committed migrations counts as changed", async (t) => {
  const layout = trialLayout(t);
  layout.write("sql-functions/trial/same.sql", "select 'same';\n");
  layout.write("sql-functions/trial/edited.sql", "select 'new';\n");
  layout.write("sql-functions/trial/fresh.sql", "select 'fresh';\n");
  layout.write("sql-functions/trial/by_hand.sql", "select 'by hand';\n");
  layout.write("db/migrations/current/300-more.sql", "--! include trial/by_hand.sql\n");
  const block = (path: string, sql: string) => `--! Included ${path}\n${sql}\n--! EndIncluded ${path}\n`;
  layout.write("db/migrations/committed/000001.sql", `--! Previous: -\n--! Hash: x\n\n${block("trial/same.sql", "select 'older';")}${block("trial/edited.sql", "select 'new';")}${block("trial/gone.sql", "select 'gone';")}${block("trial/moved.sql", "select 'moved';")}${block("trial/dropped.sql", "select 'dropped';")}`);
  layout.write("sql-functions/trial/family/moved.sql", "select 'moved';\n");
  layout.write("db/migrations/current/910-drop.sql", "drop function if exists trial.dropped();\n");
  layout.write("db/migrations/committed/000002.sql", `--! Previous: x\n--! Hash: y\n\n${block("trial/same.sql", "select 'same';")}${block("trial/edited.sql", "select 'old';")}`);
  const { changed, removed } = functionChanges(layout);
  t.same(changed.map(({ path }) => path), ["trial/edited.sql", "trial/family/moved.sql", "trial/fresh.sql"]);
  t.same(removed, ["trial/gone.sql"], "neither what lies in another folder now nor what a migration drops");
});

t.test("the content hash follows every input but the generated file", async (t) => {
  const layout = trialLayout(t);
  const hashes = [contentHash(layout)];
  for (const [path, sql] of [["sql-functions/a/b.sql", "select 1;"], ["sql-functions/a/b.sql", "select 2;"], ["db/migrations/current/100-a.sql", "select 1;"], ["db/migrations/committed/000001.sql", "select 1;"]] as const) {
    layout.write(path, sql);
    hashes.push(contentHash(layout));
  }
  t.equal(new Set(hashes).size, hashes.length);
  layout.write(`db/migrations/current/${FUNCTIONS_FILE}`, "--! include a/b.sql\n");
  t.equal(contentHash(layout), hashes.at(-1));
});
