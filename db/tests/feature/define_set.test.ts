import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, dayAfter, defineSet, flatBar, openBench, randomBar, randomNumbers, startRun } from "./fixture.ts";

/** How an expression is refused; the state of the database must be what it was. */
async function refusal(db: TestDatabase, expression: unknown, purpose: "author" | "migrator" = "author") {
  return db.refused(
    "select feature.define_set('bad', 'For a test.', array[row('x', $1::text, 'x')::feature.definition])", [expression], purpose,
  );
}

t.test("an expression that is anything but arithmetic is refused in a sentence", async (t) => {
  const db = await testDatabase(t);
  const before = await db.value("select count(*)::int from pg_class");
  const cases: [string | null, string, RegExp][] = [
    [null, "MB001", /empty/],
    ["   ", "MB001", /empty/],
    ["close;", "MB001", /';' cannot stand/],
    ["close; drop table market.price_data", "MB001", /cannot stand/],
    ["close -- comment", "MB001", /no comments/],
    ["close /* comment */", "MB001", /no comments/],
    ["(select 1)", "MB003", /select is not a column/],
    ["(select max(close) from market.price_data)", "MB003", /select is not a column/],
    ["exists (select 1)", "MB003", /exists is not a function/],
    ["pg_sleep(10)", "MB003", /pg_sleep is not a function/],
    ["pg_read_file('/etc/passwd')", "MB001", /cannot stand/],
    ["pg_catalog.pg_sleep(10)", "MB003", /pg_catalog.pg_sleep is not a function/],
    ["ta.pg_sleep(close)", "MB003", /no kernel ta.pg_sleep/],
    ["lo_import(close)", "MB003", /lo_import is not a function/],
    ["set_config(close, close, close)", "MB003", /set_config is not a function/],
    ["create table x (y int)", "MB003", /create is not a column/],
    ["drop", "MB003", /drop is not a column/],
    ["close::text", "MB001", /':' cannot stand/],
    ["'a'", "MB001", /cannot stand/],
    ["$$a$$", "MB001", /cannot stand/],
    ["\"close\"", "MB001", /cannot stand/],
    ["close[1]", "MB001", /cannot stand/],
    ["close\\", "MB001", /cannot stand/],
    ["clöse", "MB003", /clöse is not a column/],
    ["close %s", "MB001", /cannot stand/],
    ["$1", "MB001", /cannot stand/],
    ["recorded_at", "MB003", /recorded_at is not a column/],
    ["market.price_data", "MB003", /is not a column/],
    ["ts", "MB003", /ts is not a column/],
    ["close +", "MB001", /ends where a value is expected/],
    ["close close", "MB001", /does not go on with close/],
    ["(close", "MB001", /ends where \) is expected/],
    ["close)", "MB001", /does not go on with \)/],
    ["- - close", "MB001", /Two signs/],
    ["close * / open", "MB001", /value is expected/],
    ["close > open", "MB001", /A condition stands/],
    ["close = open and high > low", "MB001", /A condition stands/],
    ["case when close then 1 end", "MB001", /A number stands where when/],
    ["case when close > open then 1", "MB001", /end is expected/],
    ["ta.sma((close > open), 5)", "MB001", /A condition stands/],
    ["1 + 2", "MB001", /uses no column/],
    ["1 / 0", "MB001", /1 \/ 0 cannot be computed/],
    ["close * 1e999", "MB001", /out of range/],
    ["close * 1e200", "MB001", /out of range/],
    ["close ^ open", "MB001", /exponent/],
    ["ta.sma(close, 0)", "MB001", /period/],
    ["ta.sma(close, -5)", "MB001", /period/],
    ["ta.sma(close, 2.5)", "MB001", /whole number/],
    ["ta.sma(close, open)", "MB001", /whole number/],
    ["ta.sma(5, close)", "MB001", /is a series; 5 is a number/],
    ["ta.rolling_mean(close, 1000000)", "MB001", /look back/],
    ["ta.rolling_mean(close, 5, 5)", "MB001", /3 arguments/],
    ["ta.window_sum(close, 5)", "MB003", /no kernel/],
    ["ta.smaa(close, 5)", "MB003", /no kernel ta.smaa/],
    ["abs(close, open)", "MB001", /abs was given 2 arguments/],
    ["close + " .repeat(300) + "close", "MB001", /characters|too long/],
    ["(".repeat(40) + "close" + ")".repeat(40), "MB001", /too long/],
    ["close".padEnd(3000), "MB001", /2000 are the limit/],
    ["x".repeat(1_000_000), "MB001", /2000 are the limit/],
    [`${"sqrt(".repeat(28)}close${")".repeat(28)}`, "MB001", /nests too many/],
    [`${"- (".repeat(28)}close${")".repeat(28)}`.replace("close", "clos"), "MB003", /clos is not a column/],
  ];
  for (const [expression, code, message] of cases) {
    const refused = await refusal(db, expression);
    t.match({ code: refused.code, message: refused.message }, { code, message }, `${code}: ${expression?.slice(0, 40)}`);
    t.match(refused.message, /^Feature x\b/, "the feature is named");
    t.ok(refused.hint, "a hint says what to do");
  }
  t.equal(await db.value("select count(*)::int from feature.feature_set where name = 'bad'"), 0, "nothing is defined");
  t.equal(await db.value("select count(*)::int from pg_class"), before, "nothing is created");
});

