import { differentDates, wrongRows, type ServedBar } from "./files.ts";
import { adjusted, times, type Series } from "./series.ts";

/** A series with a defect, and where it is wrong. */
export interface Planted {
  readonly served: readonly ServedBar[];
  /** Rows at which a rule has to say so. */
  readonly wrong: readonly string[];
  /** Rows that are not as they should be: alarms there are no false ones. */
  readonly different: ReadonlySet<string>;
}

/** A kind of defect, as vendors make it. */
export interface KindOfDefect {
  readonly name: string;
  readonly family: "unit" | "split" | "dividend" | "adjustment" | "price" | "volume" | "structure" | "calendar";
  /** Rules that name it. */
  readonly rules: readonly string[];
  /** Whether a series can have it. */
  suits(series: Series): boolean;
  /** The series with the defect, at a place and of a size from `random`; undefined where it finds no place. */
  plant(series: Series, random: () => number): Planted | undefined;
}

const unit = ["price_unit_consistent", "bar_ohlc_order"];
const split = ["price_split_consistent", "price_unit_consistent", "action_split_doubled", "price_level_shift"];
const dividend = ["price_adjusted_close_consistent", "price_dividend_plausible", "price_dividend_scale", "price_dividend_once", "action_dividend_below_price"];

const daily = ({ interval }: Series) => interval === "1d";
const paying = ({ bars }: Series) => bars.filter((bar) => bar.dividend > 0).length >= 2;
const trading = ({ bars }: Series) => bars.filter(({ volume }) => volume === 0).length < bars.length / 4;
/** Prices of one trade a day and of days without one: a defect of a day is then not one of its highs and lows. */
const ranging = ({ bars }: Series) => bars.filter(({ high, low }) => high === low).length < bars.length / 4;
const daysOf = ({ bars, interval }: Series) => (interval === "1d" ? bars.length : 0);

/** Whole numbers, one of a list, and numbers between two, from a source of random numbers. */
function draws(random: () => number) {
  return {
    index: (from: number, to: number) => from + Math.floor(random() * (to - from)),
    of: <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T,
    between: (from: number, to: number) => from + (to - from) * random(),
  };
}

/** Where a bar may be wrong: with enough bars before it to know what is usual, and some after it. */
function place(bars: readonly ServedBar[], random: () => number, reach = 1): number {
  return draws(random).index(70, bars.length - reach - 3);
}

/** A defect of prices in the bars from `from` to before `to`; what was adjusted moves along. */
function change(bars: readonly ServedBar[], from: number, to: number, by: (bar: ServedBar, i: number) => ServedBar): ServedBar[] {
  return bars.map((bar, i) => (i >= from && i < to ? by(bar, i) : bar));
}

function alsoAdjusted(bar: ServedBar, factor: number, shares = 1): ServedBar {
  return { ...times(bar, factor, shares), adjustedClose: bar.adjustedClose === null ? null : bar.adjustedClose * factor };
}

/** What was planted differs by more than this, as a logarithm; less is what single precision makes of it. */
const FAITHFUL = 0.0005;

/** What is wrong by comparison with the right bars: levels at the first bar of a span and at the first after it, dividends and splits at their rows. */
function compared(served: readonly ServedBar[], right: readonly ServedBar[]): Planted {
  const wrong = wrongRows(served, right, FAITHFUL).map(({ date }) => date);
  return { served, wrong, different: new Set([...wrong, ...differentDates(served, right)]) };
}

/** Wrong at the bars of the numbers; the bar after each is judged by it. */
function wrongAt(served: readonly ServedBar[], places: readonly number[], named: readonly number[] = places): Planted {
  const dateOf = (i: number) => served[i]?.date ?? "";
  return { served, wrong: named.map(dateOf), different: new Set(places.flatMap((i) => [dateOf(i), dateOf(i + 1)])) };
}

/** Short files are common: some bars on both sides of the defect. */
function cut(served: ServedBar[], right: readonly ServedBar[], around: number, random: () => number): Planted {
  if (random() < 0.6) return compared(served, right);
  const from = Math.max(0, around - draws(random).index(5, 30));
  const to = around + draws(random).index(8, 30);
  return compared(served.slice(from, to), right.slice(from, to));
}

const ratios = [2, 3, 4, 5, 7, 10, 20, 1.5, 0.5, 0.2, 0.1, 0.05, 0.04, 4 / 3, 0.76];

