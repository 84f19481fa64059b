import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { candlesOf, columns, differences, engineered, ours, packedLines, patterns, penetrations, random, theirs, type Candles } from "./candles.ts";

t.setTimeout(300_000);

t.test("all patterns are TA-Lib's on candles made to show them", async (t) => {
  const db = await testDatabase(t);
  const found = await db.query<{ name: string }>("select proname as name from pg_proc where pronamespace = 'ta'::regnamespace and proname ~ '^cdl' order by 1");
  t.strictSame(found.map(({ name }) => name), Object.keys(patterns).sort(), "all 61");
  const candles = engineered(8_000, 1);
  const results = await ours(db, candles, Object.keys(patterns));
  for (const [name, values] of Object.entries(patterns)) {
    const expected = await theirs(candles, name);
    t.strictSame(results[name], expected, `ta.${name}`);
    t.strictSame([...new Set(expected)].filter(Boolean).sort(), [...values].sort(), `TA-Lib found ${values.map((value) => `${expected.filter((x) => x === value).length} of ${value}`).join(", ")}`);
  }
});

t.test("penetration", async (t) => {
  const db = await testDatabase(t);
  const candles = engineered(3_000, 2);
  for (const penetration of [0, 0.1, 0.75, 1.5]) {
    const results = await ours(db, candles, Object.keys(penetrations), `, ${penetration}`);
    for (const name of Object.keys(penetrations)) t.strictSame(results[name], await theirs(candles, name, penetration), `ta.${name}, penetration ${penetration}`);
  }
  for (const name of Object.keys(penetrations)) {
    const { code, message } = await db.refused(`select ta.${name}(array[1], array[1], array[1], array[1], -0.1)`);
    t.strictSame([code, message], ["MB001", `ta.${name}: penetration must be at least 0, not -0.1.`]);
  }
});

t.test("all patterns are TA-Lib's on real prices", async (t) => {
  const stocks = shared(t, "prices/sp500_5yr.csv.gz");
  const index = shared(t, "prices/dji_table.csv.gz");
  if (stocks === undefined || index === undefined) return;
  const db = await testDatabase(t);
  const lines = packedLines(stocks);
  for (const symbol of ["AAPL", "GE", "KO"]) {
    const candles = candlesOf(lines.filter((line) => line.endsWith(`,${symbol}`)));
    t.strictSame(await differences(db, candles), [], `${symbol}, ${candles.close.length} bars`);
  }
  // The newest bars stand first.
  const candles = candlesOf(packedLines(index).slice(0, 1500).reverse());
  t.strictSame(await differences(db, candles), [], `Dow Jones, ${candles.close.length} bars`);
});

t.test("where equals are compared, TA-Lib's answer depends on where it began; ours is the one it gives when it begins with the window", async (t) => {
  const db = await testDatabase(t);
  // Tenths are not exact in binary, so that the sums that TA-Lib slides pick up errors, and sizes are often equal to their average.
  const next = random(3);
  const candles: Candles = { open: [], high: [], low: [], close: [] };
  for (let bar = 0; bar < 4000; bar++) {
    const open = 0.1 + 0.2 * Math.floor(next() * 3);
    const close = next() < 0.9 ? open + 0.1 : open;
    candles.open.push(open);
    candles.close.push(close);
    candles.high.push(close + (next() < 0.9 ? 0 : 0.1));
    candles.low.push(open);
  }
  const names = ["cdlbelthold", "cdlmarubozu", "cdlshortline", "cdlharami", "cdlmatchinglow", "cdldoji"];
  const results = await ours(db, candles, names);
  let differences = 0;
  for (const name of names) {
    const expected = await theirs(candles, name);
    const lookback = expected.findIndex((value) => value !== null);
    for (let bar = lookback; bar < expected.length; bar++) {
      if (expected[bar] === results[name]![bar]) continue;
      differences++;
      const [open, high, low, close] = columns(candles).map((column) => column.slice(bar - lookback, bar + 1)) as [number[], number[], number[], number[]];
      const alone = await theirs({ open, high, low, close }, name);
      if (alone.at(-1) !== results[name]![bar]) t.fail(`ta.${name} at ${bar}: ${results[name]![bar]}, TA-Lib ${expected[bar]} and on the window alone ${alone.at(-1)}`);
    }
  }
  t.ok(differences > 0, `TA-Lib differs from TA-Lib on the window alone on ${differences} of ${names.length * 4000} bars`);
});
