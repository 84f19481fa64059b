import t from "tap";
import { functionFiles, repositoryLayout } from "../../../runner/database/layout.ts";
import { formatFinding } from "../../../runner/lint/finding.ts";
import { catalogueFindings, securityDefiners } from "../../../runner/lint/rules.ts";
import { ourSchemas } from "../../../runner/lint/text.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

/** The findings of the lint rules named, as lines. */
async function findings(db: TestDatabase, ...rules: string[]): Promise<string[]> {
  const client = await db.owner.connect();
  try {
    return (await catalogueFindings(client, rules)).map(formatFinding);
  } finally {
    client.release();
  }
}

/** Makes something bad as the owner, expects the rule to find it, and leaves a database that still has it. */
async function finds(t: { equal(a: unknown, b: unknown, m: string): unknown; match(a: unknown, b: RegExp): unknown }, db: TestDatabase, rule: string, sql: string, object: RegExp) {
  await db.query(sql);
  const found = await findings(db, rule);
  t.equal(found.length, 1, found.join("\n"));
  t.match(found[0], object);
}

t.test("S1: no function is executable by everybody, and a new one is not either", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await findings(db, "grants"), []);
  await db.query("create function market.new_function() returns int language sql immutable return 1");
  t.strictSame(await db.value("select proacl::text from pg_proc where oid = 'market.new_function()'::regprocedure"), "{marketbase_owner=X/marketbase_owner}");
  t.equal((await db.refused("select market.new_function()", [], "reader")).code, "42501");
  await finds(t, db, "grants", "grant execute on function market.new_function() to public", /^market\.new_function\(\): grants: revoke all/);
});

t.test("S2: every function is atomic or has a search path", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await findings(db, "search-path"), []);
  await finds(t, db, "search-path", "create function market.loose() returns int language sql as 'select 1'", /^market\.loose\(\): search-path/);
});

t.test("S3: security definer only on the list, and never for a superuser", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await findings(db, "security-definer"), []);
  for (const name of securityDefiners) {
    const { sql } = functionFiles(repositoryLayout).find(({ path }) => path.startsWith(`${name.split(".")[0]}/`) && path.endsWith(`/${name.split(".")[1]}.sql`)) ?? { sql: "" };
    t.match(sql, /^-- security definer: .{20,}/m, `the file of ${name} says why`);
  }
  t.strictSame(await db.query("select p.oid::regprocedure from pg_proc p join pg_roles r on r.oid = p.proowner where p.prosecdef and (r.rolsuper or r.rolcanlogin)"), []);
  await finds(t, db, "security-definer", "create function market.elevated() returns int language sql security definer return 1", /^market\.elevated\(\): security-definer/);
});

t.test("S5: row-level security on every table, with the roles of every policy written out", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await findings(db, "row-level-security"), []);
  await finds(t, db, "row-level-security", "create table market.bare (id int primary key)", /^market\.bare: row-level-security/);
});

t.test("S6: views read with the rights of their reader", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await findings(db, "views"), []);
  await finds(t, db, "views", "create view market.borrowed as select 1 as one", /^market\.borrowed: views: create it `with \(security_invoker = true\)`/);
});

t.test("S7: select by table; insert and update by column", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await findings(db, "grants"), []);
  await finds(t, db, "grants", "grant update on market.exchange to marketbase_worker", /^market\.exchange: grants: grant update to marketbase_worker by column/);
  await db.query("revoke update on market.exchange from marketbase_worker");
  await finds(t, db, "grants", "grant select (mic) on market.exchange to marketbase_author", /^market\.exchange\.mic: grants: grant select to marketbase_author on the whole table/);
});

t.test("S8: no materialised views and no foreign tables", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await db.query("select oid::regclass from pg_class where relkind in ('m', 'f') and relnamespace::regnamespace::text = any ($1)", [ourSchemas]), []);
  await finds(t, db, "views", "create materialized view market.copied as select 1 as one", /^market\.copied: views: use a table or a view/);
});

t.test("S9: primary keys, indexes for foreign keys, no index twice", async (t) => {
  const db = await testDatabase(t);
  t.strictSame(await findings(db, "primary-key", "foreign-key-index", "duplicate-index"), []);
  await finds(t, db, "primary-key", "create table market.keyless (mic text)", /^market\.keyless: primary-key/);
  await finds(
    t, db, "foreign-key-index", "alter table market.keyless add constraint keyless_mic_fkey foreign key (mic) references market.exchange",
    /^market\.keyless\.keyless_mic_fkey: foreign-key-index: create index on market\.keyless \(mic\)/,
  );
  await db.query("create index keyless_mic_idx on market.keyless (mic)");
  t.strictSame(await findings(db, "foreign-key-index"), []);
  await finds(t, db, "duplicate-index", "create index keyless_again_idx on market.keyless (mic)", /^market\.keyless_again_idx: duplicate-index/);
});

t.test("S10: nobody creates in public, and extensions are apart", async (t) => {
  const db = await testDatabase(t);
  for (const role of ["reader", "analyst", "auditor", "author", "worker"] as const) {
    for (const schema of ["public", "extensions", ...ourSchemas]) {
      t.equal((await db.refused(`create table ${schema}.mine (id int)`, [], role)).code, "42501", `${role} in ${schema}`);
    }
    t.equal((await db.refused("create schema mine", [], role)).code, "42501", `${role} creates no schema`);
  }
  t.strictSame(
    await db.query("select extname from pg_extension where extnamespace::regnamespace::text not in ('extensions', 'pg_catalog')"),
    [],
  );
});
