import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { largestDifference, numbers, readColumns, type Series } from "./reference.ts";

/** Numbers between 0 and 1 that are the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** Two series that move together; one in ten values is missing where holes are asked for. */
function pair(bars: number, holes: boolean): { x: Series; y: Series } {
  const next = randomNumbers(158);
  let level = 100;
  const points = Array.from({ length: bars }, () => {
    level *= 1 + (next() - 0.5) / 20;
    const hole = () => holes && next() < 0.1;
    return { x: hole() ? null : level, y: hole() ? null : 50 + level / 3 + 10 * next() };
  });
  return { x: points.map((point) => point.x), y: points.map((point) => point.y) };
}

/** Columns that DuckDB computes over x, y and bar, in order of the bars; NaN is null. */
async function byDuckDB({ x, y }: { x: Series; y: Series }, columns: readonly string[], frame: string): Promise<Series[]> {
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    const list = (series: Series) => `[${series.map((value) => value ?? "null").join(", ")}]::double[]`;
    const result = await connection.runAndReadAll(`
      with series as (select unnest(range(1, ${x.length + 1})) as bar, unnest(${list(x)}) as x, unnest(${list(y)}) as y),
        shifted as (select *, lag(x, 3) over (order by bar) as x_before, list(x) filter (x is not null) over w as xs from series window w as (order by bar rows ${frame}))
      select ${columns.map((sql, index) => `(${sql})::double as c${index}`).join(", ")} from shifted
      window w as (order by bar rows ${frame}) order by bar`);
    return result.getColumns().map((column) => (column as (number | null)[]).map((value) => (value !== null && Number.isFinite(value) ? value : null)));
  } finally {
    instance.closeSync();
  }
}

interface Twin {
  /** SQL of ours over x, y and the period n; with expanding_ for rolling_ and without n in the test of expanding windows. */
  readonly ours: string;
  readonly duckdb: string;
  /** Values that are smaller are compared with this. */
  readonly scale?: number;
  readonly rollingOnly?: true;
}

const twins: readonly Twin[] = [
  { ours: "rolling_sum(x, n)", duckdb: "sum(x) over w" },
  { ours: "rolling_mean(x, n)", duckdb: "avg(x) over w" },
  { ours: "rolling_std(x, n)", duckdb: "stddev_samp(x) over w" },
  { ours: "rolling_var(x, n)", duckdb: "var_samp(x) over w" },
  { ours: "rolling_max(x, n)", duckdb: "max(x) over w" },
  { ours: "rolling_min(x, n)", duckdb: "min(x) over w" },
  { ours: "rolling_idxmax(x, n)", duckdb: "arg_max(bar, x) over w - min(bar) over w + 1" },
  { ours: "rolling_idxmin(x, n)", duckdb: "arg_min(bar, x) over w - min(bar) over w + 1" },
  { ours: "rolling_count(x, n)", duckdb: "count(x) over w" },
  { ours: "rolling_med(x, n)", duckdb: "median(x) over w" },
  { ours: "rolling_quantile(x, n, 0.8)", duckdb: "quantile_cont(x, 0.8) over w" },
  { ours: "rolling_rank(x, n)", duckdb: "case when x is not null then (2 * len(list_filter(xs, lambda v: v < x)) + len(list_filter(xs, lambda v: v = x)) + 1) / (2 * len(xs)) end" },
  { ours: "rolling_slope(x, n)", duckdb: "regr_slope(x, bar) over w", scale: 0.01 },
  { ours: "rolling_rsquare(x, n)", duckdb: "case when count(x) over w > 1 then regr_r2(x, bar) over w end", scale: 0.1 },
  { ours: "rolling_resi(x, n)", duckdb: "x - regr_intercept(x, bar) over w - regr_slope(x, bar) over w * bar", scale: 1 },
  { ours: "rolling_corr(x, y, n)", duckdb: "corr(x, y) over w", scale: 0.1 },
  { ours: "rolling_cov(x, y, n)", duckdb: "covar_samp(x, y) over w", scale: 1 },
  { ours: "rolling_beta(x, y, n)", duckdb: "regr_slope(y, x) over w", scale: 0.1, rollingOnly: true },
  { ours: "rolling_autocorr(x, 3, n)", duckdb: "corr(x, x_before) over w", scale: 0.1, rollingOnly: true },
  { ours: "rolling_zscore(x, n)", duckdb: "(x - avg(x) over w) / stddev_samp(x) over w", scale: 0.1 },
  { ours: "rolling_minmax(x, n)", duckdb: "(x - min(x) over w) / nullif(max(x) over w - min(x) over w, 0)", rollingOnly: true },
];

