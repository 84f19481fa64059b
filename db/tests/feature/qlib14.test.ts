import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, openBench } from "./fixture.ts";

/**
 * How near a value must be. The reference slides its sums of squares along the series and carries their rounding with it; the features
 * that rest on them are also compared with two passes over each window, far more closely.
 */
const tolerance = (name: string) => (["std5", "std20", "corr20", "vstd20"].includes(name) ? 1e-8 : 1e-9);
const twoPassTolerance = 1e-10;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const products = (x: readonly number[], y: readonly number[]) => {
  const [meanX, meanY] = [mean(x), mean(y)];
  return x.reduce((sum, value, i) => sum + (value - meanX) * ((y[i] as number) - meanY), 0);
};
const deviation = (values: readonly number[]) => Math.sqrt(products(values, values) / (values.length - 1));
const correlation = (x: readonly number[], y: readonly number[]) => products(x, y) / Math.sqrt(products(x, x) * products(y, y));

function readCsv(path: string): string[][] {
  return gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n").map((line) => line.split(","));
}

t.test("qlib14 has the values of qlib's formulas in float64", async (t) => {
  const barsPath = shared(t, "reference/qlib/bars.csv.gz");
  const referencePath = shared(t, "reference/qlib/qlib14_f64.csv.gz");
  if (barsPath === undefined || referencePath === undefined) return;
  const bench = await openBench(await testDatabase(t));
  // The opens of these generated bars may lie outside their range.
  await bench.db.query("alter table market.price_data drop constraint price_data_open_in_range_check");
  const bars = readCsv(barsPath).slice(1);
  const [header, ...reference] = readCsv(referencePath) as [string[], ...string[][]];
  const names = header.slice(2).map((name) => name.toLowerCase());
  t.same(await bench.db.value("select (feature.version_of('qlib14')).feature_names"), names, "the features are those of the reference, in its order");

  for (const symbol of new Set(bars.map(([symbol]) => symbol as string))) {
    const instrumentId = await addInstrument(bench, symbol.toUpperCase());
    const own = bars.filter((bar) => bar[0] === symbol);
    await addBars(bench, instrumentId, own.map(([, date, open, high, low, close, volume]) => ({
      date: date as string, open: Number(open), high: Number(high), low: Number(low), close: Number(close), volume: Number(volume),
    })));
    t.equal(await compute(bench, "qlib14", instrumentId), own.length, `${symbol}: a vector for each bar`);

    const found = await bench.db.query<{ session_date: string } & Record<string, number | null>>(
      `select session_date::text as session_date, ${names.join(", ")} from feature.qlib14 where symbol = $1 order by ts`, [symbol.toUpperCase()], "reader",
    );
    const expected = reference.filter((row) => row[0] === symbol);
    t.same(found.map((row) => row.session_date), expected.map((row) => row[1]), `${symbol}: the bars of the reference`);
    for (const [column, name] of names.entries()) {
      let worst = 0;
      let nullsDiffer = 0;
      for (const [row, vector] of found.entries()) {
        const text = expected[row]?.[column + 2] ?? "";
        const value = vector[name] ?? null;
        if ((text === "") !== (value === null)) nullsDiffer += 1;
        else if (value !== null) worst = Math.max(worst, Math.abs(value - Number(text)) / Math.max(Math.abs(Number(text)), 1e-3));
      }
      t.equal(nullsDiffer, 0, `${symbol} ${name}: null where the reference has none`);
      t.ok(worst < tolerance(name), `${symbol} ${name}: within ${tolerance(name)} of the reference, at worst ${worst.toExponential(1)}`);
    }

    const closes = own.map((bar) => Number(bar[5]));
    const volumes = own.map((bar) => Number(bar[6]));
    const twoPass: Record<string, (from: number, to: number) => number> = {
      std5: (from, to) => deviation(closes.slice(Math.max(from, to - 5), to)) / (closes[to - 1] as number),
      std20: (from, to) => deviation(closes.slice(from, to)) / (closes[to - 1] as number),
      corr20: (from, to) => correlation(closes.slice(from, to), volumes.slice(from, to).map((volume) => Math.log(volume + 1))),
      vstd20: (from, to) => deviation(volumes.slice(from, to)) / ((volumes[to - 1] as number) + 1e-12),
    };
    for (const [name, formula] of Object.entries(twoPass)) {
      let worst = 0;
      for (const [row, vector] of found.entries()) {
        const value = vector[name];
        if (typeof value !== "number") continue;
        const expected = formula(Math.max(0, row - 19), row + 1);
        worst = Math.max(worst, Math.abs(value - expected) / Math.max(Math.abs(expected), 1e-3));
      }
      t.ok(worst < twoPassTolerance, `${symbol} ${name}: within ${twoPassTolerance} of two passes over each window, at worst ${worst.toExponential(1)}`);
    }
  }
});
