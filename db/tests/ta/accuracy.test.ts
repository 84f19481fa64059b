import t from "tap";
import { testDatabase } from "../support/database.ts";
import { largestDifference, type Series } from "./reference.ts";

/** The windows of a series, oldest value first; null while they are not complete. */
const windows = <T>(series: readonly T[], period: number, answer: (window: readonly T[]) => number): Series =>
  series.map((_, bar) => (bar < period - 1 ? null : answer(series.slice(bar - period + 1, bar + 1))));
const mean = (window: readonly number[]) => window.reduce((sum, x) => sum + x, 0) / window.length;
const deviation = (window: readonly number[]) => Math.sqrt(mean(window.map((x) => (x - mean(window)) ** 2)));

t.test("deviations at a high price with tiny moves equal a two-pass computation", async (t) => {
  const db = await testDatabase(t);
  const series = Array.from({ length: 3_000 }, (_, bar) => 100_000 + Math.sin(bar) / 1_000 + (bar % 7) / 10_000);
  // Two passes around a value near by: in doubles the subtraction is exact.
  const near = series.map((x) => x - 100_000);
  for (const period of [2, 20, 250]) {
    const actual = await db.value<Series>("select ta.stddev($1, $2)", [series, period]);
    const { difference } = largestDifference(actual, windows(near, period, deviation));
    t.ok(difference < 1e-9, `stddev of ${period}: largest difference ${difference.toExponential(1)}`);
    const slope = await db.value<Series>("select ta.linearreg_slope($1, $2)", [series, period]);
    const middle = (period - 1) / 2;
    const expected = windows(near, period, (window) => window.reduce((sum, x, j) => sum + (j - middle) * (x - mean(window)), 0) / ((period * (period * period - 1)) / 12));
    t.ok(largestDifference(slope, expected, 1e-6).difference < 1e-9, `linearreg_slope of ${period}: largest difference ${largestDifference(slope, expected, 1e-6).difference.toExponential(1)}`);
  }
});

t.test("a constant has exactly no deviation, no slope, and stays what it is", async (t) => {
  const db = await testDatabase(t);
  for (const constant of [0.1, 1 / 3, 123_456.789, 1e-9, 1e15 + 0.25]) {
    const series = Array(100).fill(constant) as number[];
    for (const [expression, expected] of [
      ["ta.stddev(s, 7)", 0], ["ta.var(s, 7)", 0], ["ta.rolling_std(s, 7)", 0], ["ta.linearreg_slope(s, 7)", 0], ["ta.rolling_slope(s, 7)", 0],
      ["ta.sma(s, 7)", constant], ["ta.ema(s, 7)", constant], ["ta.kama(s, 7)", constant], ["ta.rolling_max(s, 7)", constant], ["ta.ewm(s, 7)", constant],
      ["ta.rsi(s, 7)", 0], ["ta.cmo(s, 7)", 0], ["ta.macd(s, 3, 7, 4)", 0], ["ta.correl(s, s, 7)", 0], ["ta.roc(s, 7)", 0],
    ] as const) {
      t.equal((await db.value<Series>(`select ${expression} from (select $1::float8[] as s) as given`, [series])).at(-1), expected, `${expression} of ${constant}`);
    }
  }
});

t.test("the mean of a constant is that constant, for any period", async (t) => {
  const db = await testDatabase(t);
  const wrong = await db.query(`
    select period, x from generate_series(1, 99) as period, unnest(array[0.1, 0.7, 1.0 / 3, 49.99, 101.37, 123456.789, 1e-9]::float8[]) as x
    where (ta.sma(array_fill(x, array[100]), period))[100] <> x or (ta.cci(array_fill(x, array[100]), array_fill(x, array[100]), array_fill(x, array[100]), period))[100] <> 0`);
  t.strictSame(wrong, []);
});

