import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { TestDatabase } from "../support/database.ts";
import { loadTalib } from "../support/talib.ts";
import type { Series } from "./reference.ts";

/** Every pattern and what TA-Lib can say of it. */
export const patterns: Record<string, readonly number[]> = {
  cdl2crows: [-100],
  cdl3blackcrows: [-100],
  cdl3inside: [100, -100],
  cdl3linestrike: [100, -100],
  cdl3outside: [100, -100],
  cdl3starsinsouth: [100],
  cdl3whitesoldiers: [100],
  cdlabandonedbaby: [100, -100],
  cdladvanceblock: [-100],
  cdlbelthold: [100, -100],
  cdlbreakaway: [100, -100],
  cdlclosingmarubozu: [100, -100],
  cdlconcealbabyswall: [100],
  cdlcounterattack: [100, -100],
  cdldarkcloudcover: [-100],
  cdldoji: [100],
  cdldojistar: [100, -100],
  cdldragonflydoji: [100],
  cdlengulfing: [100, 80, -80, -100],
  cdleveningdojistar: [-100],
  cdleveningstar: [-100],
  cdlgapsidesidewhite: [100, -100],
  cdlgravestonedoji: [100],
  cdlhammer: [100],
  cdlhangingman: [-100],
  cdlharami: [100, 80, -80, -100],
  cdlharamicross: [100, 80, -80, -100],
  cdlhighwave: [100, -100],
  cdlhikkake: [200, 100, -100, -200],
  cdlhikkakemod: [200, 100, -100, -200],
  cdlhomingpigeon: [100],
  cdlidentical3crows: [-100],
  cdlinneck: [-100],
  cdlinvertedhammer: [100],
  cdlkicking: [100, -100],
  cdlkickingbylength: [100, -100],
  cdlladderbottom: [100],
  cdllongleggeddoji: [100],
  cdllongline: [100, -100],
  cdlmarubozu: [100, -100],
  cdlmatchinglow: [100],
  cdlmathold: [100],
  cdlmorningdojistar: [100],
  cdlmorningstar: [100],
  cdlonneck: [-100],
  cdlpiercing: [100],
  cdlrickshawman: [100],
  cdlrisefall3methods: [100, -100],
  cdlseparatinglines: [100, -100],
  cdlshootingstar: [-100],
  cdlshortline: [100, -100],
  cdlspinningtop: [100, -100],
  cdlstalledpattern: [-100],
  cdlsticksandwich: [100],
  cdltakuri: [100],
  cdltasukigap: [100, -100],
  cdlthrusting: [-100],
  cdltristar: [100, -100],
  cdlunique3river: [100],
  cdlupsidegap2crows: [-100],
  cdlxsidegap3methods: [100, -100],
};

/** The patterns that ask how far a body goes back into another one, with TA-Lib's default. */
export const penetrations: Record<string, number> = {
  cdlabandonedbaby: 0.3,
  cdldarkcloudcover: 0.5,
  cdleveningdojistar: 0.3,
  cdleveningstar: 0.3,
  cdlmathold: 0.5,
  cdlmorningdojistar: 0.3,
  cdlmorningstar: 0.3,
};

/** Candles, the oldest first. */
export interface Candles {
  readonly open: number[];
  readonly high: number[];
  readonly low: number[];
  readonly close: number[];
}

/** The four series, in the order of the arguments. */
export const columns = ({ open, high, low, close }: Candles) => [open, high, low, close];

/** What the kernels say, by pattern; more holds the arguments after the series. As text, because arrays take the driver longer than the kernels. */
export async function ours(db: TestDatabase, candles: Candles, names: readonly string[], more = ""): Promise<Record<string, Series>> {
  const calls = names.map((name) => `array_to_string(ta.${name}(open, high, low, close${more}), ',', '') as ${name}`);
  const [row] = await db.query<Record<string, string>>(
    `select ${calls.join(", ")} from (select $1::float8[] as open, $2::float8[] as high, $3::float8[] as low, $4::float8[] as close offset 0) as given`,
    columns(candles),
  );
  return Object.fromEntries(Object.entries(row!).map(([name, values]) => [name, values.split(",").map((value) => (value === "" ? null : Number(value)))]));
}

/** What TA-Lib says of one pattern. */
export async function theirs(candles: Candles, name: string, penetration = penetrations[name]): Promise<Series> {
  const talib = await loadTalib();
  return talib(name.toUpperCase(), columns(candles), penetration === undefined ? [] : [penetration], ["integer"])[0]!;
}

