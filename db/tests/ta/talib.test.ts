import t, { type Test } from "tap";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";
import { loadTalib, type Talib } from "../support/talib.ts";
import { largestDifference, numbers, readColumns, type Series } from "./reference.ts";

/** Bars without gaps; periods is what MAVP asks for. */
interface Bars {
  readonly open: number[];
  readonly high: number[];
  readonly low: number[];
  readonly close: number[];
  readonly volume: number[];
  readonly periods: number[];
}

interface Case {
  /** TA-Lib's name and its inputs, in its order. */
  readonly name: string;
  readonly inputs: readonly (keyof Bars)[];
  /** Sets of TA-Lib's options, in its order. */
  readonly options?: readonly (readonly number[])[];
  /** Our expression for each of its outputs, over open, high, low, close, volume and periods. */
  readonly ours: (...options: number[]) => string[];
  readonly outputs?: readonly ("real" | "integer")[];
  /** Values below it are compared with it, because TA-Lib's own rounding is not below: its sums slide. */
  readonly scale?: number;
  /** The largest difference allowed, where TA-Lib's own error is larger than 1e-9. */
  readonly tolerance?: number;
}

const three = ["real", "real", "real"] as const;
const one = ["real"] as const;
const periods = (...all: number[]) => all.map((period) => [period]);
const everyType = [0, 1, 2, 3, 4, 5, 6, 7, 8];

