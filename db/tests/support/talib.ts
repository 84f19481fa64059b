import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setCandleDefaults } from "./talib-candles.ts";

/** A bar-wise series; null where there is no value. */
type Series = (number | null)[];

/**
 * Calls a function of TA-Lib by its name, without the TA_: the inputs and the options stand in the order of its C declaration, all of them.
 * Its outputs come back in that order too, each as long as the inputs and null before the first value.
 */
export type Talib = (name: string, inputs: readonly (readonly number[])[], options?: readonly number[], outputs?: readonly ("real" | "integer")[]) => Series[];

/** What this file needs of the module that emscripten makes. */
interface WebAssemblyModule {
  readonly HEAP32: Int32Array;
  readonly HEAPF64: Float64Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  ccall(name: string, result: "number", types: readonly "number"[], values: readonly number[]): number;
}

let loaded: Promise<Talib> | undefined;

/** TA-Lib itself, compiled to WebAssembly (the package talib-web), called below its JavaScript, which hides where the values begin. */
export function loadTalib(): Promise<Talib> {
  return (loaded ??= load());
}

async function load(): Promise<Talib> {
  const require = createRequire(import.meta.url);
  const main = require.resolve("talib-web");
  const { init } = require(main) as { init(url: string): Promise<WebAssemblyModule> };
  const wasm = await init(`data:application/wasm;base64,${readFileSync(main.replace(/[^/\\]+$/, "talib.wasm")).toString("base64")}`);
  setCandleDefaults(wasm);
  return (name, inputs, options = [], outputs = ["real"]) => {
    const bars = inputs[0]?.length ?? 0;
    const given: number[] = [];
    const reserve = (bytes: number) => {
      const address = wasm._malloc(Math.max(bytes, 8));
      if (address === 0) throw new Error(`no memory for ${bytes} bytes`);
      given.push(address);
      return address;
    };
    try {
      const series = inputs.map((input) => {
        if (input.length !== bars) throw new Error(`${name}: inputs of unequal length`);
        const address = reserve(8 * bars);
        wasm.HEAPF64.set(input, address / 8);
        return address;
      });
      const begin = reserve(4);
      const count = reserve(4);
      const results = outputs.map(() => reserve(8 * bars));
      const values = [0, bars - 1, ...series, ...options, begin, count, ...results];
      const code = wasm.ccall(`TA_${name}`, "number", values.map(() => "number" as const), values);
      if (code !== 0) throw new Error(`TA_${name} returned ${code}`);
      const first = wasm.HEAP32[begin / 4]!;
      const found = wasm.HEAP32[count / 4]!;
      return results.map((address, index) => {
        const heap = outputs[index] === "integer" ? wasm.HEAP32 : wasm.HEAPF64;
        const start = address / heap.BYTES_PER_ELEMENT;
        return Array.from({ length: bars }, (_, bar) => (bar >= first && bar < first + found ? heap[start + bar - first]! : null));
      });
    } finally {
      for (const address of given) wasm._free(address);
    }
  };
}
