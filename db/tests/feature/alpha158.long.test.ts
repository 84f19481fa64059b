import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, openBench } from "./fixture.ts";

/** How near a value must be to DuckDB's, relative to it or to a thousandth. */
const doubleTolerance = 1e-9;

/**
 * How near a value must be to qlib's, which reads and computes in float32: to a few units of its 24 bits, or
 * - 0.001 where a candle of hardly any length divides differences of its prices, each rounded to 24 bits,
 * - 0.00005 where changes from bar to bar, or deviations from a mean or a line, are made of such rounded prices,
 * - 0.00001 for the place in a range of such prices, and 0.000001 for changes of the volume, which are larger than its rounding.
 */
const singleTolerance: Readonly<Record<string, number>> = {
  kmid2: 1e-3, kup2: 1e-3, klow2: 1e-3, ksft2: 1e-3,
  rsqr: 5e-5, corr: 5e-5, cord: 5e-5, wvma: 5e-5, sump: 5e-5, sumn: 5e-5, sumd: 5e-5,
  rsv: 1e-5, vsump: 1e-6, vsumn: 1e-6, vsumd: 1e-6,
};
const toleranceOf = (name: string) => singleTolerance[name] ?? singleTolerance[name.replace(/\d+$/, "")] ?? 3e-7;

function readCsv(path: string): string[][] {
  return gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n").map((line) => line.split(","));
}

/** The features of Alpha158 that look back on n bars, as DuckDB computes them over its own windows w in double precision. */
const windows = (n: number): Readonly<Record<string, string>> => {
  const over = `over w${n}`;
  const place = (extreme: string) => `(${extreme} ${over} - greatest(bar - ${n}, 0))`;
  const sums = (prefix: string, change: string) => ({
    [`${prefix}p${n}`]: `sum(greatest(${change}, 0)) ${over} / (sum(abs(${change})) ${over} + 1e-12)`,
    [`${prefix}n${n}`]: `sum(greatest(-${change}, 0)) ${over} / (sum(abs(${change})) ${over} + 1e-12)`,
    [`${prefix}d${n}`]: `(sum(greatest(${change}, 0)) ${over} - sum(greatest(-${change}, 0)) ${over}) / (sum(abs(${change})) ${over} + 1e-12)`,
  });
  return {
    [`roc${n}`]: `lag(close, ${n}) over (order by bar) / close`,
    [`ma${n}`]: `avg(close) ${over} / close`,
    [`std${n}`]: `stddev_samp(close) ${over} / close`,
    [`beta${n}`]: `regr_slope(close, bar) ${over} / close`,
    [`rsqr${n}`]: `regr_r2(close, bar) ${over}`,
    [`resi${n}`]: `(close - regr_intercept(close, bar) ${over} - regr_slope(close, bar) ${over} * bar) / close`,
    [`max${n}`]: `max(high) ${over} / close`,
    [`min${n}`]: `min(low) ${over} / close`,
    [`qtlu${n}`]: `quantile_cont(close, 0.8) ${over} / close`,
    [`qtld${n}`]: `quantile_cont(close, 0.2) ${over} / close`,
    [`rank${n}`]: `(2 * len(list_filter(closes${n}, lambda x: x < close)) + len(list_filter(closes${n}, lambda x: x = close)) + 1) / (2 * len(closes${n}))`,
    [`rsv${n}`]: `(close - min(low) ${over}) / (max(high) ${over} - min(low) ${over} + 1e-12)`,
    [`imax${n}`]: `${place("arg_max(bar, high)")} / ${n}`,
    [`imin${n}`]: `${place("arg_min(bar, low)")} / ${n}`,
    [`imxd${n}`]: `(arg_max(bar, high) ${over} - arg_min(bar, low) ${over}) / ${n}`,
    [`corr${n}`]: `corr(close, ln(volume + 1)) ${over}`,
    [`cord${n}`]: `corr(close / close_before, ln(volume / volume_before + 1)) ${over}`,
    [`cntp${n}`]: `avg(case when close > close_before then 1.0::double else 0 end) ${over}`,
    [`cntn${n}`]: `avg(case when close < close_before then 1.0::double else 0 end) ${over}`,
    [`cntd${n}`]: `avg(sign(coalesce(close - close_before, 0))::double) ${over}`,
    ...sums("sum", "(close - close_before)"),
    [`vma${n}`]: `avg(volume) ${over} / (volume + 1e-12)`,
    [`vstd${n}`]: `stddev_samp(volume) ${over} / (volume + 1e-12)`,
    [`wvma${n}`]: `stddev_samp(abs(close / close_before - 1) * volume) ${over} / (avg(abs(close / close_before - 1) * volume) ${over} + 1e-12)`,
    ...sums("vsum", "(volume - volume_before)"),
  };
};

