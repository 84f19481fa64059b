import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { bring, openRun } from "../ingest/bodies.ts";
import { shared, testDatabase } from "../support/database.ts";

t.test("every set passes on real bars and facts, many of which were restated", async (t) => {
  const path = shared(t, "prices/prices_vintages_55sym.csv.gz");
  const factsPath = shared(t, "recordings/sec/companyfacts-CIK0000320193.json.gz");
  if (path === undefined || factsPath === undefined) return;
  const all = gunzipSync(readFileSync(path)).toString().trim().split("\n").slice(1).map((line) => line.trim().split(","));
  const symbols = [...new Set(all.map(([, symbol]) => symbol))].slice(0, 6).concat("AAPL");
  const rows = all.filter(([, symbol]) => symbols.includes(symbol));
  const db = await testDatabase(t);
  const run = await openRun(db);
  for (const [fileDate, list] of [...Map.groupBy(rows, ([date = ""]) => date)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const body = ["symbol,date,open,high,low,close,volume,adjusted_close", ...list.map((row) => row.slice(1).join(","))].join("\n");
    const fetchedAt = `${fileDate.slice(0, 4)}-${fileDate.slice(4, 6)}-${fileDate.slice(6)}T23:00:00Z`;
    await bring(db, run, { provider: "csv", dataset: "bars", subject: "vintages.csv", url: "file:vintages.csv", body, fetchedAt });
  }
  // Everything that Apple has filed, restatements too.
  await db.query("update market.instrument set cik = '0000320193' where symbol = 'AAPL'");
  await bring(db, run, { provider: "sec", dataset: "fundamentals", subject: "AAPL", body: gunzipSync(readFileSync(factsPath)) });
  await db.query("analyze");
  t.ok((await db.value<number>("select count(*)::int from market.company_fundamental")) > 10_000, "facts are there");
  t.ok((await db.value<number>("select count(*)::int from market.price_data_history")) > 100, "bars were restated");

  const sets = await db.query<{ name: string }>("select name from feature.feature_set order by name");
  for (const { name } of sets) {
    const begun = performance.now();
    const [result] = await db.query<{ status: string; checked: number; message: string }>(
      "select status, checked_count::int as checked, message from feature.probe($1, $2, 40)", [run, name], "worker",
    );
    t.match(result, { status: "passed" }, `${name}, ${(performance.now() - begun).toFixed(0)} ms: ${result?.message}`);
    t.ok((result?.checked ?? 0) >= 150, `${result?.checked} vectors`);
  }
});
