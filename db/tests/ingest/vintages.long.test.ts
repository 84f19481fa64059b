import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

t.test("prices as they were known day by day: as-of answers equal the files of that day", async (t) => {
  const path = shared(t, "prices/prices_vintages_55sym.csv.gz");
  if (path === undefined) return;
  const rows = gunzipSync(readFileSync(path)).toString().trim().split("\n").slice(1).map((line) => line.trim().split(","));
  const files = [...Map.groupBy(rows, ([fileDate = ""]) => fileDate)].sort(([a], [b]) => (a < b ? -1 : 1));
  const instant = (fileDate: string, time: string) => `${fileDate.slice(0, 4)}-${fileDate.slice(4, 6)}-${fileDate.slice(6)}T${time}Z`;
  const db = await testDatabase(t);
  const run = await openRun(db);
  // The judge: the last file so far that gives a bar, among the rows that pass the rules.
  const known = new Map<string, number>();
  let compared = 0;
  for (const [index, [fileDate, list]] of files.entries()) {
    const body = ["symbol,date,open,high,low,close,volume,adjusted_close", ...list.map((row) => row.slice(1).join(","))].join("\n");
    await bring(db, run, { provider: "csv", dataset: "bars", subject: "vintages.csv", url: "file:vintages.csv", body, fetchedAt: instant(fileDate, "23:00:00") });
    for (const [, symbol = "", day = "", ...prices] of list) {
      const [open = NaN, high = NaN, low = NaN, close = NaN, volume = NaN] = prices.map((text) => (text === "" ? NaN : Number(text)));
      const isPossible = low > 0 && open >= low && open <= high && close >= low && close <= high && volume >= 0;
      if (isPossible) known.set(`${symbol} ${day}`, close);
    }
    if (index % 25 !== 24 && index !== files.length - 1) continue;
    const stored = await db.query<{ bar: string; close: number }>(
      "select symbol || ' ' || session_date as bar, close from market.price_data_version where known_from <= $1 and (known_to is null or $1 < known_to)",
      [instant(fileDate, "23:30:00")],
    );
    compared += stored.length;
    t.same(stored.filter(({ bar, close }) => known.get(bar) !== close), [], `on ${fileDate} all ${stored.length} bars are as the files said`);
    t.ok(stored.length > 0.98 * known.size, "and hardly any is missing");
  }
  t.ok(compared > 10_000);
  t.ok((await db.value<number>("select count(*)::int from market.price_data_history")) > 3_000, "thousands were restated");
});
