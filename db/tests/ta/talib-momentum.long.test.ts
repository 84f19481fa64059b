import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { loadTalib } from "../support/talib.ts";
import { largestDifference, numbers, readColumns, type Series } from "./reference.ts";

t.setTimeout(300_000);

type Column = "open" | "high" | "low" | "close" | "volume" | "unit";
type Bars = Record<Column, number[]>;

/** A function of TA-Lib and the kernels that give its outputs. */
interface Case {
  readonly talib: string;
  /** In TA-Lib's order, which is that of the kernels, too. */
  readonly inputs: readonly Column[];
  /** One kernel per output; with its inputs, where it takes only some. */
  readonly kernels: readonly (string | readonly [string, ...Column[]])[];
  /** Sets of options in TA-Lib's order. */
  readonly options?: readonly (readonly number[])[];
  /** The options in the order of the kernels, where that is another one. */
  readonly reordered?: (options: readonly number[]) => readonly number[];
  readonly outputs?: readonly ("real" | "integer")[];
  /** The size of the numbers whose difference the outputs are, where that is much larger than the outputs. */
  readonly size?: (bars: Bars) => number;
}

const hlc = ["high", "low", "close"] as const;
const series = ["close"] as const;
const periods = [[2], [5], [14], [100]];
const price = (bars: Bars) => Math.max(...bars.close);
const averages = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/** One value of each list, in turn, as often as the longest list is long. */
function mixed(...lists: readonly (readonly number[])[]): number[][] {
  return Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, index) => lists.map((list) => list[index % list.length]!));
}

const macdPeriods = [[12, 26, 9], [3, 10, 4], [26, 12, 9], [5, 34, 20], [2, 3, 2]];
const math = (talib: string, column: Column = "close"): Case => ({ talib, inputs: [column], kernels: [talib.toLowerCase()] });
const operator = (talib: string): Case => ({ talib, inputs: ["high", "open"], kernels: [talib.toLowerCase()] });