t.test("operators agree with DuckDB's windows", async (t) => {
  const db = await testDatabase(t);
  // A period null is an expanding window; quantiles of more than 100 bars have a method of their own.
  for (const [period, holes] of [[20, false], [4, true], [150, true], [null, true]] as const) {
    const { x, y } = pair(400, holes);
    const cases = twins.filter((twin) => period !== null || twin.rollingOnly !== true);
    const expected = await byDuckDB({ x, y }, cases.map((twin) => twin.duckdb), period === null ? "unbounded preceding" : `${period - 1} preceding`);
    for (const [index, { ours, scale }] of cases.entries()) {
      const kernel = period === null ? ours.replace("rolling_", "expanding_").replace(", n", "") : ours.replace(/\bn\b/, String(period));
      const actual = await db.value<Series>(`select ta.${kernel} from (select $1::float8[] as x, $2::float8[] as y) as given`, [x, y]);
      const { difference, bar } = largestDifference(actual, expected[index]!, scale);
      t.ok(difference < 1e-10, `ta.${kernel}${holes ? " with holes" : ""}: largest difference ${difference.toExponential(1)} at bar ${bar}`);
    }
  }
});

t.test("operators that DuckDB does not have or computes less exactly agree with their definitions, window by window", async (t) => {
  const db = await testDatabase(t);
  const { x } = pair(400, true);
  type Window = readonly { readonly value: number; readonly place: number }[];
  const moment = (window: Window, power: number) => {
    const mean = window.reduce((sum, { value }) => sum + value, 0) / window.length;
    return window.reduce((sum, { value }) => sum + (power === 1 ? Math.abs(value - mean) : (value - mean) ** power), 0) / window.length;
  };
  const definitions: Readonly<Record<string, (window: Window, bars: number) => number | null>> = {
    "rolling_mad(x, n)": (window) => (window.length === 0 ? null : moment(window, 1)),
    "rolling_skew(x, n)": (window) => {
      const n = window.length;
      return n < 3 ? null : ((Math.sqrt(n * (n - 1)) / (n - 2)) * moment(window, 3)) / moment(window, 2) ** 1.5;
    },
    "rolling_kurt(x, n)": (window) => {
      const n = window.length;
      return n < 4 ? null : ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * (moment(window, 4) / moment(window, 2) ** 2 - 3) + 6);
    },
    // numpy: weights arange(n) / sum, then nanmean of the products.
    "rolling_wma(x, n)": (window, bars) => (bars === 1 || window.length === 0 ? null : window.reduce((sum, { value, place }) => sum + ((place - 1) / ((bars * (bars - 1)) / 2)) * value, 0) / window.length),
    // The weights n ... 1 from the newest back, rescaled to add up to 1.
    "decay_linear(x, n)": (window) => (window.length === 0 ? null : window.reduce((sum, { value, place }) => sum + place * value, 0) / window.reduce((sum, { place }) => sum + place, 0)),
    "rolling_max_drawdown(x, n)": (window) => {
      let peak = -Infinity;
      let worst = window.length === 0 ? null : 0;
      for (const { value } of window) {
        peak = Math.max(peak, value);
        worst = Math.min(worst!, value / peak - 1);
      }
      return worst;
    },
  };
  for (const period of [1, 4, 7, 60, 150, 1000]) {
    for (const [ours, definition] of Object.entries(definitions)) {
      const expected = x.map((_, bar) => {
        const first = Math.max(0, bar - period + 1);
        const window = x.slice(first, bar + 1).flatMap((value, index) => (value === null ? [] : [{ value, place: index + 1 }]));
        return definition(window, bar - first + 1);
      });
      const kernel = ours.replace(/\bn\b/, String(period));
      const { difference, bar } = largestDifference(await db.value<Series>(`select ta.${kernel} from (select $1::float8[] as x) as given`, [x]), expected, 0.1);
      t.ok(difference < 1e-10, `ta.${kernel}: largest difference ${difference.toExponential(1)} at bar ${bar}`);
    }
  }
  t.strictSame(await db.value("select ta.decay_linear($1, 20) from (select 1) as one", [pair(100, false).x]).then((r) => (r as Series).slice(19)), (await db.value<Series>("select ta.wma($1, 20)", [pair(100, false).x])).slice(19), "decay_linear of complete windows is TA-Lib's WMA");
});

