import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { largestDifference, numbers, readColumns, type Series } from "./reference.ts";

interface Case {
  /** The file of the expected values, without all or top before the last word. */
  readonly file: string;
  readonly column?: string;
  /** SQL over o, h, l, c, v: the columns of the bars. */
  readonly expression: string;
  /** Applied to each value, where TTR's unit or divisor is another one. */
  readonly scaled?: (value: number) => number;
  /** What differs on purpose, and how it is bridged. */
  readonly bridge?: string;
  /** The first bar to compare, counted from the first complete one. */
  readonly from?: number;
  /** TTR writes the value so many bars before the one where it is known. */
  readonly ahead?: number;
  /** Only one of the two inputs. */
  readonly only?: "all" | "top";
}

const typical = "ta.typprice(h, l, c)";

const cases: Case[] = [
  { file: "moving-averages__output__SMA", expression: "ta.sma(c, 10)" },
  { file: "moving-averages__output__EMA", expression: "ta.ema(c, 10)" },
  { file: "moving-averages__output__WMA", expression: "ta.wma(c, 10)" },
  { file: "moving-averages__output__DEMA", expression: "ta.dema(c, 10)" },
  { file: "running-functions__output__SD", expression: "ta.stddev(c, 10)", scaled: (x) => x * Math.sqrt(10 / 9), bridge: "the sample's deviation" },
  { file: "running-functions__output__Var", expression: "ta.var(c, 10)", scaled: (x) => (x * 10) / 9, bridge: "the sample's variance" },
  { file: "running-functions__output__Cor", expression: "ta.correl(h, l, 10)" },
  { file: "overlays__output__BBands", column: "up", expression: `ta.bbands_upper(${typical}, 20, 2)`, bridge: "TTR's bands are those of the typical price" },
  { file: "overlays__output__BBands", column: "mavg", expression: `ta.bbands_middle(${typical}, 20)` },
  { file: "overlays__output__BBands", column: "dn", expression: `ta.bbands_lower(${typical}, 20, 2)` },
  { file: "oscillators__output__RSI", expression: "ta.rsi(c, 14)" },
  { file: "oscillators__output__Stoch", column: "fastK", expression: "ta.stochf_k(h, l, c, 14, 1)", scaled: (x) => x / 100, bridge: "a fraction" },
  { file: "oscillators__output__Stoch", column: "fastD", expression: "ta.stochf_d(h, l, c, 14, 3)", scaled: (x) => x / 100, bridge: "a fraction" },
  { file: "oscillators__output__Stoch", column: "slowD", expression: "ta.stoch_d(h, l, c, 14, 3, 3)", scaled: (x) => x / 100, bridge: "a fraction" },
  { file: "oscillators__output__WPR", expression: "ta.willr(h, l, c, 14)", scaled: (x) => -x / 100, bridge: "a positive fraction" },
  { file: "oscillators__output__TRIX", column: "TRIX", expression: "ta.trix(c, 20)" },
  { file: "oscillators__output__UltOsc", expression: "ta.ultosc(h, l, c, 7, 14, 28)" },
  { file: "misc__output__Mom", expression: "ta.mom(c, 1)", only: "all" },
  { file: "misc__output__ROCd", expression: "ta.rocp(c, 1)", only: "all" },
  { file: "misc__output__ROCd", expression: "ta.roc(c, 1)", scaled: (x) => x / 100, bridge: "a fraction", only: "all" },
  { file: "trend__output__ADX", column: "DIp", expression: "ta.plus_di(h, l, c, 14)" },
  { file: "trend__output__ADX", column: "DIn", expression: "ta.minus_di(h, l, c, 14)" },
  { file: "trend__output__ADX", column: "DX", expression: "ta.dx(h, l, c, 14)" },
  { file: "trend__output__ADX", column: "ADX", expression: "ta.adx(h, l, c, 14)" },
  { file: "trend__output__ATR", column: "tr", expression: "ta.trange(h, l, c)" },
  { file: "trend__output__ATR", column: "atr", expression: "ta.atr(h, l, c, 14)" },
  { file: "trend__output__Aroon", column: "aroonUp", expression: "ta.aroon_up(h, 20)", bridge: "TTR begins a bar earlier, with 20 bars instead of 21", from: 20 },
  { file: "trend__output__Aroon", column: "aroonDn", expression: "ta.aroon_down(l, 20)", bridge: "TTR begins a bar earlier", from: 20 },
  { file: "trend__output__CCI", expression: "ta.cci(h, l, c, 20)" },
  { file: "volume__output__OBV", expression: "ta.obv(c, v)", only: "all" },
  { file: "volume__output__ChaikinAD", expression: "ta.ad(h, l, c, v)", only: "all" },
  { file: "volume__output__MFI", expression: "ta.mfi(cents(h), cents(l), cents(c), v, 14)", bridge: "in cents, because TTR adds in extended precision and sees ties that doubles miss" },
  { file: "moving-averages__output__EMAwilder", expression: "ta.wilders(c, 10)" },
  { file: "moving-averages__output__EVWMA", expression: "ta.evwma(c, v, 10)" },
  { file: "moving-averages__output__WMAvol", expression: "ta.vwma(c, v, 10)" },
  { file: "moving-averages__output__ZLEMA", expression: "ta.zlema(c, 10)" },
  { file: "running-functions__output__Sum", expression: "ta.sum(c, 10)" },
  { file: "running-functions__output__wSum", expression: "ta.wilder_sum(c, 10)" },
  { file: "running-functions__output__Max", expression: "ta.max(c, 10)" },
  { file: "running-functions__output__Min", expression: "ta.min(c, 10)" },
  { file: "running-functions__output__Mean", expression: "ta.sma(c, 10)" },
  { file: "running-functions__output__MAD", expression: "ta.median_deviation(c, 10)" },
  { file: "misc__output__EMV", column: "emv", expression: "ta.emv(h, l, v)", only: "all" },
  { file: "misc__output__EMV", column: "maEMV", expression: "ta.sma(ta.emv(h, l, v), 9)", only: "all" },
  { file: "misc__output__CLV", expression: "ta.clv(h, l, c)" },
  { file: "misc__output__KST", column: "kst", expression: "ta.kst(c)" },
  { file: "misc__output__KST", column: "signal", expression: "ta.kst_signal(c)" },
  { file: "volume__output__CMF", expression: "ta.cmf(h, l, c, v, 20)" },
  { file: "volume__output__WilliamsAD", expression: "ta.wad(h, l, c)", only: "all" },
  { file: "volatility__output__Chaikin", expression: "ta.chaikin_volatility(h, l, 10)", scaled: (x) => x / 100, bridge: "a fraction", only: "all" },
  { file: "volatility__output__Close", expression: "ta.volatility_close(c, 10, 260)" },
  { file: "volatility__output__GK", expression: "ta.volatility_garman_klass(o, h, l, c, 10, 260)" },
  { file: "volatility__output__Parkinson", expression: "ta.volatility_parkinson(h, l, 10, 260)" },
  { file: "volatility__output__RS", expression: "ta.volatility_rogers_satchell(o, h, l, c, 10, 260)" },
  { file: "trend__output__VHF", expression: "ta.vhf(c, 28)", only: "all" },
  { file: "trend__output__TDI", column: "tdi", expression: "ta.tdi(c, 20)", only: "all", bridge: "TTR counts momenta before the first one as 0", from: 59 },
  { file: "trend__output__TDI", column: "di", expression: "ta.tdi_direction(c, 20)", only: "all", bridge: "TTR counts momenta before the first one as 0", from: 39 },
  { file: "oscillators__output__DPO", expression: "ta.dpo(c, 10)", ahead: 6, bridge: "TTR dates the value 6 bars back, before it was known" },
  { file: "oscillators__output__SMI", column: "SMI", expression: "ta.smi(h, l, c, 13, 2, 25)" },
  { file: "oscillators__output__SMI", column: "signal", expression: "ta.smi_signal(h, l, c, 13, 2, 25, 9)" },
];

