// In a process of its own: memory is measured.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { landFile } from "../../../runner/providers/csv.ts";
import { ingestAll } from "../../../runner/providers/normalise.ts";
import { shared, testDatabase } from "../support/database.ts";

t.test("five years of 505 symbols: 619,040 rows from a packed file", async (t) => {
  const path = shared(t, "prices/sp500_5yr.csv.gz");
  if (path === undefined) return;
  // Counted apart from SQL: a row is good when it has five numbers and its prices are in order.
  const lines = gunzipSync(readFileSync(path)).toString().trim().split("\n").slice(1);
  const good = lines.filter((line) => {
    const [open = NaN, high = NaN, low = NaN, close = NaN, volume = NaN] = line.split(",").slice(1, 6).map((field) => (field === "" ? NaN : Number(field)));
    return low > 0 && high >= low && open >= low && open <= high && close >= low && close <= high && volume >= 0;
  });
  const db = await testDatabase(t);
  const before = process.memoryUsage().rss;
  const begun = performance.now();
  const [result] = await ingestAll(db.worker, {}, [{ subject: "sp500", parameters: {}, land: (runId) => landFile(db.worker, { runId, dataset: "bars", path }) }], {
    signal: new AbortController().signal,
    onItem: async (_item, work) => await work(),
  });
  t.comment(`${Math.round((performance.now() - begun) / 1_000)} s`);
  t.match(result?.outcome, { rowCount: lines.length, acceptedCount: good.length, newCount: good.length, quarantinedCount: lines.length - good.length });
  t.equal(await db.value<number>("select count(*)::int from market.instrument"), 505);
  t.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024, "the file is not held in memory");
  const close = async (symbol: string, day: string) => await db.value<number>("select close from market.price_data where instrument_id = market.instrument_id($1) and session_date = $2", [symbol, day]);
  for (const line of [good[0], good[123_456], good.at(-1)]) {
    const [day = "", , , , expected, , symbol = ""] = (line ?? "").trim().split(",");
    t.equal(await close(symbol, day), Number(expected), `${symbol} on ${day}`);
  }
});
