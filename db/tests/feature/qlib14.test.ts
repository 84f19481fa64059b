import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { addBars, addInstrument, compute, openBench } from "./fixture.ts";

const tolerance = 1e-9;

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
  t.same(await bench.db.value("select (feature.set_version('qlib14')).feature_names"), names, "the features are those of the reference, in its order");

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
      t.ok(worst < tolerance, `${symbol} ${name}: within ${tolerance} of the reference, at worst ${worst.toExponential(1)}`);
    }
  }
});
