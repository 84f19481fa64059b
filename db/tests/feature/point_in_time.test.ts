import t from "tap";
import { testDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, dayAfter, defineSet, flatBar, openBench, randomBar, randomNumbers, type Id } from "./fixture.ts";

t.test("the value at a moment is the revision that was known then", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  await defineSet(db, "mean3", { mean: "ta.rolling_mean(close, 3)" });
  const instrumentId = await addInstrument(bench, "AAA");
  await addBars(bench, instrumentId, [1, 2, 3, 4, 5].map((close, i) => flatBar(dayAfter(i), close)));
  await compute(bench, "mean3", instrumentId);
  await addBars(bench, instrumentId, [flatBar(dayAfter(4), 8, "2020-02-01T00:00:00Z")]);
  await compute(bench, "mean3", instrumentId);

  const known = async (times: string[], more = "") =>
    (await db.query<{ day: string | null; mean: number | null; revision: number | null }>(
      `select ts::date::text as day, values[1] as mean, revision from feature.point_in_time('mean3', array_fill($1::bigint, array[cardinality($2::timestamptz[])]), $2${more})`,
      [instrumentId, times], "reader",
    )).map((row) => [row.day, row.mean, row.revision]);

  t.same(await known(["2020-01-02T20:59:59Z"]), [[null, null, null]], "nothing is known before the first close");
  t.same(await known(["2020-01-02T21:00:00Z"]), [[dayAfter(0), 1, 1]], "at the close the bar is");
  t.same(await known(["2020-01-02T21:00:00Z"], ", p_strict => true"), [[null, null, null]], "strictly before it is not");
  t.same(await known(["2020-01-02T21:00:00.000001Z"], ", p_strict => true"), [[dayAfter(0), 1, 1]]);
  t.same(await known(["2020-01-06T20:00:00Z"]), [[dayAfter(3), 3, 1]], "during a session the one before it counts");
  t.same(await known(["2020-01-06T21:00:00Z", "2020-01-31T23:59:59Z"]), [[dayAfter(4), 4, 1], [dayAfter(4), 4, 1]], "before the correction the first revision");
  t.same(await known(["2020-02-01T00:00:00Z"]), [[dayAfter(4), 5, 2]], "from the correction on the second");
  t.same(await known(["2020-02-01T00:00:00Z"], ", p_strict => true"), [[dayAfter(4), 4, 1]]);
  t.same(await known(["2020-01-07T00:00:00Z", "2020-01-20T00:00:00Z"], ", p_tolerance => '3 days'"), [[dayAfter(4), 4, 1], [null, null, null]], "not older than the tolerance");
  t.same(await known(["2020-03-01T00:00:00Z", "2020-01-03T00:00:00Z", "2020-03-01T00:00:00Z"]), [[dayAfter(4), 5, 2], [dayAfter(0), 1, 1], [dayAfter(4), 5, 2]], "in the order asked");
  t.same(await known([]), []);
  t.match(await db.refused("select feature.point_in_time('mean3', '{1,2}', '{2020-01-01}')"), { code: "MB001", message: /2 instruments and 1 decision times/ });
  t.match(await db.refused("select feature.point_in_time('nonsense', '{1}', '{2020-01-01}')"), { code: "MB003" });
  t.same(await db.query("select symbol, ts, version is not null as versioned from feature.point_in_time('mean3', array[null, 4711]::bigint[], '{2020-03-01,2020-03-01}')"),
    [{ symbol: null, ts: null, versioned: true }, { symbol: null, ts: null, versioned: true }], "an unknown instrument has no vector");
});

t.test("it equals the search of every revision, after corrections, late bars and removals", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  await defineSet(db, "mean3", { mean: "ta.rolling_mean(close, 3)" });
  const random = randomNumbers(21);
  const ids: Id[] = [];
  for (const symbol of ["AAA", "BBB", "CCC"]) {
    const id = await addInstrument(bench, symbol);
    ids.push(id);
    await addBars(bench, id, Array.from({ length: 60 }, (_, i) => randomBar(random, dayAfter(i * 2), 100)));
    // Known late from the start, so that known_from does not rise with the bars.
    await addBars(bench, id, [10, 30, 31].map((i) => randomBar(random, dayAfter(i * 2), 100, "2020-04-10T12:00:00Z")));
    await compute(bench, "mean3", id);
    for (let round = 0; round < 12; round++) {
      const day = Math.floor(random() * 60) * 2;
      if (random() < 0.3) await db.query("delete from market.price_data where instrument_id = $1 and session_date = $2", [id, dayAfter(day)]);
      else await addBars(bench, id, [randomBar(random, dayAfter(day + (random() < 0.3 ? 1 : 0)), 100, `2020-0${3 + Math.floor(random() * 5)}-15T00:00:00Z`)]);
      await compute(bench, "mean3", id);
    }
  }
  const ask = Array.from({ length: 400 }, () => ({
    id: ids[Math.floor(random() * 3)] as Id,
    time: new Date(Date.UTC(2019, 11, 30) + Math.floor(random() * 250) * 86_400_000 + Math.floor(random() * 3) * 36_000_000).toISOString(),
  }));
  ask.push(...ids.map((id) => ({ id, time: new Date(Date.now() + 1000).toISOString() })));
  for (const strict of [false, true]) {
    const differing = await db.query(
      `select fast.decision_time, fast.ts, fast.revision, slow.ts as slow_ts, slow.revision as slow_revision
       from feature.point_in_time('mean3', $1, $2, $3) with ordinality as fast
       left join lateral (
         select vector.ts, vector.revision, vector.values
         from feature.feature_vector_version as vector
         where vector.instrument_id = fast.instrument_id
           and case when $3 then vector.known_from < fast.decision_time and vector.known_to >= fast.decision_time
             else vector.known_from <= fast.decision_time and vector.known_to > fast.decision_time end
         order by vector.ts desc
         limit 1
       ) as slow on true
       where (fast.ts, fast.revision, fast.values) is distinct from (slow.ts, slow.revision, slow.values)`,
      [ask.map(({ id }) => id), ask.map(({ time }) => time), strict],
    );
    t.same(differing, [], `${ask.length} questions, strict ${strict}`);
  }
});
