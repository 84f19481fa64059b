import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { candlesOf, differences, packedLines } from "./candles.ts";

t.setTimeout(300_000);

t.test("all patterns are TA-Lib's on 26 stocks and two indices", { timeout: 600_000 }, async (t) => {
  const files = ["sp500_5yr", "dji_table", "gspc_table"].map((name) => shared(t, `prices/${name}.csv.gz`));
  const [stocks, ...indices] = files.filter((file) => file !== undefined);
  if (stocks === undefined || indices.length < 2) return;
  const db = await testDatabase(t);
  const bySymbol = new Map<string, string[]>();
  for (const line of packedLines(stocks)) {
    const symbol = line.slice(line.lastIndexOf(",") + 1);
    const lines = bySymbol.get(symbol);
    if (lines === undefined) bySymbol.set(symbol, [line]);
    else lines.push(line);
  }
  const symbols = [...bySymbol.keys()].filter((_, place) => place % 20 === 1);
  for (const symbol of symbols) {
    const candles = candlesOf(bySymbol.get(symbol)!);
    t.strictSame(await differences(db, candles), [], `${symbol}, ${candles.close.length} bars`);
  }
  for (const file of indices) {
    // The newest bars stand first.
    const candles = candlesOf(packedLines(file).reverse());
    t.strictSame(await differences(db, candles), [], `index, ${candles.close.length} bars`);
  }
});