t.test("long windows are as exact as short ones", async (t) => {
  const db = await testDatabase(t);
  const series = Array.from({ length: 600 }, (_, bar) => Math.round(10_000 + 100 * bar ** 0.5 + 300 * Math.sin(bar * bar)) / 100);
  for (const period of [100, 101, 250]) {
    const expected = windows(series, period, (window) => (window.at(-1)! - mean(window)) / (0.015 * mean(window.map((x) => Math.abs(x - mean(window))))));
    const cci = largestDifference(await db.value<Series>("select ta.cci($1, $1, $1, $2)", [series, period]), expected, 1);
    t.ok(cci.difference < 1e-9, `cci of ${period} bars: largest difference ${cci.difference.toExponential(1)}`);
    const median = windows(series, period, (window) => {
      const ordered = window.toSorted((a, b) => a - b);
      return (ordered[Math.floor((period - 1) / 2)]! + ordered[Math.ceil((period - 1) / 2)]!) / 2;
    });
    const med = largestDifference((await db.value<Series>("select ta.rolling_med($1, $2)", [series, period])).map((x, bar) => (bar < period - 1 ? null : x)), median);
    t.ok(med.difference < 1e-15, `rolling_med of ${period} bars: largest difference ${med.difference.toExponential(1)}`);
  }
});

t.test("sums forget an outlier of any size", async (t) => {
  const db = await testDatabase(t);
  const series = Array.from({ length: 60 }, (_, bar) => 100 + bar / 8);
  for (const outlier of [1e9, 1e20, 1e200, 1e300]) {
    const spoiled = series.with(20, outlier);
    for (const expression of ["ta.sma(s, 5)", "ta.wma(s, 5)", "ta.rolling_sum(s, 5)", "ta.linearreg(s, 5)"]) {
      const query = `select ${expression} from (select $1::float8[] as s) as given`;
      t.strictSame((await db.value<Series>(query, [spoiled])).slice(25), (await db.value<Series>(query, [series])).slice(25), `${expression} after ${outlier}`);
    }
  }
});