for (const input of ["all", "top"] as const) {
  t.test(`agrees with TTR on ${input === "all" ? "complete bars" : "bars whose first ten are missing"}`, async (t) => {
    const bars = shared(t, "reference/ttr/ttrc__ttrc.csv");
    if (bars === undefined) return;
    const db = await testDatabase(t);
    await db.query("create function public.cents(x float8[]) returns float8[] language sql return (select array_agg(round(v * 100) order by n) from unnest(x) with ordinality as u (v, n))");
    const columns = readColumns(bars);
    const series = ["Open", "High", "Low", "Close", "Volume"].map((name) => numbers(columns.get(name)).slice(0, 250).map((x, bar) => (input === "top" && bar < 10 ? null : x)));
    for (const { file, column = "", expression, scaled = (x: number) => x, bridge, from = 0, ahead = 0, only } of cases) {
      if (only !== undefined && only !== input) continue;
      const path = shared(t, `reference/ttr/${file.replace(/([A-Za-z]+)$/, `${input}$1`)}.csv`);
      if (path === undefined) return;
      const first = from + (input === "top" ? 10 : 0);
      const expected = readColumns(path);
      const actual = await db.value<Series>(`select ${expression} from (select $1::float8[] as o, $2::float8[] as h, $3::float8[] as l, $4::float8[] as c, $5::float8[] as v) as bars`, series);
      const { difference, bar } = largestDifference(
        actual.map((x) => (x === null ? null : scaled(x))).slice(first + ahead),
        numbers(expected.get(column) ?? [...expected.values()][0]).slice(first, 250 - ahead),
        1e-4,
      );
      t.ok(difference < 1e-9, `${expression}${bridge === undefined ? "" : ` (${bridge})`}: largest difference ${difference.toExponential(1)}${difference < 1e-9 ? "" : ` at bar ${bar + first}`}`);
    }
  });
}
