import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { uniforms } from "../random.ts";
import { defectFiles, type ServedBar } from "./files.ts";

/** Rules are set by what is seen in one half; the other says how good they are. No symbol is in both. */
export const halves = ["tuning", "held out"] as const;
export type Half = (typeof halves)[number];

/** What a series is like: a file as it was served, or prices of the S&P 500 made into something else. */
export const kindsOfSeries = ["served", "index", "liquid", "pence", "cheap", "illiquid", "net asset value", "weekly"] as const;
export type KindOfSeries = (typeof kindsOfSeries)[number];

/** A series of bars that counts as right. */
export interface Series {
  readonly symbol: string;
  readonly kind: KindOfSeries;
  readonly interval: "1d" | "1w";
  readonly assetClass: "equity" | "fund" | "index";
  /** Where it trades; XOFF has no calendar. */
  readonly mic: "XNYS" | "XOFF";
  readonly bars: readonly ServedBar[];
}

const BARS = 600;

/** The half to which a symbol belongs. */
export function halfOf(symbol: string): Half {
  return hash(symbol) % 2 === 0 ? "tuning" : "held out";
}

/** A number from a text (FNV-1a), for choosing without order. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}

/** Series of a half from the folder of real data: all that were served clean, windows of indices, and `each` of every other kind (none at 0, which reads less). */
export function cleanSeries(folder: string, half: Half, each: number): Series[] {
  const served: Series[] = defectFiles(join(folder, "defects"))
    .filter(({ isClean, symbol, interval, bars }) => isClean && interval === "1d" && bars.length >= 250 && halfOf(symbol) === half)
    .map(({ symbol, interval, bars }) => ({ symbol, kind: "served", interval, assetClass: "fund", mic: "XOFF", bars: sound(bars) }));
  for (const symbol of ["AAPL", "PM"].filter((symbol) => halfOf(symbol) === half)) {
    const bars = readChart(join(folder, `recordings/yahoo/chart-v8/${symbol}-1d-full-history.json`));
    served.push({ symbol, kind: "served", interval: "1d", assetClass: "equity", mic: "XNYS", bars: sound(bars.slice(-2 * BARS)) });
  }
  const indices: Series[] = (["gspc", "dji"] as const)
    .filter((symbol) => halfOf(symbol) === half)
    .map((symbol) => ({ symbol, kind: "index", interval: "1d", assetClass: "index", mic: "XOFF", bars: sound(readTable(join(folder, `prices/${symbol}_table.csv.gz`)).slice(-5 * BARS)) }));
  const prices = (each === 0 ? [] : [...readPrices(join(folder, "prices/sp500_5yr.csv.gz"))])
    .filter(([symbol, bars]) => halfOf(symbol) === half && bars.length > BARS + 100)
    .toSorted(([a], [b]) => hash(`${a} order`) - hash(`${b} order`));
  const made = (["liquid", "pence", "cheap", "illiquid", "net asset value", "weekly"] as const).flatMap((kind, place) =>
    prices.slice(place * each, (place + 1) * each).map(([symbol, bars]) => make(symbol, kind, bars)),
  );
  return [...served, ...indices, ...made];
}

/** Adjusted closes from the dividends: each one lowers what is before its ex-date by dividend over previous close. */
export function adjusted(bars: readonly ServedBar[], dividendOf: (bar: ServedBar) => number = ({ dividend }) => dividend): ServedBar[] {
  let factor = 1;
  const result: ServedBar[] = [];
  for (let i = bars.length - 1; i >= 0; i--) {
    const bar = bars[i] as ServedBar;
    result.push({ ...bar, adjustedClose: bar.close === null ? null : Math.fround(bar.close * factor) });
    const before = bars[i - 1]?.close ?? 0;
    // A dividend above the price cannot be taken off; vendors leave it out.
    if (dividendOf(bar) > 0 && before > dividendOf(bar)) factor *= 1 - dividendOf(bar) / before;
  }
  return result.reverse();
}

/** A bar with its prices times a factor, and its volume divided by it where the shares are others too. */
export function times(bar: ServedBar, factor: number, shares = 1): ServedBar {
  const by = (price: number | null) => (price === null ? null : price * factor);
  return { ...bar, open: by(bar.open), high: by(bar.high), low: by(bar.low), close: by(bar.close), volume: bar.volume === null ? null : Math.round(bar.volume * shares) };
}

