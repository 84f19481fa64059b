import t from "tap";
import { readFileSync } from "node:fs";
import { shared, testDatabase } from "../support/database.ts";
import type { Series } from "./reference.ts";

/**
 * How to compute a vector of Tulip Indicators: SQL over in1, in2, … (its inputs, in the order of the file), one expression per output.
 * Vectors end at the last bar; they are checked from their end, as far as they go.
 */
interface Vector {
  readonly outputs: readonly string[];
  /** What differs on purpose, and how it is bridged. */
  readonly bridge?: string;
  /** How many of the first expected values have no counterpart, because Tulip begins earlier. */
  readonly early?: number;
}

// Tulip seeds an EMA with the first value: that is the mean of that value repeated.
const seeded = (period: number) => `array_fill(in1[1], array[${period} - 1]) || in1`;
const seededLike = "Tulip seeds with the first value: it is repeated period - 1 times before the series";
// Tulip counts the first bar's own range as its true range: so it is after a bar at the first bar's low.
const ranged = "in2[1] || in1, in2[1] || in2, in2[1] || in3";
const rangedLike = "Tulip's first true range is high - low: a bar at the first low is put before";

const vectors: Record<string, Vector> = {
  "ad": { outputs: ["ta.ad(in1, in2, in3, in4)"] },
  "adosc 3 10": { outputs: ["ta.adosc(in1, in2, in3, in4, 3, 10)"] },
  "aroon 5": { outputs: ["ta.aroon_down(in2, 5)", "ta.aroon_up(in1, 5)"] },
  "atr 4": { outputs: [`ta.atr(${ranged}, 4)`], bridge: rangedLike },
  "natr 4": { outputs: [`ta.natr(${ranged}, 4)`], bridge: rangedLike },
  "tr": { outputs: [`ta.trange(${ranged})`], bridge: rangedLike },
  "avgprice": { outputs: ["ta.avgprice(in1, in2, in3, in4)"] },
  "bbands 5 2": { outputs: ["ta.bbands_lower(in1, 5, 2)", "ta.bbands_middle(in1, 5)", "ta.bbands_upper(in1, 5, 2)"] },
  "bop": { outputs: ["ta.bop(in1, in2, in3, in4)"] },
  "cci 5": { outputs: ["ta.cci(in1, in2, in3, 5)"] },
  "di 14": { outputs: ["ta.plus_di(in1, in2, in3, 14)", "ta.minus_di(in1, in2, in3, 14)"], early: 1, bridge: "Tulip shows the bar of the seed" },
  "dx 14": { outputs: ["ta.dx(in1, in2, in2, 14)"], early: 1, bridge: "Tulip shows the bar of the seed; the true range cancels out" },
  "ema 5": { outputs: [`ta.ema(${seeded(5)}, 5)`], bridge: seededLike },
  "kama 4": { outputs: ["ta.kama(in1, 4)"], early: 1, bridge: "Tulip shows the bar of the seed" },
  "linreg 5": { outputs: ["ta.linearreg(in1, 5)"] },
  "linregslope 5": { outputs: ["ta.linearreg_slope(in1, 5)"] },
  "max 3": { outputs: ["ta.rolling_max(in1, 3)"] },
  "max 2": { outputs: ["ta.rolling_max(in1, 2)"] },
  "min 3": { outputs: ["ta.rolling_min(in1, 3)"] },
  "medprice": { outputs: ["ta.medprice(in1, in2)"] },
  "mfi 14": { outputs: ["ta.mfi(in1, in2, in3, in4, 14)"] },
  "mom 3": { outputs: ["ta.mom(in1, 3)"] },
  "lag 3": { outputs: ["ta.ref(in1, 3)"] },
  "obv": { outputs: ["ta.obv(in1, array_fill(0::float8, array[1]) || in2[2:])"], bridge: "Tulip begins with 0" },
  "roc 3": { outputs: ["ta.rocp(in1, 3)"] },
  "rsi 5": { outputs: ["ta.rsi(in1, 5)"] },
  "sma 5": { outputs: ["ta.sma(in1, 5)"] },
  "stddev 3": { outputs: ["ta.stddev(in1, 3)"] },
  "stddev 5": { outputs: ["ta.stddev(in1, 5)"] },
  "stoch 5 3 3": { outputs: ["ta.stoch_k(in1, in2, in3, 5, 3, 3)", "ta.stoch_d(in1, in2, in3, 5, 3, 3)"] },
  "sum 2": { outputs: ["ta.rolling_sum(in1, 2)"] },
  "typprice": { outputs: ["ta.typprice(in1, in2, in3)"] },
  "ultosc 7 14 28": { outputs: ["ta.ultosc(in1, in2, in3, 7, 14, 28)"] },
  "var 3": { outputs: ["ta.var(in1, 3)"] },
  "wcprice": { outputs: ["ta.wclprice(in1, in2, in3)"] },
  "willr 5": { outputs: ["ta.willr(in1, in2, in3, 5)"] },
  "abands 20": { outputs: ["ta.accbands_lower(in1, in2, in3, 20)", "ta.accbands_upper(in1, in2, in3, 20)", "ta.accbands_middle(in1, in2, in3, 20)"] },
  "cmf 21": { outputs: ["ta.cmf(in1, in2, in3, in4, 21)"] },
  "crossany": { outputs: ["ta.crossany(in1, in2)"] },
  "crossover": { outputs: ["ta.crossover(in1, in2)"] },
  "cvi 5": { outputs: ["ta.chaikin_volatility(array_fill(in1[1], array[4]) || in1, array_fill(in2[1], array[4]) || in2, 5)"], bridge: seededLike },
  "decay 5": { outputs: ["ta.decay(in1, 5)"] },
  "dpo 6": { outputs: ["ta.dpo(in1, 6)"] },
  "edecay 5": { outputs: ["ta.edecay(in1, 5)"] },
  "emv": { outputs: ["ta.emv(in1, in2, in3)"] },
  "fosc 5": { outputs: ["ta.fosc(in1, 5)"] },
  "ikhts 9": { outputs: ["ta.midprice(in1, in2, 9)"] },
  "kvo 34 55": { outputs: ["ta.kvo(in1, in2, in3, in4, 34, 55)"] },
  "linregintercept 5": { outputs: ["ta.linearreg_intercept(in1, 5)"] },
  "marketfi": { outputs: ["ta.marketfi(in1, in2, in3)"] },
  "mass 3": { outputs: ["ta.mass(in1, in2, 3)"] },
  "md 3": { outputs: ["ta.avgdev(in1, 3)"] },
  "nvi": { outputs: ["ta.nvi(in1, in2)"] },
  "psar .02 .2": { outputs: ["ta.sar(in1, in2, 0.02, 0.2)"], early: 7, bridge: "Tulip bounds its first stop by the bar before; they agree from the first reversal on" },
  "pvi": { outputs: ["ta.pvi(in1, in2)"] },
  "qstick 4": { outputs: ["ta.qstick(in1, in2, 4)"] },
  "trima 5": { outputs: ["ta.trima(in1, 5)"] },
  "tsf 5": { outputs: ["ta.tsf(in1, 5)"] },
  "vhf 5": { outputs: ["ta.vhf(in1, 5)"] },
  "vidya 3 6 .2": { outputs: ["ta.vidya(in1, 3, 6, 0.2)"], early: 1, bridge: "Tulip shows the bar of the seed" },
  "volatility 3": { outputs: ["ta.volatility(in1, 3)"] },
  "vosc 2 5": { outputs: ["ta.vosc(in1, 2, 5)"] },
  "vwma 4": { outputs: ["ta.vwma(in1, in2, 4)"] },
  "wad": { outputs: ["ta.wad(in1, in2, in3)"] },
  "wilders 5": { outputs: ["ta.wilders(in1, 5)"] },
  "wma 5": { outputs: ["ta.wma(in1, 5)"] },
};