const cases: Case[] = [
  { name: "SMA", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.sma(close, ${n})`] },
  { name: "EMA", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.ema(close, ${n})`] },
  { name: "WMA", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.wma(close, ${n})`] },
  { name: "DEMA", inputs: ["close"], options: periods(2, 5, 15), ours: (n) => [`ta.dema(close, ${n})`] },
  { name: "TEMA", inputs: ["close"], options: periods(2, 5, 15), ours: (n) => [`ta.tema(close, ${n})`] },
  { name: "TRIMA", inputs: ["close"], options: periods(2, 3, 5, 6, 29, 30), ours: (n) => [`ta.trima(close, ${n})`] },
  { name: "KAMA", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.kama(close, ${n})`] },
  { name: "T3", inputs: ["close"], options: [[2, 0.7], [5, 0.7], [5, 0], [8, 1]], ours: (n, v) => [`ta.t3(close, ${n}, ${v})`] },
  { name: "MAMA", inputs: ["close"], options: [[0.5, 0.05], [0.9, 0.01], [0.3, 0.3]], ours: (f, s) => [`ta.mama(close, ${f}, ${s})`, `ta.fama(close, ${f}, ${s})`], outputs: ["real", "real"] },
  { name: "HT_TRENDLINE", inputs: ["close"], ours: () => ["ta.ht_trendline(close)"] },
  { name: "MA", inputs: ["close"], options: everyType.flatMap((type) => [[1, type], [4, type], [11, type]]), ours: (n, type) => [`ta.ma(close, ${n}, ${type})`] },
  { name: "MAVP", inputs: ["close", "periods"], options: everyType.flatMap((type) => [[2, 12, type], [5, 6, type]]), ours: (least, most, type) => [`ta.mavp(close, periods, ${least}, ${most}, ${type})`] },
  { name: "BBANDS", inputs: ["close"], options: everyType.flatMap((type) => [[5, 2, 2, type], [20, 1.5, 2.5, type]]), ours: (n, up, down, type) => [`ta.bbands_upper(close, ${n}, ${up}, ${type})`, `ta.bbands_middle(close, ${n}, ${type})`, `ta.bbands_lower(close, ${n}, ${down}, ${type})`], outputs: three },
  { name: "ACCBANDS", inputs: ["high", "low", "close"], options: periods(2, 20), ours: (n) => ["upper", "middle", "lower"].map((band) => `ta.accbands_${band}(high, low, close, ${n})`), outputs: three },
  { name: "MIDPOINT", inputs: ["close"], options: periods(2, 14), ours: (n) => [`ta.midpoint(close, ${n})`] },
  { name: "MIDPRICE", inputs: ["high", "low"], options: periods(2, 14), ours: (n) => [`ta.midprice(high, low, ${n})`] },
  { name: "SAR", inputs: ["high", "low"], options: [[0.02, 0.2], [0.1, 0.1], [0.3, 0.2]], ours: (a, most) => [`ta.sar(high, low, ${a}, ${most})`] },
  {
    name: "SAREXT", inputs: ["high", "low"], ours: (...options) => [`ta.sarext(high, low, ${options.join(", ")})`],
    options: [[0, 0, 0.02, 0.02, 0.2, 0.02, 0.02, 0.2], [95, 0.01, 0.03, 0.02, 0.1, 0.01, 0.02, 0.3], [-110, 0.02, 0.3, 0.3, 0.2, 0.1, 0.4, 0.3]],
  },
  { name: "AVGPRICE", inputs: ["open", "high", "low", "close"], ours: () => ["ta.avgprice(open, high, low, close)"] },
  { name: "MEDPRICE", inputs: ["high", "low"], ours: () => ["ta.medprice(high, low)"] },
  { name: "TYPPRICE", inputs: ["high", "low", "close"], ours: () => ["ta.typprice(high, low, close)"] },
  { name: "WCLPRICE", inputs: ["high", "low", "close"], ours: () => ["ta.wclprice(high, low, close)"] },
  { name: "AVGDEV", inputs: ["close"], options: periods(2, 14, 120), ours: (n) => [`ta.avgdev(close, ${n})`], scale: 1e-3 },
  { name: "BETA", inputs: ["close", "open"], options: periods(5, 20), ours: (n) => [`ta.beta(close, open, ${n})`], scale: 1 },
  // TA-Lib subtracts sums of squares of prices from each other: over two bars it answers 1.0004, over five it loses half of its digits.
  { name: "CORREL", inputs: ["high", "low"], options: periods(5, 30), ours: (n) => [`ta.correl(high, low, ${n})`], scale: 1, tolerance: 1e-7 },
  { name: "CORREL", inputs: ["volume", "periods"], options: periods(5, 30), ours: (n) => [`ta.correl(volume, periods, ${n})`], scale: 1 },
  { name: "LINEARREG", inputs: ["close"], options: periods(2, 14), ours: (n) => [`ta.linearreg(close, ${n})`] },
  { name: "LINEARREG_ANGLE", inputs: ["close"], options: periods(2, 14), ours: (n) => [`ta.linearreg_angle(close, ${n})`], scale: 1e-3 },
  { name: "LINEARREG_INTERCEPT", inputs: ["close"], options: periods(2, 14), ours: (n) => [`ta.linearreg_intercept(close, ${n})`] },
  { name: "LINEARREG_SLOPE", inputs: ["close"], options: periods(2, 14), ours: (n) => [`ta.linearreg_slope(close, ${n})`], scale: 1e-3 },
  { name: "TSF", inputs: ["close"], options: periods(2, 14), ours: (n) => [`ta.tsf(close, ${n})`] },
  { name: "STDDEV", inputs: ["close"], options: [[5, 1], [30, 2]], ours: (n, d) => [`ta.stddev(close, ${n}, ${d})`], scale: 1 },
  { name: "VAR", inputs: ["close"], options: [[5, 1], [30, 1]], ours: (n) => [`ta.var(close, ${n})`], scale: 1 },
  { name: "ATR", inputs: ["high", "low", "close"], options: periods(2, 14), ours: (n) => [`ta.atr(high, low, close, ${n})`] },
  { name: "NATR", inputs: ["high", "low", "close"], options: periods(2, 14), ours: (n) => [`ta.natr(high, low, close, ${n})`] },
  { name: "TRANGE", inputs: ["high", "low", "close"], ours: () => ["ta.trange(high, low, close)"] },
  { name: "AD", inputs: ["high", "low", "close", "volume"], ours: () => ["ta.ad(high, low, close, volume)"], scale: 1e3 },
  { name: "ADOSC", inputs: ["high", "low", "close", "volume"], options: [[3, 10], [10, 3], [2, 5]], ours: (fast, slow) => [`ta.adosc(high, low, close, volume, ${fast}, ${slow})`], scale: 1e3 },
  { name: "OBV", inputs: ["close", "volume"], ours: () => ["ta.obv(close, volume)"] },
  { name: "MAX", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.max(close, ${n})`] },
  { name: "MIN", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.min(close, ${n})`] },
  { name: "SUM", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.sum(close, ${n})`] },
  { name: "MAXINDEX", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.maxindex(close, ${n})`], outputs: ["integer"] },
  { name: "MININDEX", inputs: ["close"], options: periods(2, 5, 30), ours: (n) => [`ta.minindex(close, ${n})`], outputs: ["integer"] },
];