function make(symbol: string, kind: Exclude<KindOfSeries, "served" | "index">, all: readonly ServedBar[]): Series {
  const random = uniforms(hash(`${symbol} ${kind}`));
  const between = (from: number, to: number) => from + (to - from) * random();
  const start = Math.floor(random() * (all.length - (kind === "weekly" ? all.length : BARS)));
  const bars = kind === "weekly" ? all : all.slice(start, start + BARS);
  const first = bars[0]?.close ?? 1;
  switch (kind) {
    case "liquid":
      return { symbol, kind, interval: "1d", assetClass: "equity", mic: "XNYS", bars: adjusted(paying(bars, 63, () => between(0.002, 0.009), random, 0.0001)) };
    case "pence":
      return { symbol, kind, interval: "1d", assetClass: "equity", mic: "XOFF", bars: adjusted(paying(scaled(bars, between(40, 2000) / first, 1), 126, () => between(0.01, 0.04), random, 0.1)) };
    case "cheap":
      return { symbol, kind, interval: "1d", assetClass: "equity", mic: "XOFF", bars: adjusted(paying(scaled(bars, between(0.08, 3) / first, 1), 126, () => between(0.015, 0.05), random, 0.005)) };
    case "illiquid":
      return { symbol, kind, interval: "1d", assetClass: "equity", mic: "XOFF", bars: adjusted(paying(seldom(scaled(bars, between(0.3, 30) / first, 1 / between(500, 5_000)), random, between(0.1, 0.5)), 126, () => between(0.01, 0.05), random, 0.01)) };
    case "net asset value":
      return {
        symbol, kind, interval: "1d", assetClass: "fund", mic: "XOFF",
        bars: adjusted(paying(diversified(bars), 252, () => between(0.02, 0.1), random, 0.01)),
      };
    case "weekly":
      return { symbol, kind, interval: "1w", assetClass: "equity", mic: "XOFF", bars: weekly(adjusted(paying(bars, 126, () => between(0.01, 0.04), random, 0.01))) };
  }
}

/** Pays a dividend every so many bars: from its ex-date on the price is lower by most of it or a little more. Prices are whole ticks. */
function paying(bars: readonly ServedBar[], every: number, yieldOf: () => number, random: () => number, tick: number): ServedBar[] {
  const first = 1 + Math.floor(random() * every);
  let level = 1;
  return bars.map((bar, i) => {
    const before = (bars[i - 1]?.close ?? 0) * level;
    const dividend = i >= first && (i - first) % every === 0 ? Number((before * yieldOf()).toPrecision(3)) : 0;
    if (dividend > 0) level *= 1 - (dividend / before) * (0.75 + 0.3 * random());
    return { ...onTicks(times(bar, level), tick), dividend };
  });
}

function onTicks(bar: ServedBar, tick: number): ServedBar {
  const at = (price: number | null) => (price === null ? null : Math.max(tick, Number((Math.round(price / tick) * tick).toFixed(6))));
  return { ...bar, open: at(bar.open), high: at(bar.high), low: at(bar.low), close: at(bar.close) };
}

function scaled(bars: readonly ServedBar[], factor: number, shares: number): ServedBar[] {
  return bars.map((bar) => times(bar, factor, shares));
}

/** A fund moves less than half as much as one of its shares, and has one price a day. */
function diversified(bars: readonly ServedBar[]): ServedBar[] {
  const first = bars[0]?.close ?? 1;
  return bars.map((bar) => {
    const value = first * ((bar.close ?? first) / first) ** 0.4;
    return { ...bar, open: value, high: value, low: value, close: value, volume: 0 };
  });
}

/** On a share of the days nobody trades: the provider repeats the close before, with a volume of 0. Volumes spread widely on the others. */
function seldom(bars: readonly ServedBar[], random: () => number, share: number): ServedBar[] {
  let last: number | null = null;
  return bars.map((bar) => {
    if (last !== null && random() < share) return { ...bar, open: last, high: last, low: last, close: last, volume: 0 };
    last = bar.close;
    return { ...bar, volume: Math.max(1, Math.round((bar.volume ?? 0) * Math.exp(3 * (random() + random() - 1)))) };
  });
}