const candle: Readonly<Record<string, string>> = {
  kmid: "(close - open) / open",
  klen: "(high - low) / open",
  kmid2: "(close - open) / (high - low + 1e-12)",
  kup: "(high - greatest(open, close)) / open",
  kup2: "(high - greatest(open, close)) / (high - low + 1e-12)",
  klow: "(least(open, close) - low) / open",
  klow2: "(least(open, close) - low) / (high - low + 1e-12)",
  ksft: "(2 * close - high - low) / open",
  ksft2: "(2 * close - high - low) / (high - low + 1e-12)",
  open0: "open / close",
  high0: "high / close",
  low0: "low / close",
  vwap0: "(high + low + close) / 3 / close",
};

/** The values of the features by bar, from DuckDB. */
async function byDuckDB(barsPath: string, symbol: string, features: Readonly<Record<string, string>>): Promise<Map<string, unknown[]>> {
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    const periods = [5, 10, 20, 30, 60];
    const result = await connection.runAndReadAll(`
      with numbered as (
        select row_number() over (order by date) as bar, * from read_csv('${barsPath}') where symbol = '${symbol}'
      ), bars as (
        select
          *, lag(close) over (order by bar) as close_before, lag(volume) over (order by bar) as volume_before,
          ${periods.map((n) => `list(close) over (order by bar rows ${n - 1} preceding) as closes${n}`).join(", ")}
        from numbered
      )
      select ${Object.entries(features).map(([name, sql]) => `(${sql})::double as ${name}`).join(", ")}
      from bars
      window ${periods.map((n) => `w${n} as (order by bar rows ${n - 1} preceding)`).join(", ")}
      order by bar`);
    const columns = result.getColumns();
    return new Map(result.columnNames().map((name, index) => [name, columns[index] as unknown[]]));
  } finally {
    instance.closeSync();
  }
}

t.test("alpha158 has the values of qlib, and in double precision those of DuckDB", async (t) => {
  const barsPath = shared(t, "reference/qlib/bars.csv.gz");
  const referencePath = shared(t, "reference/qlib/alpha158_float32.csv.gz");
  if (barsPath === undefined || referencePath === undefined) return;
  const bench = await openBench(await testDatabase(t));
  // The opens of these generated bars may lie outside their range.
  await bench.db.query("alter table market.price_data drop constraint price_data_open_in_range_check");
  const [header, ...reference] = readCsv(referencePath) as [string[], ...string[][]];
  const names = header.slice(2).map((name) => name.toLowerCase());
  t.same(await bench.db.value("select feature_names from feature.version_of('alpha158')"), names, "the 158 features of qlib, in its order");

  const symbol = reference[0]![0]!;
  const own = readCsv(barsPath).filter((bar) => bar[0] === symbol);
  const instrumentId = await addInstrument(bench, symbol.toUpperCase());
  await addBars(bench, instrumentId, own.map(([, date, open, high, low, close, volume]) => ({
    date: date as string, open: Number(open), high: Number(high), low: Number(low), close: Number(close), volume: Number(volume),
  })));
  t.equal(await compute(bench, "alpha158", instrumentId), own.length, "a vector for each bar");
  const vectors = (await bench.db.query<{ values: (number | null)[] }>(
    "select values from feature.feature_vector where instrument_id = $1 and cardinality(values) = 158 order by ts", [instrumentId],
  )).map((row) => row.values);
  t.equal(vectors.length, reference.length, "the bars of the reference");

  const features = Object.assign({}, candle, ...[5, 10, 20, 30, 60].map(windows)) as Readonly<Record<string, string>>;
  t.same(new Set(Object.keys(features)), new Set(names), "DuckDB computes all of them");
  const double = await byDuckDB(barsPath, symbol, features);

  for (const [column, name] of names.entries()) {
    const ours = vectors.map((vector) => vector[column] ?? null);
    const finite = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);
    const theirs = (double.get(name) ?? []).map(finite);
    const qlibs = reference.map((row) => (row[column + 2] === "" ? null : Number(row[column + 2])));
    const compare = (expected: readonly (number | null)[], distance: (value: number, expected: number) => number) => {
      let worst = 0;
      let nullsDiffer = 0;
      for (const [bar, value] of ours.entries()) {
        const wanted = expected[bar] ?? null;
        if ((value === null) !== (wanted === null)) nullsDiffer += 1;
        else if (value !== null && wanted !== null) worst = Math.max(worst, distance(value, wanted));
      }
      return { worst, nullsDiffer };
    };
    const inDouble = compare(theirs, (value, expected) => Math.abs(value - expected) / Math.max(Math.abs(expected), 1e-3));
    t.ok(inDouble.nullsDiffer === 0 && inDouble.worst < doubleTolerance, `${name}: DuckDB's, at worst ${inDouble.worst.toExponential(1)} apart`);
    // qlib has no vwap here: no such column is in its bars.
    if (name === "vwap0") continue;
    const inSingle = compare(qlibs, (value, expected) => Math.abs(value - expected));
    t.ok(inSingle.nullsDiffer === 0 && inSingle.worst < toleranceOf(name), `${name}: qlib's in float32, at worst ${inSingle.worst.toExponential(1)} apart`);
  }
});
