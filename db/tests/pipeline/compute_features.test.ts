import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addBars, addInstrument, dayAfter, defineSet, openBench, randomBar, randomNumbers, startRun, type Bench, type Id } from "../feature/fixture.ts";

t.setTimeout(120_000);

interface Done extends Record<string, unknown> {
  readonly symbol: string;
  readonly rows_changed: string;
  readonly error: string | null;
}

async function benchOf(t: Tap, symbols: readonly string[], bars: number): Promise<{ bench: Bench; ids: Id[] }> {
  const bench = await openBench(await testDatabase(t));
  await bench.db.query("update feature.feature_set set is_active = name = 'qlib14'");
  const random = randomNumbers(5);
  const ids: Id[] = [];
  for (const symbol of symbols) {
    const id = await addInstrument(bench, symbol);
    await addBars(bench, id, Array.from({ length: bars }, (_, i) => randomBar(random, dayAfter(i), 100)));
    ids.push(id);
  }
  return { bench, ids };
}
type Tap = Parameters<typeof testDatabase>[0];

t.test("pieces are shared by sessions: each is computed once, none is left", async (t) => {
  const { bench } = await benchOf(t, ["AAA", "BBB", "CCC"], 60);
  const { db } = bench;
  await db.query("select pipeline.plan_features($1)", [bench.runId], "worker");
  // Pieces of one instrument each, so that there is something to share.
  await db.query(
    `with whole as (delete from feature.computation_task returning *)
     insert into feature.computation_task (feature_set_id, instrument_ids, from_ts, to_ts, bars, run_id)
     select feature_set_id, array[part.id], array[part.first_ts], array[part.last_ts], array[part.rows], run_id
     from whole cross join lateral unnest(instrument_ids, whole.from_ts, whole.to_ts, whole.bars) as part (id, first_ts, last_ts, rows)`,
  );
  const first = await db.worker.connect();
  await first.query("begin");
  const mine = await first.query<Done>("select * from pipeline.compute_features($1)", [bench.runId]);
  t.same(mine.rows.map((row) => [row.symbol, row.rows_changed]), [["AAA", "60"]]);
  const others = [
    ...(await db.query<Done>("select * from pipeline.compute_features($1)", [bench.runId], "worker")),
    ...(await db.query<Done>("select * from pipeline.compute_features($1)", [bench.runId], "worker")),
  ];
  t.same(others.map((row) => row.symbol), ["BBB", "CCC"], "who comes second takes the next piece and does not wait");
  t.same(await db.query("select * from pipeline.compute_features($1)", [bench.runId], "worker"), [], "nothing is left for a fourth");

  // The first session dies before it commits: its piece is there again.
  await first.query("rollback");
  first.release();
  t.equal(await db.value("select count(*)::int from feature.computation_task"), 1);
  t.equal(await db.value("select pipeline.plan_features($1)::int", [bench.runId], "worker"), 1, "a new plan takes it up");
  t.same((await db.query<Done>("select * from pipeline.compute_features($1)", [bench.runId], "worker")).map((row) => row.symbol), ["AAA"]);
  t.equal(await db.value("select count(*)::int from feature.feature_vector"), 180);
  t.equal(await db.value("select pipeline.plan_features($1)::int", [bench.runId], "worker"), 0, "nothing is planned when nothing has changed");
});