t.test("TA-Lib's seeds and warm-ups, by hand", async (t) => {
  const db = await testDatabase(t);
  const r = (expression: string) => db.value<Series>(`select ${expression}`);
  t.strictSame(await r("ta.ema(array[1, 2, 6, 7], 3)"), [null, null, 3, 5], "EMA: seed 3 = the mean of 1, 2, 6; then half of 7");
  t.strictSame(await r("ta.ema(array[1, 2, 6, null, 4, 4, 7, 9], 3)"), [null, null, 3, null, null, null, 5, 7], "EMA begins anew after NULL");
  t.strictSame(await r("ta.rsi(array[10, 11, 10, 12], 2)"), [null, null, 50, 83.33333333333333], "RSI: gains 1, 0, 2 and losses 0, 1, 0: averages .5 and .5, then 1.25 and .25");
  t.strictSame(await r("ta.cmo(array[10, 11, 10, 12], 2)"), [null, null, 0, 66.66666666666667], "CMO of the same averages");
  t.ok(largestDifference(await r("ta.macd(array[1, 2, 4, 8, 16], 1, 3, 2)"), [null, null, null, 8 - 31 / 6, 16 - 127 / 12]).difference < 1e-14, "MACD begins with its signal: slow averages 7/3, 31/6, 127/12");
  t.ok(largestDifference(await r("ta.macd_signal(array[1, 2, 4, 8, 16], 1, 3, 2)"), [null, null, null, 9 / 4, 2.25 + (2 / 3) * (65 / 12 - 2.25)]).difference < 1e-14, "the signal's seed is the mean of 5/3 and 17/6");
  t.ok(largestDifference(await r("ta.macd_hist(array[1, 2, 4, 8, 16], 1, 3, 2)"), [null, null, null, 17 / 6 - 9 / 4, (65 / 12 - 2.25) / 3]).difference < 1e-13, "the histogram is their difference");
  t.strictSame(await r("ta.wma(array[1, 2, 6, 7], 3)"), [null, null, (1 + 4 + 18) / 6, (2 + 12 + 21) / 6], "WMA weighs 1, 2, 3");
  t.strictSame(await r("ta.midpoint(array[1, 5, 2, 4], 3)"), [null, null, 3, 3.5], "MIDPOINT");
  t.strictSame(await r("ta.apo(array[1, 2, 3, 8], 2, 3)"), [null, null, 0.5, 5.5 - 13 / 3], "APO by simple averages, as TA-Lib's default");
  t.strictSame(await r("ta.ppo(array[1, 2, 3, 4], 3, 2)"), [null, null, 25, (0.5 / 3) * 100], "PPO: fast and slow in either order");
  t.strictSame(await r("ta.aroon_up(array[1, 3, 3, 2, 1], 3)"), [null, null, null, 66.66666666666667, 33.333333333333336], "Aroon: the newest of equal highs counts");
  t.strictSame(await r("ta.rolling_idxmax(array[1, 3, 3, 2, 1], 3)"), [1, 2, 2, 1, 1], "IdxMax: the oldest of equal highs counts");
  t.strictSame(
    await r("ta.tema(array[1, 2, 4, 7, 11, 16, 22], 3)"),
    await r("(select array_agg(3 * e1 - 3 * e2 + e3 order by n) from (select array[1, 2, 4, 7, 11, 16, 22]::float8[] as s) as given, unnest(ta.ema(s, 3), ta.ema(ta.ema(s, 3), 3), ta.ema(ta.ema(ta.ema(s, 3), 3), 3)) with ordinality as u (e1, e2, e3, n))"),
    "TEMA is made of three EMAs",
  );
  t.strictSame(await r("ta.ewm(array[1, null, 4], 3)"), [1, 1, (0.25 * 1 + 4) / 1.25], "EMA of qlib: NULL ages the others");
  t.strictSame(await r("ta.mfi(array[1, 2, 1, 3], array[1, 2, 1, 3], array[1, 2, 1, 3], array[10, 10, 10, 10], 3)"), [null, null, null, (100 * 50) / 60], "MFI: 20 and 30 in, 10 out");
});

t.test("an exponential mean outlives its weights and what it averages", async (t) => {
  const db = await testDatabase(t);
  // Weights of a third a bar are gone after 680 bars, a mean that halves after 1,075: a product that rounds to zero is an error of PostgreSQL.
  t.equal(await db.value("select (ta.ewm(array[7]::float8[] || array_fill(null::float8, array[5000]), 2))[5001]", []), 7, "a gap: the last value stays");
  t.equal(await db.value("select (ta.ewm(array[7]::float8[] || array_fill(null::float8, array[5000]) || 9::float8, 2))[5002]", []), 9, "and counts nothing once there is another");
  for (const span of [1, 2, 3, 4, 40]) {
    t.equal(await db.value("select (ta.ewm(array[1]::float8[] || array_fill(0::float8, array[20000]), $1))[20001]", [span]), 0, `ones long past, span ${span}`);
  }
  // Long series; with weights that hardly fall it is the plain mean.
  for (const [bars, span] of [[20_000, 2], [20_000, 250], [1_000_000, 2_000_000_000]]) {
    const { last, expected, lowest, highest } = (await db.query<Record<string, number>>(
      `with given as (select array_agg(100 + sin(n) order by n) as s from generate_series(1, $1::int) as n),
         weighted as (select sum((100 + sin(n)) * weight) / sum(weight) as mean from generate_series($1::int - least($1::int, 60 * $2::bigint)::int + 1, $1::int) as n
           cross join lateral (select exp(($1 - n) * ln(($2::float8 - 1) / ($2::float8 + 1))) as weight) as w)
       select made[$1] as last, weighted.mean as expected, (select min(x) from unnest(made) as x) as lowest, (select max(x) from unnest(made) as x) as highest
       from (select ta.ewm(s, $2::int) as made from given offset 0) as computed, weighted`, [bars, span],
    ))[0] as { last: number; expected: number; lowest: number; highest: number };
    t.ok(Math.abs(last / expected - 1) < 1e-12, `${bars} bars, span ${span}: ${last}, expected ${expected}`);
    t.ok(lowest >= 99 && highest <= 101, "no bar leaves the range of the values");
  }
});