t.test("agrees with the vectors of Tulip Indicators to their three decimals", async (t) => {
  const seen = new Set<string>();
  const db = await testDatabase(t);
  for (const name of ["atoz.txt", "extra.txt"]) {
    const file = shared(t, `reference/tulip/${name}`);
    if (file === undefined) return;
    const blocks = readFileSync(file, "utf8").split(/\r?\n\s*\r?\n/).map((block) => block.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#")));
    for (const [title = "", ...lines] of blocks) {
      const vector = vectors[title.trim()];
      if (vector === undefined) continue;
      seen.add(title.trim());
      const rows = lines.map((line) => line.replace(/[{}\s]/g, "").split(",").filter((cell) => cell !== "").map(Number));
      const inputs = rows.slice(0, rows.length - vector.outputs.length);
      const named = inputs.map((_, index) => `$${index + 1}::float8[] as in${index + 1}`).join(", ");
      for (const [index, expression] of vector.outputs.entries()) {
        const expected = rows[inputs.length + index]!.slice(vector.early ?? 0);
        const actual = (await db.value<Series>(`select ${expression} from (select ${named}) as bars`, inputs)).slice(-expected.length);
        const wrong = expected.findIndex((x, bar) => actual[bar] === null || !(Math.abs(actual[bar]! - x) <= 1e-3 + 1e-6 * Math.abs(x)));
        t.equal(wrong, -1, `${title}: ${expression}${vector.bridge === undefined ? "" : ` (${vector.bridge})`}${wrong === -1 ? "" : `: ${actual[wrong]}, expected ${expected[wrong]}`}`);
      }
    }
  }
  t.strictSame(Object.keys(vectors).filter((title) => !seen.has(title)), [], "every vector was found");
});
