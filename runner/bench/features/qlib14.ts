import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** How many features qlib14 has. */
export const FEATURES = 14;

/** What this file needs of the module that emscripten makes: TA-Lib itself, below its JavaScript. */
interface WebAssemblyModule {
  readonly HEAPF64: Float64Array;
  _malloc(bytes: number): number;
  readonly [name: `_TA_${string}`]: (...values: number[]) => number;
}

/** Bars of one instrument, as much as the features need. */
export interface Columns {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** Computes the features of qlib14 for the first `bars` bars; the 14 values of each bar stand together, NaN is no value. What it gives is overwritten by the next call. */
export type Compute = (columns: Columns, bars: number) => Float64Array;

/**
 * The features of qlib14 by TA-Lib compiled to WebAssembly, and by arithmetic on typed arrays where TA-Lib has nothing: differences, lags, and the bars
 * before a window is full. All memory is reserved once, for `capacity` bars.
 */
export async function loadQlib14(capacity: number): Promise<Compute> {
  const require = createRequire(import.meta.url);
  const main = require.resolve("talib-web");
  const { init } = require(main) as { init(url: string): Promise<WebAssemblyModule> };
  const wasm = await init(`data:application/wasm;base64,${readFileSync(main.replace(/[^/\\]+$/, "talib.wasm")).toString("base64")}`);
  const reserve = () => wasm._malloc(8 * capacity);
  const at = { high: reserve(), low: reserve(), close: reserve(), volume: reserve(), logarithm: reserve() };
  const results = Array.from({ length: 10 }, reserve);
  const begin = wasm._malloc(8);
  const count = wasm._malloc(8);
  const logarithm = new Float64Array(capacity);
  const values = new Float64Array(capacity * FEATURES);

  return ({ open, high, low, close, volume }, bars) => {
    for (let i = 0; i < bars; i++) logarithm[i] = Math.log((volume[i] as number) + 1);
    const give = (address: number, series: Float64Array) => wasm.HEAPF64.set(bars === series.length ? series : series.subarray(0, bars), address / 8);
    give(at.high, high);
    give(at.low, low);
    give(at.close, close);
    give(at.volume, volume);
    give(at.logarithm, logarithm);
    let used = 0;
    const call = (name: `_TA_${string}`, ...inputsAndOptions: number[]) => {
      const address = results[used++] as number;
      const code = (wasm[name] as (...values: number[]) => number)(0, bars - 1, ...inputsAndOptions, begin, count, address);
      if (code !== 0) throw new Error(`${name.slice(1)} returned ${code}`);
      return wasm.HEAPF64.subarray(address / 8, address / 8 + bars);
    };
    const ma5 = call("_TA_SMA", at.close, 5);
    const ma20 = call("_TA_SMA", at.close, 20);
    const std5 = call("_TA_STDDEV", at.close, 5, 1);
    const std20 = call("_TA_STDDEV", at.close, 20, 1);
    const max20 = call("_TA_MAX", at.high, 20);
    const min20 = call("_TA_MIN", at.low, 20);
    const corr20 = call("_TA_CORREL", at.close, at.logarithm, 20);
    const vma20 = call("_TA_SMA", at.volume, 20);
    const vstd20 = call("_TA_STDDEV", at.volume, 20, 1);

    for (let i = 0; i < bars; i++) {
      const place = i * FEATURES;
      const o = open[i] as number;
      const c = close[i] as number;
      const v = (volume[i] as number) + 1e-12;
      values[place] = (c - o) / o;
      values[place + 1] = ((high[i] as number) - (low[i] as number)) / o;
      values[place + 2] = i < 5 ? NaN : (close[i - 5] as number) / c;
      values[place + 3] = i < 20 ? NaN : (close[i - 20] as number) / c;
      if (i < 4) {
        const [mean, deviation] = moments(close, 0, i);
        values[place + 4] = mean / c;
        values[place + 6] = deviation / c;
      } else {
        values[place + 4] = (ma5[i - 4] as number) / c;
        values[place + 6] = ((std5[i - 4] as number) * SAMPLE_5) / c;
      }
      let most: number;
      let least: number;
      if (i < 19) {
        const [mean, deviation] = moments(close, 0, i);
        const [volumeMean, volumeDeviation] = moments(volume, 0, i);
        most = extreme(high, i, Math.max);
        least = extreme(low, i, Math.min);
        values[place + 5] = mean / c;
        values[place + 7] = deviation / c;
        values[place + 11] = correlation(close, logarithm, i);
        values[place + 12] = volumeMean / v;
        values[place + 13] = volumeDeviation / v;
      } else {
        most = max20[i - 19] as number;
        least = min20[i - 19] as number;
        values[place + 5] = (ma20[i - 19] as number) / c;
        values[place + 7] = ((std20[i - 19] as number) * SAMPLE_20) / c;
        values[place + 11] = corr20[i - 19] as number;
        values[place + 12] = (vma20[i - 19] as number) / v;
        values[place + 13] = ((vstd20[i - 19] as number) * SAMPLE_20) / v;
      }
      values[place + 8] = most / c;
      values[place + 9] = least / c;
      values[place + 10] = (c - least) / (most - least + 1e-12);
    }
    return values;
  };
}

/** From TA-Lib's population deviation to qlib's sample deviation. */
const SAMPLE_5 = Math.sqrt(5 / 4);
const SAMPLE_20 = Math.sqrt(20 / 19);

/** Mean and sample deviation of the bars `from` to `to`; no deviation of a single one. */
function moments(series: Float64Array, from: number, to: number): [mean: number, deviation: number] {
  const count = to - from + 1;
  let sum = 0;
  for (let i = from; i <= to; i++) sum += series[i] as number;
  const mean = sum / count;
  let squares = 0;
  for (let i = from; i <= to; i++) squares += ((series[i] as number) - mean) ** 2;
  return [mean, count === 1 ? NaN : Math.sqrt(squares / (count - 1))];
}

function extreme(series: Float64Array, to: number, choose: (a: number, b: number) => number): number {
  let found = series[0] as number;
  for (let i = 1; i <= to; i++) found = choose(found, series[i] as number);
  return found;
}

/** Correlation of the bars up to `to`; none of a single one. */
function correlation(x: Float64Array, y: Float64Array, to: number): number {
  const [xMean, xDeviation] = moments(x, 0, to);
  const [yMean, yDeviation] = moments(y, 0, to);
  let sum = 0;
  for (let i = 0; i <= to; i++) sum += ((x[i] as number) - xMean) * ((y[i] as number) - yMean);
  return sum / to / (xDeviation * yDeviation);
}
