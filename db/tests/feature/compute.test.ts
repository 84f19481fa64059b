import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, dayAfter, defineSet, flatBar, openBench, randomBar, randomNumbers, startRun, type Bench, type Id } from "./fixture.ts";

/** Bars whose vector is not, bit for bit, what the compiled query makes of the whole series; or is missing, or has no bar. */
async function differing(db: TestDatabase, set: string, instrumentId: Id): Promise<unknown[]> {
  const sql = await db.value<string>("select (feature.version_of($1)).compiled_sql", [set]);
  return db.query(
    `with full_series as (select * from (${sql}) as computed)
     select ts, stored.values, full_series.values as computed
     from full_series
     full join (
       select vector.ts, vector.values
       from feature.feature_vector as vector
       where vector.instrument_id = ($1)[1] and vector.feature_set_version_id = (feature.version_of($4)).feature_set_version_id
     ) as stored using (ts)
     where array_send(stored.values) is distinct from array_send(full_series.values)`,
    [[instrumentId], [null], [null], set],
  );
}

t.test("what is there already changes nothing", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const instrumentId = await addInstrument(bench, "AAA");
  const random = randomNumbers(1);
  await addBars(bench, instrumentId, Array.from({ length: 50 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  const traces = () => bench.db.query("select xmin::text, ctid::text, revision, run_id from feature.feature_vector order by ctid");
  for (const set of ["qlib14", "technical"]) t.equal(await compute(bench, set, instrumentId), 50, `${set}: all at first`);
  const before = await traces();
  for (const set of ["qlib14", "technical"]) {
    t.equal(await compute(bench, set, instrumentId), 0, `${set}: none again`);
    t.equal(await compute(bench, set, instrumentId, dayAfter(30)), 0, `${set}: none from the middle on`);
  }
  t.same(await traces(), before, "not a row was written");
});

t.test("a correction closes the old revision and is known from then on; removed bars take their vectors along", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  await defineSet(db, "mean3", { mean: "ta.rolling_mean(close, 3)" });
  const instrumentId = await addInstrument(bench, "AAA");
  await addBars(bench, instrumentId, [1, 2, 3, 4, 5, 6, 7].map((close, i) => flatBar(dayAfter(i), close)));
  t.equal(await compute(bench, "mean3", instrumentId), 7);

  await addBars(bench, instrumentId, [flatBar(dayAfter(3), 7, "2020-03-01T12:00:00Z")]);
  t.equal(await compute(bench, "mean3", instrumentId, dayAfter(3)), 3, "the bar and the two that look back on it");
  t.same(
    await db.query("select ts::date::text as day, values[1] as mean, revision, known_from at time zone 'UTC' as known from feature.feature_vector where instrument_id = $1 and revision > 1 order by ts", [instrumentId]),
    [[3, 4], [4, 5], [5, 6]].map(([day, mean]) => ({ day: dayAfter(day as number), mean, revision: 2, known: new Date("2020-03-01T12:00:00Z") })),
  );
  t.same(
    await db.query("select ts::date::text as day, values[1] as mean, revision, known_to at time zone 'UTC' as until from feature.feature_vector_history where instrument_id = $1 order by ts", [instrumentId]),
    [[3, 3], [4, 4], [5, 5]].map(([day, mean]) => ({ day: dayAfter(day as number), mean, revision: 1, until: new Date("2020-03-01T12:00:00Z") })),
  );

  // The correction is taken back, later.
  await addBars(bench, instrumentId, [flatBar(dayAfter(3), 4, "2020-03-02T12:00:00Z")]);
  t.equal(await compute(bench, "mean3", instrumentId), 3);
  t.same(await db.query("select distinct values[1] as mean, revision from feature.feature_vector where instrument_id = $1 and revision > 1 order by 1", [instrumentId]),
    [{ mean: 3, revision: 3 }, { mean: 4, revision: 3 }, { mean: 5, revision: 3 }]);

  await db.query("delete from market.price_data where instrument_id = $1 and session_date = $2", [instrumentId, dayAfter(3)]);
  t.equal(await compute(bench, "mean3", instrumentId), 3, "its vector goes, two others change");
  t.same(await differing(db, "mean3", instrumentId), []);
  t.equal(await db.value("select count(*)::int from feature.feature_vector where instrument_id = $1", [instrumentId]), 6);
  t.same(
    await db.query("select known_from >= (select max(known_to) from market.price_data_history) as known from feature.feature_vector where instrument_id = $1 and revision = 4", [instrumentId]),
    [{ known: true }, { known: true }], "what changed by the removal is not known before it",
  );

  await addBars(bench, instrumentId, [flatBar(dayAfter(3), 9)]);
  t.equal(await compute(bench, "mean3", instrumentId), 3);
  t.same(
    await db.query("select revision, known_from >= (select max(known_to) from feature.feature_vector_history as h where h.ts = v.ts) as later from feature.feature_vector as v where ts = $1::timestamptz", [`${dayAfter(3)}Z`]),
    [{ revision: 4, later: true }], "a bar that returns goes on counting",
  );
  t.equal(
    await db.value("select count(*)::int from feature.feature_vector_version as a join feature.feature_vector_version as b using (instrument_id, feature_set_version_id, ts) where a.revision < b.revision and a.known_to > b.known_from"),
    0, "no two revisions are known at once",
  );
});

t.test("an update by hand is kept apart and counts from now", async (t) => {
  const bench = await openBench(await testDatabase(t));
  await defineSet(bench.db, "mean3", { mean: "ta.rolling_mean(close, 3)" });
  const instrumentId = await addInstrument(bench, "AAA");
  await addBars(bench, instrumentId, [flatBar(dayAfter(0), 1)]);
  await compute(bench, "mean3", instrumentId);
  await bench.db.query("update feature.feature_vector set values = '{5}'");
  t.same(await bench.db.query("select revision, known_from > now() - interval '1 hour' as recent from feature.feature_vector"), [{ revision: 2, recent: true }]);
  t.match(await bench.db.refused("update feature.feature_vector set ts = ts + interval '1 day'"), { code: "MB006" });
  t.match(await bench.db.refused("delete from feature.feature_vector_history"), { code: "MB006" });
});

t.test("unknown names and runs are refused", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const instrumentId = await addInstrument(bench, "AAA");
  t.match(await bench.db.refused("select feature.compute($1, 'nonsense', array[$2::bigint])", [bench.runId, instrumentId]), { code: "MB003", hint: /qlib14, technical/ });
  t.match(await bench.db.refused("select feature.compute($1, 'qlib14', array[4711])", [bench.runId]), { code: "MB002" });
  t.match(await bench.db.refused("select feature.compute(-1, 'qlib14', array[$1::bigint])", [instrumentId]), { code: "MB001", message: /no run -1/ });
  t.match(await bench.db.refused("select feature.compute($1, 'qlib14', array[$2::bigint])", [bench.runId, instrumentId], "reader"), { code: "42501" });
  await defineSet(bench.db, "overflow", { x: "exp(close) * exp(close)" });
  await addBars(bench, instrumentId, [flatBar(dayAfter(0), 500)]);
  t.match(await bench.db.refused("select feature.compute($1, 'overflow', array[$2::bigint])", [bench.runId, instrumentId]), { code: "MB001", message: /Set overflow cannot be computed/ });
});