t.test("a set is refused for its names", async (t) => {
  const db = await testDatabase(t);
  const define = (name: string | null, features: string, description: string | null = "For a test.") =>
    db.refused(`select feature.define_set($1, $2, ${features})`, [name, description], "author");
  const good = "array[row('x', 'close', 'x')::feature.definition]";
  t.match(await define("Bad Name", good), { code: "MB001", message: /not a name for a set/ });
  t.match(await define(null, good), { code: "MB001" });
  t.match(await define("x; drop table y", good), { code: "MB001" });
  t.match(await define("ok", good, " "), { code: "MB001", message: /no description/ });
  t.match(await define("ok", "null"), { code: "MB001", message: /1 to 500 features/ });
  t.match(await define("ok", "array[row('X', 'close', 'x')::feature.definition]"), { code: "MB001", message: /not a name for a feature/ });
  t.match(await define("ok", "array[row('ts', 'close', 'x')::feature.definition]"), { code: "MB001", message: /name of another column/ });
  t.match(await define("ok", "array[row('x', 'close', 'x'), row('x', 'open', 'x')]::feature.definition[]"), { code: "MB001", message: /used twice/ });
  t.match(await define("ok", "array[row('x', 'close', null)::feature.definition]"), { code: "MB001", message: /no description/ });
  t.match(await define("ok", "array[row('x_1', 'close', 'x'), row('x1', 'open', 'x')]::feature.definition[]"), { code: "MB001", message: /used twice/ }, "the API could not tell them apart");
  for (const taken of ["feature_vector", "feature_data", "trade", "trades", "price_data", "company_fundamentals", "feature_latest", "qlib_14", "technicals", "known_vector"]) {
    t.match(await define(taken, good), { code: "MB008", message: /name of something else/ }, taken);
  }
  t.match(await db.refused(`select feature.define_set('ok', 'x', ${good}, '7d')`, [], "author"), { code: "MB001", message: /length of bars/ });
  t.match(await db.refused(`select feature.define_set('qlib14', 'x', ${good}, '1h')`, [], "author"), { code: "MB008", message: /made of bars of length 1d/ });
  t.match(await db.refused(`select feature.define_set('ok', 'x', ${good})`, [], "reader"), { code: "42501" }, "a reader defines nothing");
});