/** The right bars with a split on record at a bar (prices contain it), and bars in which it is left out or taken twice from `from` to before `to`. */
function misapplied(series: Series, random: () => number, at: number, from: number, to: number, twice = false): Planted {
  const ratio = draws(random).of(ratios);
  const right = series.bars.map((bar, i) => (i === at ? { ...bar, split: ratio } : bar));
  const factor = twice ? 1 / ratio : ratio;
  return cut(change(right, from, to, (bar) => alsoAdjusted(bar, factor, random() < 0.5 ? 1 / factor : 1)), right, from > 0 ? from : to, random);
}

const exDates = (bars: readonly ServedBar[]) => bars.flatMap(({ dividend }, i) => (dividend > 0 && i > 25 && i < bars.length - 12 ? [i] : []));

/** Dividends of some bars changed; the adjusted closes know the wrong ones, as most vendors compute them, or the right ones. */
function payingOtherwise(series: Series, random: () => number, places: readonly number[], by: (amount: number) => number): Planted | undefined {
  if (places.length === 0) return undefined;
  const served = series.bars.map((bar, i) => (places.includes(i) ? { ...bar, dividend: by(bar.dividend) } : bar));
  return compared(random() < 0.5 ? adjusted(served) : served, series.bars);
}

function oneOrAll(series: Series, random: () => number): readonly number[] {
  const all = exDates(series.bars);
  return random() < 0.5 || all.length === 0 ? all : [draws(random).of(all)];
}

/** Dividends that a chart shows: in the noise of prices a smaller one cannot be told from a right one. */
function shown(series: Series, places: readonly number[], multiple: number): readonly number[] {
  const moves = series.bars.flatMap(({ open }, i) => {
    const before = series.bars[i - 1]?.close ?? 0;
    return open !== null && before > 0 ? [Math.abs(Math.log(open / before))] : [];
  });
  const usual = moves.reduce((sum, move) => sum + move, 0) / moves.length;
  return places.filter((i) => (series.bars[i]?.dividend ?? 0) > multiple * usual * (series.bars[i - 1]?.close ?? Infinity));
}

