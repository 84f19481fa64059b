import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { bring, openRun } from "../ingest/bodies.ts";
import { shared, testDatabase } from "../support/database.ts";
import { defineSet, randomNumbers, startRun } from "./fixture.ts";

const drops = 70;

interface Version {
  from: string;
  close: number;
  volume: number;
}

t.test("prices as they were restated, file by file: every answer is what the files of that day said", async (t) => {
  const path = shared(t, "prices/prices_vintages_55sym.csv.gz");
  if (path === undefined) return;
  const rows = gunzipSync(readFileSync(path)).toString().trim().split("\n").slice(1).map((line) => line.trim().split(","));
  const files = [...Map.groupBy(rows, ([fileDate = ""]) => fileDate)].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, drops);
  const day = (fileDate: string) => `${fileDate.slice(0, 4)}-${fileDate.slice(4, 6)}-${fileDate.slice(6)}`;
  const db = await testDatabase(t);
  await defineSet(db, "vintage", { last: "close", volume2: "ta.rolling_mean(volume, 2)" });
  const run = await openRun(db);

  // The judge: by symbol and bar each close and volume with the day of the file that gave them.
  const closes = new Map<string, Map<string, Version[]>>();
  for (const [index, [fileDate, list]] of files.entries()) {
    // The server of the tests does not gather statistics by itself.
    if (index % 8 === 1) await db.query("analyze market.price_data, market.price_data_history, feature.feature_vector, feature.feature_vector_history");
    const body = ["symbol,date,open,high,low,close,volume,adjusted_close", ...list.map((row) => row.slice(1).join(","))].join("\n");
    await bring(db, run, { provider: "csv", dataset: "bars", subject: "vintages.csv", url: "file:vintages.csv", body, fetchedAt: `${day(fileDate)}T23:00:00Z` });
    for (const [, symbol = "", date = "", ...prices] of list) {
      const [open = NaN, high = NaN, low = NaN, close = NaN, volume = NaN] = prices.map((text) => (text === "" ? NaN : Number(text)));
      if (!(low > 0 && open >= low && open <= high && close >= low && close <= high && volume >= 0)) continue;
      const bars = closes.get(symbol) ?? new Map<string, Version[]>();
      closes.set(symbol, bars.set(date, [...(bars.get(date) ?? []), { from: day(fileDate), close, volume }]));
    }
    await db.query(
      "select feature.compute($1, 'vintage', array(select instrument_id from market.instrument where symbol = any ($2)))",
      [await startRun(db), [...new Set(list.map(([, symbol]) => symbol))]], "worker",
    );
  }
  const restated = await db.value<number>("select count(*)::int from feature.feature_vector_history where known_to > known_from");
  t.ok(restated > 200, `${restated} vectors were restated`);

  const stored = new Set(await db.value<string[]>("select array_agg(symbol || ' ' || session_date) from market.price_data join market.instrument using (instrument_id)"));
  const fileDays = files.map(([fileDate]) => day(fileDate));
  const isLate = (date: string, from: string) => fileDays.some((fileDay) => fileDay >= date && fileDay < from);
  const known = (symbol: string, moment: string) => {
    const bars = [...(closes.get(symbol) ?? [])].filter(([date, [version]]) => date <= moment && (version === undefined || version.from <= moment || !isLate(date, version.from)) && stored.has(`${symbol} ${date}`)).sort(([a], [b]) => (a < b ? 1 : -1)).slice(0, 2);
    // What came with the first file after the close of its session was known at that close, what came later from its file on.
    return bars.map(([date, versions]) => ({ date, ...(versions.findLast(({ from }, i) => from <= moment || (i === 0 && !isLate(date, from))) as Version) }));
  };
  const ids = new Map((await db.query<{ symbol: string; id: string }>("select symbol, instrument_id as id from market.instrument")).map(({ symbol, id }) => [symbol, id]));
  const first = Date.parse(day(files[0]?.[0] ?? ""));
  const last = Date.parse(day(files.at(-1)?.[0] ?? ""));
  const random = randomNumbers(5);
  const asked = Array.from({ length: 6_000 }, () => ({
    symbol: [...ids.keys()][Math.floor(random() * ids.size)] as string,
    date: new Date(first - 10 * 86_400_000 + Math.floor((random() * (last - first)) / 86_400_000 + random() * 20) * 86_400_000).toISOString().slice(0, 10),
  }));
  const found = await db.query<{ date: string | null; last: number | null; volume2: number | null }>(
    "select (ts at time zone 'UTC')::date::text as date, values[1] as last, values[2] as volume2 from feature.point_in_time('vintage', $1, $2)",
    [asked.map(({ symbol }) => ids.get(symbol)), asked.map(({ date }) => `${date}T23:30:00Z`)], "reader",
  );
  const wrong = asked.map(({ symbol, date }, i) => {
    const [newest, before] = known(symbol, date);
    const volume2 = newest !== undefined && before !== undefined ? (newest.volume + before.volume) / 2 : null;
    const answer = found[i];
    const isRight = answer?.date === (newest?.date ?? null) && answer.last === (newest?.close ?? null) && (volume2 === null || answer.volume2 === volume2);
    return isRight ? undefined : { symbol, date, answer, newest, volume2 };
  }).filter((one) => one !== undefined);
  t.same(wrong.slice(0, 5), [], `${asked.length} questions, ${wrong.length} wrong`);
});