/** What happens to the bars of an instrument in one step, at random. */
async function disturb(bench: Bench, instrumentId: Id, random: () => number, days: Set<number>, step: number): Promise<string> {
  const pick = () => [...days][Math.floor(random() * days.size)] as number;
  const choice = random();
  const last = Math.max(...days);
  if (choice < 0.35) {
    // Some days are left out, for late bars to come.
    const added = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, i) => last + 1 + i).filter(() => random() < 0.8);
    await addBars(bench, instrumentId, added.map((day) => randomBar(random, dayAfter(day), 100)));
    added.forEach((day) => days.add(day));
    return `append ${added.length}`;
  }
  if (choice < 0.55) {
    const day = Math.floor(random() * (last + 1)) - 3;
    if (days.has(day)) return "nothing";
    await addBars(bench, instrumentId, [randomBar(random, dayAfter(day), 100)]);
    days.add(day);
    return `late ${day}`;
  }
  if (choice < 0.85) {
    const day = pick();
    await addBars(bench, instrumentId, [randomBar(random, dayAfter(day), 100, `2021-01-01T${String(step % 24).padStart(2, "0")}:00:00Z`)]);
    return `correct ${day}`;
  }
  const day = pick();
  await bench.db.query("delete from market.price_data where instrument_id = $1 and session_date = $2", [instrumentId, dayAfter(day)]);
  days.delete(day);
  return `delete ${day}`;
}