function weekly(bars: readonly ServedBar[]): ServedBar[] {
  const weeks = new Map<string, ServedBar[]>();
  for (const bar of bars) {
    const day = new Date(`${bar.date}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
    const week = day.toISOString().slice(0, 10);
    weeks.set(week, [...(weeks.get(week) ?? []), bar]);
  }
  return [...weeks].map(([date, days]) => ({
    date,
    open: days[0]?.open ?? null,
    high: Math.max(...days.map(({ high }) => high ?? 0)),
    low: Math.min(...days.map(({ low }) => low ?? Infinity)),
    close: days.at(-1)?.close ?? null,
    adjustedClose: days.at(-1)?.adjustedClose ?? null,
    volume: days.reduce((sum, { volume }) => sum + (volume ?? 0), 0),
    dividend: days.reduce((sum, { dividend }) => sum + dividend, 0),
    split: days.reduce((product, { split }) => (split > 0 ? (product || 1) * split : product), 0),
  }));
}

/** Symbols of the S&P 500 whose bars have all prices in order; what else may be wrong with them is theirs. */
function readPrices(path: string): Map<string, ServedBar[]> {
  const series = new Map<string, ServedBar[]>();
  for (const line of gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n").slice(1)) {
    const [date = "", open, high, low, close, volume, symbol = ""] = line.split(",");
    const bar = { date, open: number(open), high: number(high), low: number(low), close: number(close), adjustedClose: null, volume: number(volume), dividend: 0, split: 0 };
    if (!isSound(bar)) continue;
    const bars = series.get(symbol);
    if (bars === undefined) series.set(symbol, [bar]);
    else bars.push(bar);
  }
  return series;
}

/** The bars whose prices are in order; what was paid on another day counts on the next. */
function sound(bars: readonly ServedBar[]): ServedBar[] {
  let dividend = 0;
  const result: ServedBar[] = [];
  for (const bar of bars) {
    dividend += bar.dividend;
    if (!isSound(bar)) continue;
    result.push({ ...bar, dividend });
    dividend = 0;
  }
  return result;
}

/** Whether a bar has all its prices in order. */
function isSound({ open, high, low, close }: ServedBar): boolean {
  return open !== null && high !== null && low !== null && close !== null && Math.max(open, close) <= high && Math.min(open, close) >= low;
}

function number(field: string | undefined): number | null {
  return field === undefined || field === "" ? null : Number(field);
}

function readTable(path: string): ServedBar[] {
  return gunzipSync(readFileSync(path)).toString("utf8").trim().split(/\r?\n/).slice(1)
    .map((line) => {
      const [date = "", open, high, low, close, volume, adjustedClose] = line.split(",");
      return { date, open: number(open), high: number(high), low: number(low), close: number(close), volume: number(volume), adjustedClose: number(adjustedClose), dividend: 0, split: 0 };
    })
    .toSorted((a, b) => (a.date < b.date ? -1 : 1));
}

interface Chart {
  readonly timestamp: readonly number[];
  readonly events: { readonly dividends: Record<string, { date: number; amount: number }>; readonly splits?: Record<string, { date: number; numerator: number; denominator: number }> };
  readonly indicators: {
    readonly quote: readonly [{ open: (number | null)[]; high: (number | null)[]; low: (number | null)[]; close: (number | null)[]; volume: (number | null)[] }];
    readonly adjclose: readonly [{ adjclose: (number | null)[] }];
  };
}

function readChart(path: string): ServedBar[] {
  const { chart } = JSON.parse(readFileSync(path, "utf8")) as { chart: { result: readonly [Chart] } };
  const [{ timestamp, events, indicators: { quote: [quote], adjclose: [{ adjclose }] } }] = chart.result;
  const day = (seconds: number) => new Date(seconds * 1_000).toISOString().slice(0, 10);
  const dividends = new Map(Object.values(events.dividends).map(({ date, amount }) => [day(date), amount]));
  const splits = new Map(Object.values(events.splits ?? {}).map(({ date, numerator, denominator }) => [day(date), numerator / denominator]));
  return timestamp.map((seconds, i) => ({
    date: day(seconds), open: quote.open[i] ?? null, high: quote.high[i] ?? null, low: quote.low[i] ?? null, close: quote.close[i] ?? null,
    adjustedClose: adjclose[i] ?? null, volume: quote.volume[i] ?? null, dividend: dividends.get(day(seconds)) ?? 0, split: splits.get(day(seconds)) ?? 0,
  }));
}