t.test("what PostgreSQL computes from an expression is what the compiled query computes", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const instrumentId = await addInstrument(bench, "AAA");
  const random = randomNumbers(7);
  await addBars(bench, instrumentId, Array.from({ length: 60 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  // Each expression with the same in SQL over the columns of a bar.
  const pairs: [string, string?][] = [
    ["close - open - high"], ["close - (open - high)"], ["close / open / high"], ["close / (open * high)"], ["-close ^ 2"], ["(-close) ^ 2"], ["-(close ^ 2)"],
    ["close ^ 2 ^ 0.5"], ["1 / 2 * close", "0.5 * close"], ["2 - -close", "2 - (-close)"], ["close * -0.5 - -1.5", "close * (-0.5) - (-1.5)"],
    ["abs(open - close) + greatest(open, close) - least(open, close, high)"],
    ["case when close > open and not high < 100 then 1 else 0 end"], ["case when close >= open or volume is null then close when close <> 3 then open end"],
    ["case when (close > open) and (open is not null) then 1.5 end"], ["sign(close - open) * sqrt(volume)"], ["ln(volume + 1) - log10(close)"],
    ["power(close - open, 2) + exp(close / 100)"], ["sqrt(close - open)", "sqrt(case when close >= open then close - open end)"],
    ["close / (open - open)", "null"], ["ln(open - open)", "null"], ["coalesce(close / (open - open), 7)", "7"], ["exp(close * 1000)", "null"],
    ["nullif(sign(close - open), 1)"], ["(open - close) ^ 0.5", "case when open > close then (open - close) ^ 0.5 end"], ["(open - open) ^ -1", "null"],
    ["CLOSE + Open", "close + open"], ["round(close) + floor(open) - ceil(low) + tanh(high / 100) + atan(low)"],
  ];
  const set = Object.fromEntries(pairs.map(([expression], i) => [`f${i}`, expression]));
  t.equal((await defineSet(bench.db, "arithmetic", set)).lookback, 0, "arithmetic alone looks back on nothing");
  await compute(bench, "arithmetic", instrumentId);
  for (const [i, [expression, sql]] of pairs.entries()) {
    const differing = await bench.db.value(
      `select count(*)::int from feature.arithmetic as a join market.price_data as p using (instrument_id, ts)
       where a.f${i} is distinct from (${sql ?? expression})::double precision`,
    );
    t.equal(differing, 0, expression);
  }
});

t.test("the type of a moving average decides how far a kernel looks back", async (t) => {
  const db = await testDatabase(t);
  const lookbacks = {
    "ta.stoch_k(high, low, close, 14, 3, 3)": 13 + 2 + 2,
    "ta.stoch_d(high, low, close, 14, 3, 3, 2, 5)": 13 + 2 + 2,
    "ta.stoch_d(high, low, close, 14, 3, 3, 0, 1)": null,
    "ta.stoch_d(high, low, close, 14, 3, 1, 0, 1)": 13 + 2,
    "ta.apo(close, 26, 12)": 25,
    "ta.apo(close, 26, 12, 8)": null,
    "ta.macdext(close, 5, 30, 9, 1)": null,
    "ta.macdext(close, 5, 30, 9, 5, 2, 0)": 29 + 8,
  };
  for (const [expression, expected] of Object.entries(lookbacks)) {
    t.equal((await defineSet(db, "averages", { x: expression })).lookback, expected, `${expression} looks back ${expected ?? "on all"} bars`);
  }
});

t.test("kernels within kernels run in stages, each once, and their lookbacks add up", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { lookback } = await defineSet(bench.db, "nested", {
    direct: "ta.rolling_mean(ta.rolling_mean(close, 5), 10)",
    between: "ta.rolling_std(close / ta.ref(close, 1) - 1, 20)",
    again: "ta.rolling_max(ta.rolling_mean(close, 5) - ta.rolling_mean(close, 10), 3) * ta.rolling_mean(close, 5)",
    deep: "ta.rolling_mean(ta.rolling_std(close / ta.ref(close, 1) - 1, 20) * volume, 7)",
  });
  t.equal(lookback, 1 + 19 + 6, "the longest chain counts");
  const sql = await bench.db.value<string>("select (feature.version_of('nested')).compiled_sql");
  t.equal(sql.match(/feature\.moments\(close\) over frame_4/g)?.length, 1, "a kernel that is used four times is called once");
  t.equal(sql.match(/ end as rolling_std_/g)?.length, 1);

  const instrumentId = await addInstrument(bench, "AAA");
  const random = randomNumbers(8);
  await addBars(bench, instrumentId, Array.from({ length: 80 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  t.equal(await compute(bench, "nested", instrumentId), 80);
  // The same by window functions.
  const worst = await bench.db.value<number>(`
    with one as (
      select ts, volume, avg(close) over (order by ts rows 4 preceding) as mean5, avg(close) over (order by ts rows 9 preceding) as mean10,
        close / lag(close) over (order by ts) - 1 as change
      from market.price_data
    ), two as (
      select ts, volume, mean5, mean5 - mean10 as gap, avg(mean5) over (order by ts rows 9 preceding) as direct,
        stddev_samp(change) over (order by ts rows 19 preceding) as between
      from one
    ), three as (
      select ts, direct, between, max(gap) over (order by ts rows 2 preceding) * mean5 as again,
        avg(between * volume) over (order by ts rows 6 preceding) as deep
      from two
    )
    select max(greatest(
      abs(n.direct / three.direct - 1), abs(n.between / three.between - 1), abs(n.again - three.again), abs(n.deep / three.deep - 1),
      case when (n.direct, n.between, n.again, n.deep) is null then 9 end,
      case when num_nulls(n.direct, n.between, n.again, n.deep) <> num_nulls(three.direct, three.between, three.again, three.deep) then 9 end
    ))
    from feature.nested as n join three using (ts)`);
  t.ok(worst < 1e-9, `as window functions compute it, at worst ${worst}`);
});

t.test("the same definitions change nothing; other ones make a version and keep the old values", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const instrumentId = await addInstrument(bench, "AAA");
  await addBars(bench, instrumentId, [1, 2, 3, 4].map((close, i) => flatBar(dayAfter(i), close)));
  const first = await defineSet(db, "mine", { a: "close + 1", b: "ta.ref(close, 1)" });
  await compute(bench, "mine", instrumentId);
  t.same(await defineSet(db, "mine", { a: "close + 1", b: "ta.ref(close, 1)" }), first, "again");
  t.same(await defineSet(db, "mine", { a: " CLOSE+1", b: "ta.ref( close,1 )" }), first, "spaces and capitals do not count");
  await db.query("select feature.define_set('mine', 'Said better.', array[row('a', 'close + 1', 'One more.'), row('b', 'ta.ref(close, 1)', 'Before.')]::feature.definition[])");
  t.equal(await db.value("select count(*)::int from feature.feature_set_version join feature.feature_set using (feature_set_id) where name = 'mine'"), 1, "one version");
  t.match(await db.value("select obj_description('feature.mine'::regclass)"), /Said better/, "the description follows");
  t.equal(await db.value("select col_description('feature.mine'::regclass, attnum) from pg_attribute where attrelid = 'feature.mine'::regclass and attname = 'a'"), "One more.");

  const second = await defineSet(db, "mine", { b: "ta.ref(close, 2)", c: "close" });
  t.not(second.version, first.version);
  t.same(
    (await db.query("select * from feature.mine")).length, 0, "the view shows the new version, which has no values yet",
  );
  await compute(bench, "mine", instrumentId);
  t.same(await db.query("select b, c from feature.mine order by ts", [], "reader"), [{ b: null, c: 1 }, { b: null, c: 2 }, { b: 1, c: 3 }, { b: 2, c: 4 }]);
  t.same(
    (await db.query("select value from feature.feature_data_version where feature_set = 'mine' and version = $1 and feature_name = 'a' order by ts", [first.version], "reader"))
      .map(({ value }) => value),
    [2, 3, 4, 5], "the old version is readable",
  );
  t.same(
    await db.query("select feature_name, bars::int, differing::int, largest_absolute from feature.diff('mine', $1, $2)", [first.version, second.version], "reader"),
    [{ feature_name: "b", bars: 4, differing: 3, largest_absolute: 1 }], "and can be compared",
  );

  const third = await defineSet(db, "mine", { a: "close + 1", b: "ta.ref(close, 1)" });
  t.equal(third.version, first.version, "the old definitions have the old version");
  t.not(third.id, first.id, "with a row of its own, since it was not in force in between");
  t.same(
    await db.query("select is_current, in_force_to is null as open from feature.feature_set_version join feature.feature_set using (feature_set_id) where name = 'mine' order by in_force_from"),
    [{ is_current: false, open: false }, { is_current: false, open: false }, { is_current: true, open: true }],
  );
});

t.test("a changed kernel puts a new version into force by itself", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  await db.query(`
    create function ta.scaled(series double precision[], factor integer) returns double precision[] language sql immutable parallel safe
      return ta.rolling_sum(series, factor);
    comment on function ta.scaled(double precision[], integer) is E'For a test.\\nlookback: factor - 1';
    grant execute on function ta.scaled to marketbase_reader`);
  const instrumentId = await addInstrument(bench, "AAA");
  await addBars(bench, instrumentId, [1, 2, 3, 4].map((close, i) => flatBar(dayAfter(i), close)));
  const first = await defineSet(db, "mine", { x: "ta.scaled(close, 2)" });
  t.equal(first.lookback, 1);
  const stale = async () => db.query<{ feature_set: string; rows_changed: string }>("select feature_set, rows_changed from pipeline.compute_stale_features($1)", [await startRun(db)], "worker");
  t.same((await stale()).filter((row) => row.feature_set === "mine"), [{ feature_set: "mine", rows_changed: "4" }]);
  t.same(await stale(), [], "nothing is left to do");

  await db.query(`
    create or replace function ta.scaled(series double precision[], factor integer) returns double precision[] language sql immutable parallel safe
      return ta.rolling_mean(series, factor)`);
  t.same(await stale(), [{ feature_set: "mine", rows_changed: "4" }], "its values are computed in full, the other sets are left alone");
  t.same((await db.query("select x from feature.mine order by ts")).map(({ x }) => x), [1, 1.5, 2.5, 3.5]);
  const second = await db.value<string>("select version from feature.version_of('mine')");
  t.not(second, first.version);
  t.same(
    (await db.query("select value from feature.feature_data_version where version = $1 order by ts", [first.version])).map(({ value }) => value), [1, 3, 5, 7],
    "the old values stay readable by version",
  );
  t.same((await db.query("select values[1] as x from feature.point_in_time('mine', array[$1]::bigint[], array['2020-02-01']::timestamptz[], p_version => $2)", [instrumentId, first.version])), [{ x: 7 }]);
  t.match(await db.refused("select feature.version_of('mine', 'ffff')"), { code: "MB003", hint: new RegExp(second) });
  await db.query("drop function ta.scaled");
  t.match(await db.refused("select feature.refresh_versions()"), { code: "MB003", message: /no kernel ta.scaled/ });
});