/** What is planted. */
export const kindsOfDefect: readonly KindOfDefect[] = [
  {
    name: "a day in another unit", family: "unit", rules: unit, suits: trading,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const factor = draws(random).of([100, 0.01]);
      return cut(change(bars, i, i + 1, (bar) => alsoAdjusted(bar, factor)), bars, i, random);
    },
  },
  {
    name: "a run of days in another unit", family: "unit", rules: unit, suits: () => true,
    plant: ({ bars }, random) => {
      const i = place(bars, random, 45);
      const factor = draws(random).of([100, 0.01]);
      return cut(change(bars, i, i + draws(random).index(2, 40), (bar) => alsoAdjusted(bar, factor)), bars, i, random);
    },
  },
  {
    name: "all before a day in another unit", family: "unit", rules: unit, suits: () => true,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const factor = draws(random).of([100, 0.01]);
      return cut(change(bars, 0, i, (bar) => alsoAdjusted(bar, factor)), bars, i, random);
    },
  },
  {
    name: "single prices in another unit", family: "unit", rules: unit, suits: ranging,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const { of } = draws(random);
      const field = of(["open", "high", "low", "close"] as const);
      const factor = of([100, 0.01]);
      // Some vendors widen the range by what they take for a trade.
      const widened = random() < 0.5;
      return wrongAt(change(bars, i, i + 1, (bar) => {
        const price = (bar[field] ?? 0) * factor;
        const other = { ...bar, [field]: price };
        return widened ? { ...other, high: Math.max(other.high ?? 0, price), low: Math.min(other.low ?? 0, price) } : other;
      }), [i]);
    },
  },
  { name: "split not applied", family: "split", rules: split, suits: () => true, plant: (series, random) => { const i = place(series.bars, random); return misapplied(series, random, i, 0, i); } },
  { name: "split applied twice", family: "split", rules: split, suits: () => true, plant: (series, random) => { const i = place(series.bars, random); return misapplied(series, random, i, 0, i, true); } },
  {
    name: "split applied to a part", family: "split", rules: split, suits: () => true,
    plant: (series, random) => { const i = place(series.bars, random); return misapplied(series, random, i, i - draws(random).index(2, 20), i); },
  },
  {
    name: "split applied too early", family: "split", rules: split, suits: daily,
    plant: (series, random) => { const i = place(series.bars, random); return misapplied(series, random, i, i - draws(random).index(1, 4), i, true); },
  },
  {
    name: "split applied too late", family: "split", rules: split, suits: daily,
    plant: (series, random) => { const i = place(series.bars, random, 20); return misapplied(series, random, i, i, i + draws(random).index(1, 15)); },
  },
  {
    name: "split not on record", family: "split", rules: split, suits: () => true,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const ratio = draws(random).of([2, 3, 4, 5, 10, 20, 0.5, 0.2, 0.1, 0.05]);
      return compared(change(bars, 0, i, (bar) => alsoAdjusted(bar, ratio, 1 / ratio)), bars);
    },
  },
  {
    name: "dividend times 100", family: "dividend", rules: dividend, suits: paying,
    plant: (series, random) => payingOtherwise(series, random, oneOrAll(series, random), (amount) => amount * 100),
  },
  {
    name: "dividends by 100", family: "dividend", rules: dividend, suits: paying,
    plant: (series, random) => payingOtherwise(series, random, exDates(series.bars), (amount) => amount / 100),
  },
  {
    name: "large dividend by 100", family: "dividend", rules: dividend, suits: paying,
    plant: (series, random) => {
      const places = shown(series, exDates(series.bars), 3);
      return payingOtherwise(series, random, places.slice(0, 1), (amount) => amount / 100);
    },
  },
  {
    name: "dividend before a split", family: "dividend", rules: dividend, suits: paying,
    plant: (series, random) => payingOtherwise(series, random, shown(series, oneOrAll(series, random), 1), (amount) => amount * 20),
  },
  {
    name: "phantom dividend nearby", family: "dividend", rules: dividend, suits: (series) => paying(series) && daily(series),
    plant: ({ bars }, random) => {
      const { of, index } = draws(random);
      const places = exDates(bars);
      if (places.length === 0) return undefined;
      const at = of(places);
      const by = index(1, 11) * of([1, -1]);
      const amount = bars[at]?.dividend ?? 0;
      const served = bars.map((bar, i) => (i === at + by ? { ...bar, dividend: amount } : bar));
      return compared(adjusted(served), bars);
    },
  },
  {
    name: "dividend not adjusted for", family: "adjustment", rules: dividend, suits: paying,
    plant: (series, random) => {
      const places = oneOrAll(series, random);
      return places.length === 0 ? undefined : compared(adjusted(series.bars, (bar) => (places.includes(series.bars.indexOf(bar)) ? 0 : bar.dividend)), series.bars);
    },
  },
  {
    name: "dividend adjusted for, not on record", family: "adjustment", rules: dividend, suits: paying,
    plant: (series, random) => {
      const places = oneOrAll(series, random);
      return places.length === 0 || places.length === exDates(series.bars).length && series.bars.filter((bar) => bar.dividend > 0).length === places.length
        ? undefined
        : compared(series.bars.map((bar, i) => (places.includes(i) ? { ...bar, dividend: 0 } : bar)), series.bars);
    },
  },
  {
    name: "gain counted twice", family: "adjustment", rules: dividend, suits: paying,
    plant: (series, random) => {
      const places = oneOrAll(series, random);
      const share = draws(random).between(0.4, 1);
      return places.length === 0 ? undefined : compared(adjusted(series.bars, (bar) => bar.dividend * (places.includes(series.bars.indexOf(bar)) ? 1 + share : 1)), series.bars);
    },
  },
  {
    name: "spike", family: "price", rules: ["price_spike", "price_return_outlier", "price_split_consistent"], suits: (series) => daily(series) && trading(series),
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const factor = draws(random).between(1.3, 3) ** draws(random).of([1, -1]);
      const served = change(bars, i, i + 1, (bar) => {
        const close = (bar.close ?? 0) * factor;
        return { ...bar, close, high: Math.max(bar.high ?? 0, close), low: Math.min(bar.low ?? 0, close) };
      });
      return wrongAt(served, [i]);
    },
  },
  {
    name: "bad print", family: "price", rules: ["price_range_outlier", "price_unit_consistent"], suits: (series) => daily(series) && ranging(series),
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const factor = draws(random).between(1.6, 9);
      return wrongAt(change(bars, i, i + 1, (bar) => (random() < 0.5 ? { ...bar, high: (bar.high ?? 0) * factor } : { ...bar, low: (bar.low ?? 0) / factor })), [i]);
    },
  },
  {
    name: "level shift", family: "price", rules: ["price_level_shift", "price_return_outlier", "price_split_consistent"], suits: daily,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const factor = Math.exp(draws(random).between(0.32, 0.65) * draws(random).of([1, -1]));
      return compared(change(bars, i, bars.length, (bar) => alsoAdjusted(bar, factor)), bars);
    },
  },
  {
    name: "stale run", family: "price", rules: ["price_stale_run"], suits: (series) => daily(series) && trading(series),
    plant: ({ bars }, random) => {
      const length = draws(random).index(6, 15);
      const i = place(bars, random, length);
      const last = bars[i - 1] as ServedBar;
      const volume = random() < 0.5 ? 0 : undefined;
      const served = change(bars, i, i + length, (bar) => ({
        ...bar, open: last.open, high: last.high, low: last.low, close: last.close, adjustedClose: last.adjustedClose, volume: volume ?? bar.volume,
      }));
      const run = Array.from({ length }, (_, n) => i + n);
      return wrongAt(served, run, run.slice(3));
    },
  },
  {
    name: "bar repeated", family: "price", rules: ["price_bar_repeated"], suits: (series) => daily(series) && ranging(series) && series.kind !== "illiquid",
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const last = bars[i - 1] as ServedBar;
      return (last.volume ?? 0) < 1_000 ? undefined : wrongAt(change(bars, i, i + 1, (bar) => ({ ...last, date: bar.date, dividend: bar.dividend })), [i]);
    },
  },
  {
    name: "no volume", family: "volume", rules: ["price_volume_present", "price_filler_bar"], suits: (series) => daily(series) && series.assetClass === "equity" && series.kind !== "illiquid" && trading(series),
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      return wrongAt(change(bars, i, i + 1, (bar) => ({ ...bar, volume: 0 })), [i]);
    },
  },
  {
    name: "volume in another unit", family: "volume", rules: ["price_volume_outlier", "price_volume_collapse"],
    suits: (series) => daily(series) && trading(series) && series.kind !== "illiquid",
    plant: ({ bars }, random) => {
      const length = draws(random).of([1, 1, 20]);
      const i = place(bars, random, length);
      const factor = draws(random).of([100, 1_000, 0.01, 0.001]);
      const run = Array.from({ length }, (_, n) => i + n);
      return wrongAt(change(bars, i, i + length, (bar) => ({ ...bar, volume: Math.round((bar.volume ?? 0) * factor) })), run, [i]);
    },
  },
  {
    name: "high and low swapped", family: "structure", rules: ["bar_ohlc_order"], suits: ranging,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      return bars[i]?.high === bars[i]?.low ? undefined : wrongAt(change(bars, i, i + 1, (bar) => ({ ...bar, high: bar.low, low: bar.high })), [i]);
    },
  },
  {
    name: "price missing", family: "structure", rules: ["bar_values_present"], suits: () => true,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const field = draws(random).of(["open", "high", "low", "close", "volume"] as const);
      return wrongAt(change(bars, i, i + 1, (bar) => ({ ...bar, [field]: null })), [i]);
    },
  },
  {
    name: "price of zero", family: "structure", rules: ["bar_prices_positive"], suits: () => true,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      const field = draws(random).of(["open", "low"] as const);
      return wrongAt(change(bars, i, i + 1, (bar) => ({ ...bar, [field]: 0 })), [i]);
    },
  },
  {
    name: "bar given twice", family: "structure", rules: ["bar_unique"], suits: () => true,
    plant: ({ bars }, random) => {
      const i = place(bars, random);
      return wrongAt(bars.flatMap((bar, n) => (n === i ? [bar, { ...bar, close: bar.open, volume: (bar.volume ?? 0) + 100 }] : [bar])), [i]);
    },
  },
  {
    name: "bar on a holiday", family: "calendar", rules: ["price_session_exists", "price_bar_repeated"], suits: ({ mic }) => mic === "XNYS",
    plant: ({ bars }, random) => {
      const from = place(bars, random, 6);
      const friday = bars.findIndex((bar, i) => i >= from && new Date(`${bar.date}T00:00:00Z`).getUTCDay() === 5);
      if (friday < 0) return undefined;
      const saturday = new Date(Date.parse(`${bars[friday]?.date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
      return wrongAt(bars.flatMap((bar, i) => (i === friday ? [bar, { ...bar, date: saturday, dividend: 0, split: 0, volume: 0 }] : [bar])), [friday + 1]);
    },
  },
  {
    name: "sessions missing", family: "calendar", rules: ["price_no_gap"], suits: (series) => series.mic === "XNYS" && daysOf(series) > 0,
    plant: ({ bars }, random) => {
      const length = draws(random).index(1, 6);
      const i = place(bars, random, length);
      const missing = bars.slice(i, i + length).map(({ date }) => date);
      return { served: bars.filter((_, n) => n < i || n >= i + length), wrong: missing, different: new Set([...missing, bars[i + length]?.date ?? ""]) };
    },
  },
];
