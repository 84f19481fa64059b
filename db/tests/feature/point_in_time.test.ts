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
  await addBars(bench, instrumentId, [flatBar(dayAfter(60), 9, "2020-02-10T00:00:00Z")]);
  await compute(bench, "mean3", instrumentId);
  t.same(await known(["2020-02-11T00:00:00Z", "2020-03-02T00:00:00Z"]), [[dayAfter(4), 5, 2], [dayAfter(60), 7, 1]], "a bar that has not begun is not known, whatever somebody says");
  t.same(await known(["2020-02-03T00:00:00Z", "2020-02-03T00:00:00.000001Z"], ", p_ttl => '2 days'"), [[dayAfter(4), 5, 2], [null, null, null]], "not known for longer than the ttl");
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
  // Every revision that there ever was, searched by hand in TypeScript.
  const revisions = await db.query<Revision>(
    `select instrument_id, (extract(epoch from ts) * 1e6)::bigint::text as ts, revision, values[1] as mean,
       case when known_from = '-infinity' then null else (extract(epoch from known_from) * 1e6)::bigint::text end as known_from,
       case when known_to = 'infinity' then null else (extract(epoch from known_to) * 1e6)::bigint::text end as known_to
     from feature.feature_vector_version`,
  );
  t.ok((await db.value<number>("select count(*)::int from feature.feature_vector_history")) > 50, "there is history");
  t.ok(revisions.some((one) => one.known_to !== null && one.known_to === one.known_from), "some revision was never the one to know");
  // Ties: decisions at the very microsecond at which something became known or stopped to be.
  for (const { instrument_id, known_from, known_to } of revisions.slice(0, 150)) {
    for (const moment of [known_from, known_to]) if (moment !== null) ask.push({ id: instrument_id, time: new Date(Number(BigInt(moment) / 1000n)).toISOString() });
  }
  const day = 86_400_000_000n;
  const search = (id: Id, time: string, options: Options): [string | null, number | null, number | null] => {
    const decision = BigInt(Date.parse(time)) * 1000n;
    const isKnown = ({ ts, known_from, known_to }: Revision) =>
      options.strict === true
        ? BigInt(ts) < decision && BigInt(known_from) < decision && (known_to === null || BigInt(known_to) >= decision)
        : BigInt(ts) <= decision && BigInt(known_from) <= decision && (known_to === null || BigInt(known_to) > decision);
    const best = revisions.filter((one) => one.instrument_id === id && isKnown(one)).sort((x, y) => (BigInt(x.ts) < BigInt(y.ts) ? 1 : -1))[0];
    if (best === undefined) return [null, null, null];
    if (options.toleranceDays !== undefined && BigInt(best.ts) < decision - BigInt(options.toleranceDays) * day) return [null, null, null];
    if (options.ttlDays !== undefined && BigInt(best.known_from) < decision - BigInt(options.ttlDays) * day) return [null, null, null];
    return [best.ts, best.revision, best.mean];
  };
  for (const options of [{}, { strict: true }, { toleranceDays: 3 }, { ttlDays: 2 }, { strict: true, toleranceDays: 5, ttlDays: 30 }] satisfies Options[]) {
    const { strict = false, toleranceDays = null, ttlDays = null } = options as Options & { toleranceDays?: number | null; ttlDays?: number | null };
    const found = await db.query<{ ts: string | null; revision: number | null; mean: number | null }>(
      `select (extract(epoch from ts) * 1e6)::bigint::text as ts, revision, values[1] as mean
       from feature.point_in_time('mean3', $1, $2, $3, p_tolerance => make_interval(hours => $4 * 24), p_ttl => make_interval(hours => $5 * 24))`,
      [ask.map(({ id }) => id), ask.map(({ time }) => time), strict, toleranceDays, ttlDays], "reader",
    );
    const expected = ask.map(({ id, time }) => search(id, time, options));
    t.same(found.map((row) => [row.ts, row.revision, row.mean]), expected, `${ask.length} questions, ${JSON.stringify(options)}`);
    t.ok(expected.some(([ts]) => ts !== null) && expected.some(([ts]) => ts === null), "some are known and some are not");
  }
});

interface Revision {
  instrument_id: Id;
  ts: string;
  revision: number;
  mean: number | null;
  known_from: string;
  known_to: string | null;
}

interface Options {
  strict?: boolean;
  toleranceDays?: number;
  ttlDays?: number;
}

