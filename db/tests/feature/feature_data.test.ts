import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, dayAfter, defineSet, flatBar, openBench, randomBar, randomNumbers } from "./fixture.ts";

t.test("values are read one per row, by set in columns, latest and as of a moment", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const { version } = await defineSet(db, "mine", { double: "close * 2", before: "ta.ref(close, 1)" });
  const instrumentId = await addInstrument(bench, "AAA");
  await addBars(bench, instrumentId, [1, 2].map((close, i) => flatBar(dayAfter(i), close)));
  await compute(bench, "mine", instrumentId);
  t.same(
    await db.query("select symbol, session_date::text as day, feature_set, feature_name, value, version, revision from feature.feature_data where symbol = 'AAA' and feature_set = 'mine' order by ts, feature_name", [], "reader"),
    [[0, "before", null], [0, "double", 2], [1, "before", 1], [1, "double", 4]].map(([day, name, value]) => ({
      symbol: "AAA", day: dayAfter(day as number), feature_set: "mine", feature_name: name, value, version, revision: 1,
    })), "null during warm-up is a row",
  );
  await addBars(bench, instrumentId, [flatBar(dayAfter(1), 5, "2020-06-01T00:00:00Z")]);
  await compute(bench, "mine", instrumentId);
  t.same(
    await db.query("select symbol, ts::date::text as day, feature_names, values, revision, version from feature.latest('mine')", [], "reader"),
    [{ symbol: "AAA", day: dayAfter(1), feature_names: ["double", "before"], values: [10, 1], revision: 2, version }],
  );
  t.same(await db.query("select * from feature.latest('mine', '{}')"), []);
  const asOf = async (moment: string) =>
    (await db.query("select feature_name, value from feature.feature_data_as_of('AAA', 'mine', $1, $2, $2)", [moment, dayAfter(1)], "reader")).map((row) => Object.values(row));
  t.same(await asOf("2020-01-03T20:00:00Z"), [], "not known yet");
  t.same(await asOf("2020-05-31T00:00:00Z"), [["double", 4], ["before", 1]], "as it was");
  t.same(await asOf("2020-06-01T00:00:00Z"), [["double", 10], ["before", 1]], "as corrected");
  t.match(await db.refused("select feature.feature_data_as_of('NOPE', 'mine')", [], "reader"), { code: "MB002" });
  t.match(await db.refused("select feature.feature_data_as_of('AAA', 'nope')", [], "reader"), { code: "MB003" });
  t.match(await db.refused("select feature.latest('nope')", [], "reader"), { code: "MB003" });
});

t.test("filters on symbol, set and time reach the key", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const random = randomNumbers(3);
  for (let i = 0; i < 8; i++) {
    const id = await addInstrument(bench, `S${i}`);
    await addBars(bench, id, Array.from({ length: 300 }, (_, day) => randomBar(random, dayAfter(day), 100)));
    await compute(bench, "qlib14", id);
  }
  await bench.db.query("analyze feature.feature_vector, market.price_data, market.instrument");
  const plan = async (sql: string) => (await bench.db.query<{ "QUERY PLAN": string }>(`explain ${sql}`)).map((row) => row["QUERY PLAN"]).join("\n");
  for (const sql of [
    "select * from feature.feature_data where symbol = 'S7' and feature_set = 'qlib14' and feature_name = 'ma5' and ts >= '2020-06-01' and ts < '2020-07-01'",
    "select symbol, ts, ma5 from feature.qlib14 where symbol = 'S7' and ts >= '2020-06-01' and ts < '2020-07-01'",
  ]) {
    const found = await plan(sql);
    t.match(found, /Index Scan .*on feature_vector_pkey|using feature_vector_pkey/, "the key finds the vectors");
    t.match(found, /Index Cond: .*instrument_id = .*ts >= /s, "by instrument and time");
    t.notMatch(found, /Seq Scan on feature_vector/);
  }
  t.notMatch(await plan("select symbol, ts, ma5 from feature.qlib14"), /price_data/, "bars are not touched where nothing of them is asked for");
});

t.test("every column of a view has a comment, and readers may read", async (t) => {
  const { query } = await testDatabase(t);
  t.same(
    await query(`
      select relname, attname from pg_class join pg_attribute on attrelid = pg_class.oid
      where relnamespace = 'feature'::regnamespace and relkind = 'v' and attnum > 0
        and (col_description(attrelid, attnum) is null or not has_table_privilege('marketbase_reader', pg_class.oid, 'select'))`),
    [],
  );
  t.same(await query("select relname from pg_class where relnamespace = 'feature'::regnamespace and relkind = 'v' and not 'security_invoker=true' = any (reloptions)"), []);
});