t.test("a series longer than a piece is cut, and its values do not show where", async (t) => {
  const { bench, ids } = await benchOf(t, ["AAA", "BBB"], 2_500);
  const { db } = bench;
  await db.query("update feature.feature_set set is_active = false");
  // 500 features of 8 bytes: a piece of 20 MB has 4,878 bars.
  await defineSet(db, "wide", { std: "ta.rolling_std(close, 20)", ...Object.fromEntries(Array.from({ length: 499 }, (_, i) => [`x${i}`, `close + ${i}`])) });
  const random = randomNumbers(7);
  await addBars(bench, ids[0] ?? "", Array.from({ length: 7_500 }, (_, i) => randomBar(random, dayAfter(2_500 + i), 100)));
  await db.query("select pipeline.plan_features($1)", [bench.runId], "worker");
  t.same(
    await db.query(
      `select part.id::text, part.rows::int, part.from_ts is null as open from feature.computation_task as task
       cross join lateral unnest(task.instrument_ids, task.from_ts, task.bars) as part (id, from_ts, rows) order by 1, part.from_ts nulls first`,
    ),
    [{ id: ids[0], rows: 4_878, open: true }, { id: ids[0], rows: 4_878, open: false }, { id: ids[0], rows: 244, open: false }, { id: ids[1], rows: 2_500, open: true }],
  );
  for (;;) if ((await db.query("select * from pipeline.compute_features($1)", [bench.runId], "worker")).length === 0) break;
  t.equal(await db.value("select count(*)::int from feature.feature_vector"), 12_500);
  t.same(
    await db.query("select instrument_id::text as id, rows_changed::int from feature.compute($1, 'wide', $2) order by 1", [await startRun(db), ids], "worker"),
    ids.map((id) => ({ id, rows_changed: 0 })),
    "computed in one go they are the same, bit for bit",
  );
});

t.test("an instrument that cannot be computed is named, and stops nobody", async (t) => {
  const { bench, ids } = await benchOf(t, ["AAA", "BBB", "CCC"], 10);
  const { db } = bench;
  await db.query("update feature.feature_set set is_active = false");
  await defineSet(db, "overflow", { x: "volume ^ 16 * volume ^ 16" });
  await db.query("update market.price_data set volume = 10 where instrument_id <> $1", [ids[1]]);
  await db.query("update market.price_data set volume = 1e12 where instrument_id = $1", [ids[1]]);
  const stale = async () => db.query<Done>("select * from pipeline.compute_stale_features($1) order by symbol", [await startRun(db)], "worker");

  const done = await stale();
  t.same(done.map((row) => [row.symbol, row.rows_changed, row.error === null]), [["AAA", "10", true], ["BBB", "0", false], ["CCC", "10", true]]);
  t.match(done[1]?.error, /Set overflow cannot be computed for instrument \d+: .*out of range/);
  t.match(await db.query("select failed_instruments::int as failed, last_error from feature.set_status where feature_set = 'overflow'"), [{ failed: 1, last_error: /out of range/ }]);
  t.match((await db.query("select (pipeline.step_features($1)).message", [await startRun(db)], "worker"))[0], { message: /not computed: BBB/ }, "it is tried again, and named again");

  await db.query("update market.price_data set volume = 10 where instrument_id = $1", [ids[1]]);
  t.same((await stale()).map((row) => [row.symbol, row.rows_changed, row.error]), [["BBB", "10", null]], "once its bars are right it is computed");
  t.equal(await db.value("select count(*)::int from feature.computation_task"), 0);
});

t.test("a filing concerns only the sets that use fundamentals", async (t) => {
  const { bench, ids } = await benchOf(t, ["AAA"], 10);
  const { db } = bench;
  await db.query("select feature.activate_set('fundamental')");
  await db.query("select * from pipeline.compute_stale_features($1)", [bench.runId], "worker");
  await db.query(
    `insert into pipeline.stale_range (instrument_id, consumer, from_ts, to_ts, reason) values ($1, 'fundamental_feature', '-infinity', 'infinity', 'a filing')`,
    [ids[0]],
  );
  t.same(
    (await db.query("select feature_set, rows_changed::int from pipeline.compute_stale_features($1)", [await startRun(db)], "worker")),
    [{ feature_set: "fundamental", rows_changed: 0 }],
  );
});

t.test("a set that is activated again has missed nothing", async (t) => {
  const { bench, ids } = await benchOf(t, ["AAA"], 10);
  const { db } = bench;
  const stale = async () => db.query("select feature_set, rows_changed::int from pipeline.compute_stale_features($1)", [await startRun(db)], "worker");
  await stale();
  await db.query("select feature.activate_set('qlib14', false)", [], "worker");
  await db.query("update market.price_data set close = close * 1.001, high = high * 1.01 where instrument_id = $1 and ts = (select max(ts) from market.price_data)", [ids[0]]);
  t.same(await stale(), [], "it is not computed while it is not active");
  await db.query("select feature.activate_set('qlib14')", [], "worker");
  t.same(await stale(), [{ feature_set: "qlib14", rows_changed: 1 }]);
});