t.test("several sets and tables of labels", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const { version } = await defineSet(db, "mean3", { mean: "ta.rolling_mean(close, 3)", twice: "close * 2" });
  await defineSet(db, "range1", { range: "high - low" });
  const ids: Id[] = [];
  for (const symbol of ["AAA", "BBB"]) {
    const id = await addInstrument(bench, symbol);
    ids.push(id);
    await addBars(bench, id, [1, 2, 3, 4].map((close, i) => flatBar(dayAfter(i), close * ids.length)));
    await compute(bench, "mean3", id);
  }
  await compute(bench, "range1", ids[0] as Id);
  const times = ["2020-01-05T22:00:00Z", "2020-01-05T22:00:00Z", "2020-01-05T21:00:00Z", "2019-01-01T00:00:00Z"];
  const asked = [ids[1], ids[0], ids[0], ids[0]];
  t.same(
    await db.query("select symbol, feature_names, values, ts::date[]::text as days from feature.point_in_time_join('{mean3,range1}', $1, $2)", [asked, times], "reader"),
    [
      { symbol: "BBB", values: [6, 8, null], days: `{${dayAfter(3)},NULL}` },
      { symbol: "AAA", values: [3, 8, 0], days: `{${dayAfter(3)},${dayAfter(3)}}` },
      { symbol: "AAA", values: [3, 8, 0], days: `{${dayAfter(3)},${dayAfter(3)}}` },
      { symbol: "AAA", values: [null, null, null], days: "{NULL,NULL}" },
    ].map((row) => ({ ...row, feature_names: ["mean3__mean", "mean3__twice", "range1__range"], ...(row.symbol === "BBB" ? { values: [6, 16, null] } : {}) })),
    "one row per pair, the sets side by side",
  );
  t.same(await db.query("select values from feature.point_in_time_join('{mean3}', $1, $2, p_versions => array[$3])", [asked, times, version]), [[6, 16], [3, 8], [3, 8], [null, null]].map((values) => ({ values })));
  t.match(await db.refused("select feature.point_in_time_join('{mean3,range1}', '{}', '{}', p_versions => '{x}')"), { code: "MB001" });
  t.match(await db.refused("select feature.point_in_time_join('{}', '{}', '{}')"), { code: "MB001" });
  t.match(await db.refused("select feature.point_in_time_join('{nobody}', '{}', '{}')"), { code: "MB003" });

  // Labels in a table with awkward names, by symbol, with rows that come twice and one of an unknown symbol.
  await db.query(`create schema "My Labels"; grant usage on schema "My Labels" to marketbase_reader`);
  await db.query(`create table "My Labels"."a ""quoted"" table; --" (symbol text, "when" timestamptz, "label; drop table x" double precision, "c1" int)`);
  await db.query(`insert into "My Labels"."a ""quoted"" table; --" values ('BBB', '2020-01-05 22:00Z', 0.5, 1), ('AAA', '2020-01-05 21:00Z', 0.25, 2), ('AAA', '2020-01-05 21:00Z', 0.25, 2), ('ZZZ', '2020-01-05 21:00Z', 0.75, 3), ('AAA', null, 0, 4)`);
  const table = `"My Labels"."a ""quoted"" table; --"`;
  const sql = await db.value<string>("select feature.point_in_time_query($1, '{mean3,range1}', p_time_column => 'when')", [table], "reader");
  t.match(await db.refused(sql, [], "reader"), { code: "42501" }, "the query has the rights of who runs it");
  const wide = await db.query(`${sql} order by c1`);
  t.same(wide.map((row) => ({ ...row, when: (row["when"] as Date | null)?.toISOString() })), [
    { symbol: "BBB", when: "2020-01-05T22:00:00.000Z", "label; drop table x": 0.5, c1: 1, mean3__mean: 6, mean3__twice: 16, range1__range: null },
    ...[1, 2].map(() => ({ symbol: "AAA", when: "2020-01-05T21:00:00.000Z", "label; drop table x": 0.25, c1: 2, mean3__mean: 3, mean3__twice: 8, range1__range: 0 })),
    { symbol: "ZZZ", when: "2020-01-05T21:00:00.000Z", "label; drop table x": 0.75, c1: 3, mean3__mean: null, mean3__twice: null, range1__range: null },
    { symbol: "AAA", when: undefined, "label; drop table x": 0, c1: 4, mean3__mean: null, mean3__twice: null, range1__range: null },
  ], "every label once, with a column for each feature");
  const options = await db.value<string>("select feature.point_in_time_query($1, '{mean3}', true, '1 hour', array[$2], '10 minutes', 'when', 'symbol')", [table, version]);
  t.ok((await db.query(options)).every((row) => row["mean3__mean"] === null), "strict, tolerance and ttl are kept");
  await db.query(`create view "My Labels".training as ${sql}`);
  t.equal(await db.value(`select count(mean3__mean)::int from "My Labels".training`), 3, "it makes a view");
  t.match(await db.refused("select feature.point_in_time_query($1, '{mean3}')", [table]), { code: "MB001", message: /has no column decision_time/, hint: /label; drop table x/ });
  t.match(await db.refused("select feature.point_in_time_query($1, '{mean3,mean3}', p_time_column => 'when')", [table]), { code: "MB001", message: /same name/ });
  t.match(await db.refused("select feature.point_in_time_query($1, '{nobody}', p_time_column => 'when')", [table]), { code: "MB003" });
  t.match(await db.refused("select feature.point_in_time_query('no.such', '{mean3}')"), { code: "42P01" });
});
