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
  const changes: { bar: string; at: string; prices: number[] }[] = [];
  const last = new Map<string, string>();
  for (const [fileDate, list] of files) {
    const body = ["symbol,date,open,high,low,close,volume,adjusted_close", ...list.map((row) => row.slice(1).join(","))].join("\n");
    await bring(db, run, { provider: "csv", dataset: "bars", subject: "vintages.csv", url: "file:vintages.csv", body, fetchedAt: instant(fileDate, "23:00:00") });
    for (const [, symbol = "", day = "", ...texts] of list) {
      const [open = NaN, high = NaN, low = NaN, close = NaN, volume = NaN] = texts.map((text) => (text === "" ? NaN : Number(text)));
      const isPossible = low > 0 && open >= low && open <= high && close >= low && close <= high && volume >= 0;
      const bar = `${symbol} ${day}`;
      const prices = [open, high, low, close, volume];
      if (!isPossible || last.get(bar) === prices.join()) continue;
      last.set(bar, prices.join());
      changes.push({ bar, at: fileDate, prices });
    }
  }
  // What was known on the evening of each of the days, for all days at once: each version with the days on which it is the one to know.
  const days = files.map(([fileDate]) => instant(fileDate, "23:30:00"));
  const stored = await db.query<{ bar: string; prices: number[]; first: number; next: number }>(
    `select symbol || ' ' || session_date as bar, array[open, high, low, close, volume] as prices,
       width_bucket(known_from - interval '1 microsecond', $1::timestamptz[]) as first, width_bucket(coalesce(known_to, 'infinity') - interval '1 microsecond', $1::timestamptz[]) as next
     from market.price_data_version`,
    [days],
  );
  const position = new Map(files.map(([fileDate], index) => [fileDate, index]));
  const byBar = Map.groupBy(changes, ({ bar }) => bar);
  let compared = 0;
  const wrong: string[] = [];
  const found = new Map<string, number>();
  for (const { bar, prices, first, next } of stored) {
    const theirs = byBar.get(bar) ?? [];
    for (let day = first; day < next; day++) {
      compared++;
      const known = theirs.findLast(({ at }) => (position.get(at) ?? Infinity) <= day);
      if (known?.prices.join() !== prices.join()) wrong.push(`${bar} on ${files[day]?.[0] ?? ""}: ${prices.join()} where the files said ${known?.prices.join() ?? "nothing"}`);
    }
    found.set(bar, (found.get(bar) ?? 0) + next - first);
  }
  t.same(wrong.slice(0, 10), [], `on each of ${days.length} days every bar is as the files of that day said, ${compared} answers`);
  const missing = [...byBar].filter(([bar, list]) => (found.get(bar) ?? 0) < days.length - (position.get(list[0]?.at ?? "") ?? 0));
  t.same(missing.map(([bar]) => bar), [], `each of ${byBar.size} bars is there from the day of its file on`);
  t.ok(compared > 1_000_000);
  t.ok((await db.value<number>("select count(*)::int from market.price_data_history")) > 3_000, "thousands were restated");
});
