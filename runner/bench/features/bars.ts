import { uniforms } from "../random.ts";

/** Bars of one instrument, column by column. */
export interface Bars {
  /** Starts of the bars, milliseconds since 1970. */
  readonly ts: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

const DAY = 86_400_000;
const FIRST_DAY = Date.UTC(2010, 0, 4);

/**
 * A geometric random walk from a seed: a spread of 1.5 % a bar, prices in cents, volumes in whole units. Every number of `seed` gives other bars, and
 * the same number the same ones.
 */
export function randomBars(seed: number, count: number, timeOf: (bar: number) => number = weekday): Bars {
  const normal = normals(seed);
  const column = () => new Float64Array(count);
  const bars = { ts: column(), open: column(), high: column(), low: column(), close: column(), volume: column() };
  const size = 5_000 * Math.exp(3 * normal());
  let price = 20 * Math.exp(normal());
  for (let i = 0; i < count; i++) {
    const open = cents(price * Math.exp(0.004 * normal()));
    // The walk is drawn back to where it began, so that a long one neither vanishes nor overflows.
    const close = cents(price * Math.exp(0.015 * normal() - 0.002 * Math.log(price / 50)));
    bars.ts[i] = timeOf(i);
    bars.open[i] = open;
    bars.close[i] = close;
    bars.high[i] = cents(Math.max(open, close) * Math.exp(0.006 * Math.abs(normal())));
    bars.low[i] = Math.min(open, close, cents(Math.min(open, close) * Math.exp(-0.006 * Math.abs(normal()))));
    bars.volume[i] = Math.round(size * Math.exp(0.4 * normal()));
    price = close;
  }
  return bars;
}

/** Midnight UTC of the weekday number `bar`, counted from 4 January 2010, a Monday. */
export function weekday(bar: number): number {
  return FIRST_DAY + (Math.floor(bar / 5) * 7 + (bar % 5)) * DAY;
}

/** The minute number `bar` since then, day and night. */
export function minute(bar: number): number {
  return FIRST_DAY + bar * 60_000;
}

function cents(price: number): number {
  return Math.max(0.01, Math.round(price * 100) / 100);
}

/** Standard normal numbers from a seed: the polar method of Box, Muller and Marsaglia. */
function normals(seed: number): () => number {
  const uniform = uniforms(seed);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const factor = Math.sqrt((-2 * Math.log(square)) / square);
        spare = y * factor;
        return x * factor;
      }
    }
  };
}
