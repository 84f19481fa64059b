/** What this file needs of the module that emscripten makes. */
interface WebAssemblyModule {
  readonly HEAP32: Int32Array;
  readonly HEAPF64: Float64Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  ccall(name: string, result: "number", types: readonly "number"[], values: readonly number[]): number;
}

/** TA-Lib's kinds of range, by their numbers. */
const BODY = 0, HIGH_LOW = 1, SHADOWS = 2;

/** TA-Lib's default candle settings in the order of its enumeration: range, averaging period, factor. */
const defaults = [
  ["BodyLong", BODY, 10, 1],
  ["BodyVeryLong", BODY, 10, 3],
  ["BodyShort", BODY, 10, 1],
  ["BodyDoji", HIGH_LOW, 10, 0.1],
  ["ShadowLong", BODY, 0, 1],
  ["ShadowVeryLong", BODY, 0, 2],
  ["ShadowShort", SHADOWS, 10, 1],
  ["ShadowVeryShort", HIGH_LOW, 10, 0.1],
  ["Near", HIGH_LOW, 5, 0.2],
  ["Far", HIGH_LOW, 5, 0.6],
  ["Equal", HIGH_LOW, 5, 0.05],
] as const;

/** A setting is (its number, range, period: 32 bits each, 32 unused, factor: 64 bits). */
const SETTING_BYTES = 24;

/**
 * Gives TA-Lib its default candle settings. TA_Initialize does so in C, but talib-web neither calls nor exports it: its settings are all zero, and every
 * pattern would be measured with periods and factors of zero. The place of the settings in memory is found by trying: CDLDOJI begins as late as the period of
 * BodyDoji says.
 */
export function setCandleDefaults(wasm: WebAssemblyModule): void {
  const bars = 20;
  const series = wasm._malloc(8 * bars);
  const begin = wasm._malloc(8);
  const output = wasm._malloc(4 * bars);
  wasm.HEAPF64.fill(1, series / 8, series / 8 + bars);
  const values = [0, bars - 1, series, series, series, series, begin, begin + 4, output];
  const firstDoji = () => {
    wasm.ccall("TA_CDLDOJI", "number", values.map(() => "number" as const), values);
    return wasm.HEAP32[begin / 4]!;
  };
  const isPeriod = (place: number) => {
    const before = wasm.HEAP32[place]!;
    if (before !== 0) return false;
    wasm.HEAP32[place] = 7;
    const moved = firstDoji() === 7;
    wasm.HEAP32[place] = before;
    return moved;
  };
  // The first 1,024 bytes are not used; the settings are among the static data after them.
  let place = 1024 / 4;
  while (!isPeriod(place)) {
    if (++place >= 65_536) throw new Error("TA-Lib's candle settings are not found in the memory of talib-web");
  }
  const doji = defaults.findIndex(([name]) => name === "BodyDoji");
  const start = place * 4 - 8 - doji * SETTING_BYTES;
  defaults.forEach(([, range, period, factor], index) => {
    const address = start + index * SETTING_BYTES;
    wasm.HEAP32.set([index, range, period], address / 4);
    wasm.HEAPF64[(address + 16) / 8] = factor;
  });
  if (firstDoji() !== 10) throw new Error("TA-Lib does not use the candle settings that it was given");
  for (const address of [series, begin, output]) wasm._free(address);
}