const cases: Case[] = [
  { talib: "ADX", inputs: hlc, kernels: ["adx"], options: periods },
  { talib: "ADXR", inputs: hlc, kernels: ["adxr"], options: periods },
  { talib: "APO", inputs: series, kernels: ["apo"], size: price, options: mixed([12, 3, 26, 5], [26, 10, 12, 5, 34], averages) },
  { talib: "AROON", inputs: ["high", "low"], kernels: [["aroon_down", "low"], ["aroon_up", "high"]], options: periods },
  { talib: "AROONOSC", inputs: ["high", "low"], kernels: ["aroonosc"], options: periods },
  { talib: "BOP", inputs: ["open", ...hlc], kernels: ["bop"] },
  { talib: "CCI", inputs: hlc, kernels: ["cci"], options: periods },
  { talib: "CMO", inputs: series, kernels: ["cmo"], options: periods },
  { talib: "DX", inputs: hlc, kernels: ["dx"], options: periods },
  { talib: "IMI", inputs: ["open", "close"], kernels: ["imi"], options: periods },
  { talib: "MACD", inputs: series, kernels: ["macd", "macd_signal", "macd_hist"], options: macdPeriods },
  {
    talib: "MACDEXT",
    inputs: series,
    kernels: ["macdext", "macdext_signal", "macdext_hist"],
    size: price,
    options: [
      ...averages.map((type) => [12, type, 26, type, 9, type]),
      ...mixed([3, 12, 26, 5], averages, [10, 26, 12, 7, 40], [1, 2, 3, 4, 5, 6, 8, 7, 0], [9, 4, 2, 1], [6, 0, 8, 5, 4, 2, 1, 3, 7]),
    ],
    reordered: ([fast, fastType, slow, slowType, signal, signalType]) => [fast!, slow!, signal!, fastType!, slowType!, signalType!],
  },
  { talib: "MACDFIX", inputs: series, kernels: ["macdfix", "macdfix_signal", "macdfix_hist"], options: [[9], [2], [5], [20]] },
  { talib: "MFI", inputs: [...hlc, "volume"], kernels: ["mfi"], options: periods },
  { talib: "MINUS_DI", inputs: hlc, kernels: ["minus_di"], options: periods },
  { talib: "MINUS_DM", inputs: ["high", "low"], kernels: ["minus_dm"], options: [[1], ...periods] },
  { talib: "MOM", inputs: series, kernels: ["mom"], options: [[1], ...periods] },
  { talib: "PLUS_DI", inputs: hlc, kernels: ["plus_di"], options: periods },
  { talib: "PLUS_DM", inputs: ["high", "low"], kernels: ["plus_dm"], options: [[1], ...periods] },
  { talib: "PPO", inputs: series, kernels: ["ppo"], size: () => 100, options: mixed([12, 3, 26, 5], [26, 10, 12, 5, 34], averages) },
  { talib: "ROC", inputs: series, kernels: ["roc"], options: [[1], ...periods] },
  { talib: "ROCP", inputs: series, kernels: ["rocp"], options: [[1], ...periods] },
  { talib: "ROCR", inputs: series, kernels: ["rocr"], options: [[1], ...periods] },
  { talib: "ROCR100", inputs: series, kernels: ["rocr100"], options: [[1], ...periods] },
  { talib: "RSI", inputs: series, kernels: ["rsi"], options: periods },
  {
    talib: "STOCH",
    inputs: hlc,
    kernels: ["stoch_k", "stoch_d"],
    options: [[5, 3, 0, 3, 0], [14, 1, 0, 1, 0], [1, 1, 0, 1, 0], ...mixed([5, 14, 3], [3, 5, 2, 10], averages, [3, 4, 1, 6, 2], [1, 2, 3, 4, 5, 6, 7, 8, 0])],
    reordered: ([fastK, slowK, slowKType, slowD, slowDType]) => [fastK!, slowK!, slowD!, slowKType!, slowDType!],
  },
  { talib: "STOCHF", inputs: hlc, kernels: ["stochf_k", "stochf_d"], options: [[5, 3, 0], [14, 1, 0], [1, 1, 0], ...mixed([5, 14, 3], [3, 5, 2, 10], averages)] },
  {
    // Without KAMA (6): where %K stays at 0 or 100, TA-Lib divides by the rounding errors that are left in the sum of its moves.
    talib: "STOCHRSI",
    inputs: series,
    kernels: ["stochrsi_k", "stochrsi_d"],
    options: [[14, 5, 3, 0], [2, 1, 1, 0], ...mixed([14, 5], [5, 14, 3], [3, 5, 2, 10], [0, 1, 2, 3, 4, 5, 7, 8])],
  },
  { talib: "TRIX", inputs: series, kernels: ["trix"], options: [[2], [5], [15], [30]] },
  { talib: "ULTOSC", inputs: hlc, kernels: ["ultosc"], options: [[7, 14, 28], [1, 2, 3], [28, 7, 14], [5, 5, 5]] },
  { talib: "WILLR", inputs: hlc, kernels: ["willr"], options: periods },

  { talib: "HT_DCPERIOD", inputs: series, kernels: ["ht_dcperiod"] },
  { talib: "HT_DCPHASE", inputs: series, kernels: ["ht_dcphase"] },
  { talib: "HT_PHASOR", inputs: series, kernels: ["ht_phasor_inphase", "ht_phasor_quadrature"] },
  { talib: "HT_SINE", inputs: series, kernels: ["ht_sine", "ht_leadsine"] },
  { talib: "HT_TRENDLINE", inputs: series, kernels: ["ht_trendline"] },
  { talib: "HT_TRENDMODE", inputs: series, kernels: ["ht_trendmode"], outputs: ["integer"] },

  ...["ACOS", "ASIN", "ATAN", "COSH", "EXP", "SINH", "SQRT", "TANH", "LN", "LOG10"].map((name) => math(name, "unit")),
  ...["ATAN", "CEIL", "COS", "COSH", "EXP", "FLOOR", "LN", "LOG10", "SIN", "SINH", "SQRT", "TAN", "TANH"].map((name) => math(name)),
  ...["ADD", "SUB", "MULT", "DIV"].map(operator),
];

