import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";

/** The tables whose comment promises that they are append-only. */
async function appendOnlyTables(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    "select c.oid::regclass::text as name from pg_class c where c.relkind in ('r', 'p') and obj_description(c.oid, 'pg_class') ~* '\\mappend-only\\M' order by 1",
  );
  return rows.map(({ name }) => name);
}

t.test("S14: append-only tables refuse update, delete and truncate, for every role", async (t) => {
  const db = await testDatabase(t);
  const tables = await appendOnlyTables(db);
  for (const known of ["ingest.raw_response", "lineage.data_lineage", "market.price_data_history", "quality.validation_result", "portfolio.trade"]) {
    t.ok(tables.includes(known), known);
  }
  for (const table of tables) {
    const column = await db.value<string>("select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and attidentity = '' and attgenerated = '' order by attnum limit 1", [table]);
    for (const statement of [`update ${table} set ${column} = ${column}`, `delete from ${table}`, `truncate ${table} cascade`]) {
      t.equal((await db.refused(statement)).code, "MB006", `the owner: ${statement}`);
      for (const role of ["worker", "author", "reader"] as const) {
        t.match((await db.refused(statement, [], role)).code, /^(MB006|42501)$/, `${role}: ${statement}`);
      }
    }
  }
});

t.test("the refusal says what to do instead", async (t) => {
  const db = await testDatabase(t);
  const { message, hint } = await db.refused("delete from lineage.data_lineage");
  t.equal(message, "lineage.data_lineage is append-only: delete is refused");
  t.equal(hint, "Add a new row that corrects the old one.");
});
