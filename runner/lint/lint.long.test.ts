import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { testDatabase, type TestDatabase } from "../../db/tests/support/database.ts";
import { withConnection } from "../database/connect.ts";
import { repositoryLayout, type Layout } from "../database/layout.ts";
import { formatFinding } from "./finding.ts";
import { lint } from "./lint.ts";

async function lines(db: TestDatabase, layout?: Layout): Promise<string[]> {
  return (await withConnection(db.url("migrator"), (client) => lint(client, layout))).map(formatFinding);
}

t.test("this checkout has no findings, and looking changes nothing", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await lines(db), []);
  t.strictSame(await lines(db), [], "a second time");
});

t.test("each rule finds what it is for", async (t) => {
  const db = await testDatabase(t);
  await db.query(`
    create table risk.rating (rating_id bigint, instrument_id bigint not null, note text, primary key (rating_id, instrument_id), constraint too_short check (note <> ''));
    create table risk.review (rating_id bigint, instrument_id bigint, primary key (rating_id), foreign key (rating_id, instrument_id) references risk.rating);
    create index odd on risk.rating (note);
    create sequence risk.counter;
    create view risk.trade as select 1 as one;
    create function risk.next() returns bigint language sql volatile return nextval('risk.counter');
    create function risk.typo(p_x int) returns int language plpgsql set search_path to pg_catalog, pg_temp as $$
      begin if p_x > 0 then return (select no_such_column from market.instrument); end if; return market.no_such_function(p_x); end $$;
    create function risk.twice(a int) returns int language sql immutable return a;
    create function risk.twice(a text) returns text language sql immutable return a;
    create function risk.rate() returns void language sql volatile begin atomic insert into risk.rating as r (rating_id, instrument_id) values (1, 1) on conflict (rating_id, instrument_id) do update set note = r.note; end;
    grant execute on function risk.rate() to marketbase_worker;
  `);
  const found = await lines(db);
  for (const expected of [
    /^risk\.rating: comments: write `comment on table risk\.rating`$/,
    /^risk\.rating\.note: comments: /,
    /^risk\.rating: facts: put instrument_id first in its primary key$/,
    /^risk\.review\.review_rating_id_instrument_id_fkey: facts: /,
    /^risk\.review\.review_rating_id_instrument_id_fkey: foreign-key-index: create index on risk\.review \(rating_id, instrument_id\)$/,
    /^risk\.rating\.too_short: constraint-names: /,
    /^risk\.odd: constraint-names: rename it to rating_<columns>_idx$/,
    /^risk\.counter: sequences: /,
    /^risk\.next\(\): sequences: /,
    /^risk\.trade: unique-names: rename it: portfolio\.trade has the same name$/,
    /^risk\.trade: views: /,
    /^risk\.trade: file: write the view in sql-functions\/risk\/trade\.sql/,
    /^risk\.twice\(integer\): unique-names: give the 2 functions called risk\.twice different names$/,
    /^risk\.typo\(integer\): body: correct the column: column "no_such_column" does not exist/,
    /^risk\.typo\(integer\): references: market\.no_such_function does not exist/,
    /^risk\.rate\(\): on-conflict: /,
    /^risk\.rate\(\): worker-rights: grant insert \(rating_id\) on risk\.rating to marketbase_worker/,
  ]) {
    t.ok(found.some((line) => expected.test(line)), String(expected));
  }
});

t.test("the files of sql-functions and the database agree", async (t) => {
  const db = await testDatabase(t);
  const functions = mkdtempSync(join(tmpdir(), "marketbase-lint-"));
  t.teardown(() => rmSync(functions, { recursive: true }));
  cpSync(repositoryLayout.functions, functions, { recursive: true });
  const layout = { ...repositoryLayout, functions };
  writeFileSync(join(functions, "internal/function_version.sql"), `-- Another definition than the database has.
create or replace function internal.function_version(p_function regprocedure) returns text language sql stable strict parallel safe return 'other';
comment on function internal.function_version(regprocedure) is 'Other.';
`);
  writeFileSync(join(functions, "internal/misnamed.sql"), "create function internal.other_name() returns int language sql immutable return 1;\n");
  rmSync(join(functions, "lineage/trace.sql"));
  const found = await lines(db, layout);
  for (const expected of [
    /^function internal\.function_version\(regprocedure\): replay: make migrations and sql-functions agree/,
    /^sql-functions\/internal\/misnamed\.sql: file: begin it with a comment of one line/,
    /^sql-functions\/internal\/misnamed\.sql: file: use `create or replace`/,
    /^sql-functions\/internal\/misnamed\.sql: file: internal\.misnamed is not in the database/,
    /^lineage\.trace: file: write the function in sql-functions\/lineage\/trace\.sql/,
  ]) {
    t.ok(found.some((line) => expected.test(line)), String(expected));
  }
  t.equal(await db.value("select to_regprocedure('internal.other_name()') is null"), true, "what was replayed is rolled back");
});