/** Numbers that repeat from run to run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** A random walk; in steps of a tenth there are many equal prices. */
function walk(length: number, seed: number, step = 0.01): Bars {
  const next = random(seed);
  const rounded = (price: number) => Math.round(price / step) * step;
  const bars: Bars = { open: [], high: [], low: [], close: [], volume: [], unit: [] };
  let close = 100;
  for (let bar = 0; bar < length; bar++) {
    const open = rounded(close * Math.exp(0.01 * (next() - 0.5)));
    close = rounded(open * Math.exp(0.04 * (next() - 0.5)));
    bars.open.push(open);
    bars.close.push(close);
    bars.high.push(rounded(Math.max(open, close) + next()));
    bars.low.push(rounded(Math.min(open, close) - next()));
    bars.volume.push(1 + Math.round(1e6 * next()));
    bars.unit.push(2.5 * next() - 1.25);
  }
  return bars;
}

/** The last bars of a file that has the newest first. */
function fromFile(file: string, length: number): Bars {
  const columns = readColumns(file);
  const column = (name: string) => numbers(columns.get(name)?.slice(0, length)).reverse() as number[];
  const close = column("Close");
  return { open: column("Open"), high: column("High"), low: column("Low"), close, volume: column("Volume"), unit: close.map((x) => Math.sin(x)) };
}

t.test("agrees with TA-Lib to 1e-9: momentum, cycles and mathematics", async (t) => {
  const talib = await loadTalib();
  const sets: Record<string, Bars> = {
    "3 bars": walk(3, 1),
    "64 bars": walk(64, 2),
    "150 bars in steps of a tenth": walk(150, 4, 0.1),
    "300 bars": walk(300, 3),
  };
  const dowJones = shared(t, "prices/dji_table.csv.gz");
  const standardPoors = shared(t, "prices/gspc_table.csv.gz");
  if (dowJones === undefined || standardPoors === undefined) return;
  sets["Dow Jones"] = fromFile(dowJones, 250);
  sets["S&P 500"] = fromFile(standardPoors, 500);

  const db = await testDatabase(t);
  for (const [what, bars] of Object.entries(sets)) {
    await t.test(what, async (t) => {
      for (const { talib: name, inputs, kernels, options = [[]], reordered = (values: readonly number[]) => values, outputs = kernels.map(() => "real" as const), size = () => 0 } of cases) {
        const given = inputs.map((input) => bars[input]);
        const calls = options.flatMap((values) => kernels.map((kernel) => {
          const [called, ...own] = typeof kernel === "string" ? [kernel, ...inputs] : kernel;
          return `ta.${called}(${[...own.map((input) => `$${inputs.indexOf(input) + 1}::float8[]`), ...reordered(values)].join(", ")})`;
        }));
        const [row] = await db.query<Record<string, Series>>(`select ${calls.map((call, number) => `${call} as r${number}`).join(", ")}`, given);
        const found = options.flatMap((values) => talib(name, given, values, outputs)).map((output): Series => output.map((x) => (Number.isFinite(x) ? x : null)));
        let worst = { difference: -1, bar: -1, number: 0 };
        for (const [number, expected] of found.entries()) {
          // What is left of larger numbers that cancel out is noise, and TA-Lib's running sums collect it: next to zero a difference counts against these numbers.
          const largest = expected.reduce<number>((most, x) => Math.max(most, Math.abs(x ?? 0)), 0);
          const { difference, bar } = largestDifference(row![`r${number}`]!, expected, Math.max(1e-3 * largest, 1e-2 * size(bars)) || 1e-3);
          if (difference > worst.difference) worst = { difference, bar, number };
        }
        const { difference, bar, number } = worst;
        t.ok(difference <= 1e-9, `${name}: at most ${difference.toExponential(1)}, at bar ${bar} of ${calls[number]}`, { got: row![`r${number}`]![bar], expected: found[number]![bar] });
      }
    });
  }
});