for (const seed of [11, 12]) {
  t.test(`incremental equals full, bit for bit, whatever happens to the bars (seed ${seed})`, async (t) => {
    const bench = await openBench(await testDatabase(t));
    const { db } = bench;
    await defineSet(db, "mixed", {
      nested: "ta.rolling_mean(ta.rolling_std(close / ta.ref(close, 1) - 1, 5), 4)",
      slope: "ta.rolling_corr(close, ln(volume + 1), 7) * (high - low)",
      body: "(close - open) / open",
    });
    const random = randomNumbers(seed);
    const instrumentId = await addInstrument(bench, "AAA");
    const days = new Set(Array.from({ length: 60 }, (_, i) => i));
    await addBars(bench, instrumentId, [...days].map((day) => randomBar(random, dayAfter(day), 100)));
    const stale = async () => db.query("select * from pipeline.compute_stale_features($1)", [await startRun(db)], "worker");
    await stale();
    for (let round = 0; round < 8; round++) {
      const what: string[] = [];
      for (let step = 0; step < 3; step++) what.push(await disturb(bench, instrumentId, random, days, round * 3 + step));
      await stale();
      for (const set of ["mixed", "qlib14", "technical"]) {
        const wrong = await differing(db, set, instrumentId);
        if (wrong.length > 0) t.fail(`${set} differs in ${wrong.length} bars after ${what.join(", ")}`, { found: wrong.slice(0, 2) });
      }
      t.equal(await db.value("select count(*)::int from pipeline.stale_range where consumer = 'feature'"), 0, what.join(", "));
    }
    t.equal(
      await db.value(`
        select count(*)::int
        from feature.feature_vector_version as a
        join feature.feature_vector_version as b using (instrument_id, feature_set_version_id, ts)
        where a.revision < b.revision and a.known_to > b.known_from`),
      0, "no two revisions are known at once",
    );
    t.equal(
      await db.value(`
        select count(*)::int
        from feature.feature_vector as vector
        join feature.feature_set_version as version using (feature_set_version_id)
        where exists (
          select from (
            select known_from from market.price_data as bar
            where bar.instrument_id = vector.instrument_id and bar.ts <= vector.ts
            order by bar.ts desc limit version.lookback + 1
          ) as used where used.known_from > vector.known_from
        ) and vector.revision > 1`),
      0, "no changed vector is known before a bar that it is made of",
    );
  });
}

t.test("a new instrument is computed in full, one changed bar only as far as it reaches", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const random = randomNumbers(5);
  const ids: Id[] = [];
  for (const symbol of ["AAA", "BBB"]) {
    const id = await addInstrument(bench, symbol);
    ids.push(id);
    await addBars(bench, id, Array.from({ length: 100 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  }
  const stale = async () =>
    db.query<{ feature_set: string; symbol: string; from_ts: Date | null; to_ts: Date | null; rows_changed: string }>(
      "select feature_set, symbol, from_ts, to_ts, rows_changed from pipeline.compute_stale_features($1) order by symbol, feature_set", [await startRun(db)], "worker",
    );
  const first = await stale();
  t.same(first.map((row) => [row.symbol, row.feature_set, row.rows_changed]), [
    ["AAA", "qlib14", "100"], ["AAA", "technical", "100"], ["BBB", "qlib14", "100"], ["BBB", "technical", "100"],
  ]);
  await addBars(bench, ids[0] as Id, [randomBar(random, dayAfter(40), 100, "2021-01-01T00:00:00Z")]);
  const second = await stale();
  t.same(second.map((row) => [row.symbol, row.feature_set, row.to_ts?.toISOString().slice(0, 10)]), [["AAA", "qlib14", dayAfter(60)], ["AAA", "technical", undefined]]);
  t.equal(second[0]?.rows_changed, "21", "the bar and the twenty that look back on it");
  const outcome = await db.query("select rows_written, message from pipeline.step_features($1)", [await startRun(db)], "worker");
  t.same(outcome, [{ rows_written: "0", message: "no bar changed" }]);
});