t.test("published figures", async (t) => {
  const db = await testDatabase(t);
  const near = async (expression: string, expected: Series, what: string) => t.ok(largestDifference(await db.value<Series>(`select ${expression}`), expected, 1).difference < 1e-6, what);
  await near("ta.rolling_skew(array[4, 3, 5, 2, 6], 3)", [null, null, 0, 0.93522, -1.293343], "skewness of the documentation of Intel's pandas");
  await near("ta.rolling_kurt(array[1, 2, 3, 4, 999], 4)", [null, null, null, -1.2, 3.999946], "kurtosis of pandas' documentation");
  t.strictSame(await db.value("select ta.rolling_skew(array_fill(0.1::float8, array[5]), 3)"), [null, null, 0, 0, 0], "skewness of equal values: 0, as in pandas");
  t.strictSame(await db.value("select ta.rolling_kurt(array_fill(0.1::float8, array[5]), 4)"), [null, null, null, -3, -3], "kurtosis of equal values: -3, as in pandas");

  const managers = shared(t, "reference/performance-analytics/managers.csv");
  if (managers === undefined) return;
  const [names, ...months] = readFileSync(managers, "utf8").trim().split("\n").map((line) => line.replaceAll('"', "").split(","));
  for (const [name, drawdown] of Object.entries({ HAM1: 0.1518, HAM2: 0.2399, HAM3: 0.2894, HAM4: 0.2874, HAM5: 0.3405, HAM6: 0.0788, "EDHEC LS EQ": 0.1075, "SP500 TR": 0.4473 })) {
    let wealth = 1;
    const returns = numbers(months.map((month) => month[names!.indexOf(name)]!)).filter((value) => value !== null);
    const curve = [1, ...returns.map((value) => (wealth *= 1 + value))];
    const worst = (await db.value<Series>("select ta.expanding_max_drawdown($1)", [curve])).at(-1)!;
    t.equal((-worst).toFixed(4), drawdown.toFixed(4), `maximum drawdown of ${name}, as in PerformanceAnalytics`);
  }
});

t.test("running functions of TTR", async (t) => {
  const db = await testDatabase(t);
  const source = shared(t, "reference/ttr/ttrc__ttrc.csv");
  if (source === undefined) return;
  const columns = readColumns(source);
  const bars = ["High", "Low", "Close", "Volume"].map((name) => numbers(columns.get(name)).slice(0, 250));
  for (const [file, expression] of Object.entries({
    Sum: "rolling_sum(c, 10)", Mean: "rolling_mean(c, 10)", SD: "rolling_std(c, 10)", Var: "rolling_var(c, 10)", Median: "rolling_med(c, 10)",
    Max: "rolling_max(c, 10)", Min: "rolling_min(c, 10)", Cov: "rolling_cov(h, l, 10)", Cor: "rolling_corr(h, l, 10)",
  })) {
    const reference = shared(t, `reference/ttr/running-functions__output__all${file}.csv`);
    if (reference === undefined) return;
    const expected = numbers([...readColumns(reference).values()][0]);
    const actual = await db.value<Series>(`select ta.${expression} from (select $1::float8[] as h, $2::float8[] as l, $3::float8[] as c, $4::float8[] as v) as given`, bars);
    // TTR begins with the first complete window.
    const { difference, bar } = largestDifference(actual.map((value, index) => (index < 9 ? null : value)), expected);
    t.ok(difference < 1e-9, `run${file} = ta.${expression}: largest difference ${difference.toExponential(1)} at bar ${bar}`);
  }
});