t.test("a missing value begins the recursive kernels anew", async (t) => {
  const db = await testDatabase(t);
  const bars = walk(400, 6);
  const recursive = [
    "ht_dcperiod(c)", "ht_dcphase(c)", "ht_leadsine(c)", "ht_phasor_inphase(c)", "ht_phasor_quadrature(c)", "ht_sine(c)", "ht_trendline(c)", "ht_trendmode(c)",
    "adxr(h, l, c, 5)", "macdfix(c)", "macdfix_hist(c)", "minus_dm(h, l, 5)", "plus_dm(h, l, 5)", "plus_dm(h, l, 1)", "stochrsi_d(c)",
    ...averages.map((type) => `macdext(c, 3, 6, 4, ${type}, ${(type + 4) % 9}, ${8 - type})`),
    ...averages.map((type) => `stoch_d(h, l, c, 5, 3, 3, ${type}, ${8 - type})`),
    ...averages.map((type) => `apo(c, 3, 6, ${type})`),
  ];
  for (const kernel of recursive) {
    const call = (close: Series, high: Series, low: Series) =>
      db.value<Series>(`select ta.${kernel} from (select $1::float8[] as c, $2::float8[] as h, $3::float8[] as l) as given`, [close, high, low]);
    const holed = (series: number[]): Series => series.map((x, bar) => (bar === 149 ? null : x));
    const rest = await call(bars.close.slice(150), bars.high.slice(150), bars.low.slice(150));
    t.strictSame((await call(holed(bars.close), holed(bars.high), holed(bars.low))).slice(150), rest, `ta.${kernel} after a NULL is that of the bars after it`);
  }
});

t.test("a still price leaves the cycles defined, however long it lasts", async (t) => {
  const db = await testDatabase(t);
  const still = [...walk(100, 7).close, ...(Array(2_500).fill(100.25) as number[])];
  for (const kernel of ["ht_dcperiod", "ht_dcphase", "ht_leadsine", "ht_phasor_inphase", "ht_phasor_quadrature", "ht_sine", "ht_trendline", "ht_trendmode"]) {
    const result = await db.value<Series>(`select ta.${kernel}($1)`, [still]);
    t.ok(result.slice(63).every((x) => x !== null && Number.isFinite(x)), `ta.${kernel} has values`);
  }
  t.equal((await db.value<Series>("select ta.ht_trendline($1)", [still])).at(-1), 100.25, "the trendline is the price");
  t.same((await db.value<Series>("select ta.ht_phasor_quadrature($1)", [still])).at(-1), 0, "nothing turns");
});

t.test("what TA-Lib does otherwise", async (t) => {
  const talib = await loadTalib();
  const db = await testDatabase(t);
  const { high, low, close } = walk(60, 8);
  const [theirs] = talib("PLUS_DI", [high, low, close], [1]);
  const ours = await db.value<Series>("select ta.plus_di($1, $2, $3, 1)", [high, low, close]);
  const inPercent = theirs!.map((x) => (x === null ? null : 100 * x));
  t.ok(largestDifference(ours, inPercent, 1e-9).difference < 1e-9, "PLUS_DI of one bar is a fraction there, in percent here as for all other periods");

  const moves = [10, 11, 12, 13];
  t.strictSame(talib("IMI", [moves, moves], [2])[0], [null, NaN, NaN, NaN], "IMI without a move is NaN there,");
  t.strictSame(await db.value<Series>("select ta.imi($1, $1, 2)", [moves]), [null, null, null, null], "NULL here");

  // Whole numbers leave no rounding errors in TA-Lib's sums of moves; other values do, and then a still price has an efficiency of 0 instead of 1.
  const whole = [1, 33, 7, 100, 12, 33, 0, 0, 0, 0, 0, 0];
  const broken = [0.1, 33.333333333, 7.77777, 100, 12.3456789, 100 / 3, 0, 0, 0, 0, 0, 0];
  t.ok(largestDifference(await db.value<Series>("select ta.ma($1, 2, 6)", [whole]), talib("KAMA", [whole], [2])[0]!).difference < 1e-9, "KAMA of whole numbers is the same");
  t.ok(talib("KAMA", [broken], [2])[0]!.at(-1)! > 20 && (await db.value<Series>("select ta.ma($1, 2, 6)", [broken])).at(-1)! < 5, "KAMA of a price that stands still goes to it here");
});