t.test("what no reference has, by its formula", async (t) => {
  const db = await testDatabase(t);
  const series = Array.from({ length: 200 }, (_, bar) => Math.round(10_000 + 700 * Math.sin(bar * bar)) / 100);
  const weighted = (values: Series, period: number): Series =>
    values.map((_, bar) => {
      const window = values.slice(bar - period + 1, bar + 1);
      return bar < period - 1 || window.includes(null) ? null : window.reduce<number>((sum, x, j) => sum + (j + 1) * x!, 0) / ((period * (period + 1)) / 2);
    });
  for (const [period, half, root] of [[16, 8, 4], [9, 4, 3], [2, 1, 1], [30, 15, 5]] as const) {
    const [shorter, longer] = [weighted(series, half), weighted(series, period)];
    const hull = weighted(longer.map((x, bar) => (x === null ? null : 2 * shorter[bar]! - x)), root);
    t.ok(largestDifference(await db.value<Series>("select ta.hma($1, $2)", [series, period]), hull).difference < 1e-12, `hma of ${period}`);
  }
  for (const period of [1, 2, 7, 10, 120]) {
    const median = (window: readonly number[]) => {
      const ordered = window.toSorted((a, b) => a - b);
      return (ordered[Math.floor((window.length - 1) / 2)]! + ordered[Math.ceil((window.length - 1) / 2)]!) / 2;
    };
    const expected = windows(series, period, (window) => 1.4826 * median(window.map((x) => Math.abs(x - median(window)))));
    t.ok(largestDifference(await db.value<Series>("select ta.median_deviation($1, $2)", [series, period]), expected, 1).difference < 1e-12, `median_deviation of ${period}`);
  }
});

t.test("averages of a series that stands still fade without an error", async (t) => {
  const db = await testDatabase(t);
  const series = Array.from({ length: 3_500 }, (_, bar) => (bar < 100 ? 1 + ((bar * 7) % 13) : 0));
  const bars = "(select $1::float8[] as s, (select array_agg(x + 50) from unnest($1::float8[]) as x) as p) as given";
  for (const expression of [
    "ta.ema(s, 2)", "ta.ema(s, 3)", "ta.dema(s, 3)", "ta.tema(s, 3)", "ta.t3(s, 3)", "ta.kama(s, 3)", "ta.wilders(s, 2)", "ta.wilder_sum(s, 3)", "ta.zlema(s, 3)",
    "ta.mama(s)", "ta.fama(s)", "ta.ht_trendline(s)", "ta.sar(s, s)", "ta.sarext(s, s)", "ta.atr(s, s, s, 3)", "ta.natr(p, p, p, 3)", "ta.atr(p, p, p, 2)", "ta.adosc(s, s, s, s, 2, 3)",
    "ta.vidya(s, 2, 3)", "ta.kvo(s, s, s, p, 2, 3)", "ta.mass(s, s, 3)", "ta.edecay(s, 3)", "ta.evwma(s, p, 3)", "ta.smi(p, p, p, 3, 2, 3)", "ta.chaikin_volatility(s, p, 3)",
    "ta.rsi(p, 2)", "ta.cmo(s, 3)", "ta.plus_di(p, s, p, 2)", "ta.adx(s, s, s, 2)", "ta.dx(p, p, p, 2)", "ta.macd(s, 2, 3, 2)", "ta.macd_signal(p, 3, 2, 3)",
  ]) {
    const last = (await db.value<Series>(`select ${expression} from ${bars}`, [series])).at(-1);
    t.ok(typeof last === "number" && Math.abs(last) <= 100, `${expression} ends at ${last}`);
  }
});