/** A random walk in cents, so that equal prices occur, from a seed. */
function walk(length: number, seed: number, step: number): Bars {
  let state = seed;
  const next = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  const cents = (price: number) => Math.round(price * 100) / 100;
  const bars: Bars = { open: [], high: [], low: [], close: [], volume: [], periods: [] };
  let close = 100;
  for (let bar = 0; bar < length; bar++) {
    const open = cents(close * (1 + step * (next() - 0.5)));
    close = cents(open * (1 + 2 * step * (next() - 0.5)));
    bars.open.push(open);
    bars.close.push(close);
    bars.high.push(cents(Math.max(open, close) * (1 + step * next())));
    bars.low.push(cents(Math.min(open, close) * (1 - step * next())));
    bars.volume.push(Math.round(1e6 * next()));
    bars.periods.push(1 + 15 * next());
  }
  return bars;
}

async function compare(t: Test, db: TestDatabase, talib: Talib, what: string, bars: Bars): Promise<void> {
  const names = ["open", "high", "low", "close", "volume", "periods"] as const;
  const given = names.map((name, index) => `$${index + 1}::float8[] as ${name}`).join(", ");
  const values = names.map((name) => bars[name]);
  for (const { name, inputs, options = [[]], ours, outputs = one, scale, tolerance = 1e-9 } of cases) {
    for (const option of options) {
      const expected = talib(name, inputs.map((input) => bars[input]), option, outputs);
      const expressions = ours(...option);
      const [row] = await db.query<Record<string, Series>>(`select ${expressions.map((expression, index) => `${expression} as "${index}"`).join(", ")} from (select ${given}) as bars`, values);
      for (const [index, expression] of expressions.entries()) {
        const { difference, bar } = largestDifference(row![index]!, expected[index]!, scale);
        t.ok(difference < tolerance, `${what}: ${expression}: ${difference.toExponential(1)}${difference < tolerance ? "" : ` at bar ${bar}: ${row![index]![bar]}, TA-Lib has ${expected[index]![bar]}`}`);
      }
    }
  }
}

t.test("random walks", async (t) => {
  const db = await testDatabase(t);
  const talib = await loadTalib();
  for (const [length, seed, step] of [[1, 1, 0.02], [7, 2, 0.02], [40, 3, 0.05], [130, 4, 0.002], [300, 5, 0.03]] as const) {
    await compare(t, db, talib, `${length} bars`, walk(length, seed, step));
  }
});

t.test("real bars", async (t) => {
  const file = shared(t, "prices/sp500_5yr.csv.gz");
  if (file === undefined) return;
  const columns = readColumns(file);
  const db = await testDatabase(t);
  const talib = await loadTalib();
  const rows = columns.get("Name")!.flatMap((name, row) => (name === "AAPL" ? [row] : []));
  const column = (name: string) => numbers(rows.map((row) => columns.get(name)![row]!)) as number[];
  const bars = { open: column("open"), high: column("high"), low: column("low"), close: column("close"), volume: column("volume"), periods: rows.map((row) => 2 + (row % 17)) };
  await compare(t, db, talib, "AAPL", bars);
});

t.test("the unstable period of an EMA hides its first values", async (t) => {
  const db = await testDatabase(t);
  const { close } = walk(60, 6, 0.02);
  const [all, fewer] = [await db.value<Series>("select ta.ema($1, 10)", [close]), await db.value<Series>("select ta.ema($1, 10, 20)", [close])];
  t.strictSame(fewer, all.map((x, bar) => (bar < 29 ? null : x)));
});