/** Numbers that repeat from run to run. */
export function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** Candles that chance hardly ever makes: open, high, low, close against the last close, in ticks. */
const scenes: readonly (readonly (readonly [number, number, number, number])[])[] = [
  // Breakaway.
  [[0, 0, -102, -100], [-120, -118, -142, -140], [-146, -144, -155, -150], [-152, -150, -165, -160], [-160, -105, -162, -110]],
  // Concealing baby swallow.
  [[0, 0, -60, -60], [-50, -50, -110, -110], [-120, -90, -135, -130], [-85, -80, -155, -150]],
  // Mat hold.
  [[0, 105, -5, 100], [125, 128, 110, 115], [105, 108, 90, 95], [98, 100, 85, 90], [95, 142, 93, 140]],
  // Rising three methods.
  [[0, 105, -5, 100], [90, 95, 75, 80], [82, 85, 65, 70], [72, 75, 55, 60], [65, 125, 60, 120]],
  // Three stars in the south.
  [[0, 5, -230, -100], [-50, -45, -200, -110], [-120, -120, -140, -140]],
  // Kicking, the second candle longer and shorter, and a counterattack.
  [[0, 0, -100, -100], [20, 140, 20, 140]],
  [[0, 0, -130, -130], [20, 110, 20, 110]],
  [[0, 5, -105, -100], [-200, -95, -205, -100]],
  // Two crows, and an upside gap with two crows.
  [[0, 105, -5, 100], [130, 135, 110, 115], [125, 130, 60, 70]],
  [[0, 105, -5, 100], [130, 135, 110, 115], [140, 145, 100, 105]],
];

/** Candles in whole ticks with bodies, shadows and gaps of few sizes, so that shapes and equal prices are frequent, and some scenes and their mirror images. */
export function engineered(bars: number, seed: number): Candles {
  const next = random(seed);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)]!;
  const candles: Candles = { open: [], high: [], low: [], close: [] };
  let last = 10_000;
  const push = (open: number, high: number, low: number, close: number) => {
    candles.open.push(open);
    candles.high.push(Math.max(open, high, close));
    candles.low.push(Math.min(open, low, close));
    candles.close.push(close);
  };
  while (candles.close.length < bars) {
    for (let bar = 0; bar < 15; bar++) {
      const open = last + pick([0, 0, 0, 1, -1, 10, -10, 20, -20, 45, -45, 90, -90]);
      const close = open + pick([0, 1, 5, -5, 15, -15, 30, -30, 60, -60, 100, -100]);
      push(open, Math.max(open, close) + pick([0, 0, 0, 1, 5, 20, 60, 130]), Math.min(open, close) - pick([0, 0, 0, 1, 5, 20, 60, 130]), close);
      last = close + Math.round((10_000 - close) / 20);
    }
    const start = last;
    const mirrored = next() < 0.5;
    for (const candle of pick(scenes)) {
      const [open, high, low, close] = candle.map((price) => start + (mirrored ? -price : price) + pick([0, 0, 0, 1, -1])) as [number, number, number, number];
      push(open, mirrored ? low : high, mirrored ? high : low, close);
      last = close;
    }
  }
  return candles;
}

/** Where the kernels and TA-Lib differ, in words. */
export async function differences(db: TestDatabase, candles: Candles): Promise<string[]> {
  const results = await ours(db, candles, Object.keys(patterns));
  const different: string[] = [];
  for (const name of Object.keys(patterns)) {
    const result = results[name]!;
    (await theirs(candles, name)).forEach((value, bar) => {
      if (value !== result[bar]) different.push(`ta.${name} at ${bar}: ${result[bar]}, TA-Lib ${value}`);
    });
    if (result.length !== candles.close.length) different.push(`ta.${name}: ${result.length} bars`);
  }
  return different;
}

/** Candles from lines of a CSV file whose second to fifth fields are open, high, low and close; a line without all of them is left out. */
export function candlesOf(lines: readonly string[]): Candles {
  const candles: Candles = { open: [], high: [], low: [], close: [] };
  for (const line of lines) {
    const prices = line.split(",").slice(1, 5);
    if (!prices.includes("")) columns(candles).forEach((column, place) => column.push(Number(prices[place])));
  }
  return candles;
}

/** The lines of a packed CSV file, without its header. */
export function packedLines(file: string): string[] {
  return gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split(/\r?\n/).slice(1);
}
