import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

/** Bars that a body holds, counted apart from SQL; or why it holds none. */
type Expected = number | readonly [code: string, message: RegExp];

interface Recording {
  readonly file: RegExp;
  readonly provider: string;
  readonly subject: string;
  readonly status?: number;
  readonly expected: Expected | ((body: string) => Expected);
}

const lines = (body: string) => body.trim().split("\n").length - 1;
const items = (body: string) => (JSON.parse(body) as unknown[]).length;
const notBars = ["MB004", /^the body is (a list|an object|bars)[^]*, not /] as const;
/** Daily bars of a currency, without that of the day on which the series was refreshed before its end. */
const finishedDays = (body: string) => Object.keys((JSON.parse(body) as Record<string, object>)["Time Series FX (Daily)"] ?? {}).length - 1;

/** Every recorded body of these providers, the first pattern that fits; a file that none fits fails the test. */
const recordings: readonly Recording[] = [
  { file: /^stooq\//, provider: "stooq", subject: "AAPL", expected: lines },
  { file: /^tiingo\/.*crypto_price_history/, provider: "tiingo", subject: "BTC-USD", expected: 2 },
  { file: /^tiingo\/.*(intraday_price|ticker_price_(?!with_volume)|ticker_price\.).*json$/, provider: "tiingo", subject: "GOOGL", expected: items },
  { file: /^tiingo\/.*ticker_price.*csv$/, provider: "tiingo", subject: "GOOGL", expected: lines },
  { file: /^tiingo\/.*news_bulk/, provider: "tiingo", subject: "GOOGL", status: 403, expected: ["MB010", /^Tiingo says: You do not have permission.*MARKETBASE_TIINGO_KEY/] },
  { file: /^tiingo\/.*zip$/, provider: "tiingo", subject: "GOOGL", expected: ["MB004", /not text in UTF-8/] },
  { file: /^tiingo\/.*with_volume_column/, provider: "tiingo", subject: "GOOGL", expected: ["MB004", /fields date, volume, not a list of bars/] },
  { file: /^tiingo\//, provider: "tiingo", subject: "GOOGL", expected: notBars },
  { file: /^twelvedata\/timeSeries/, provider: "twelvedata", subject: "AAPL", expected: 30 },
  { file: /^twelvedata\/marketMovers/, provider: "twelvedata", subject: "AAPL", expected: notBars },
  { file: /^twelvedata\//, provider: "twelvedata", subject: "AAPL", expected: ["MB004", /not bars: they are values of the indicator/] },
  { file: /^alphavantage\/.*historical\[CHF-USD/, provider: "alphavantage", subject: "CHFUSD=X", expected: finishedDays },
  { file: /^alphavantage\/.*historical\[EUR-USD/, provider: "alphavantage", subject: "EURUSD=X", expected: finishedDays },
  { file: /^alphavantage\/.*historical\[GBP-EUR/, provider: "alphavantage", subject: "GBPEUR=X", expected: finishedDays },
  { file: /^alphavantage\/.*historical\[USD-JPY/, provider: "alphavantage", subject: "USDJPY=X", expected: finishedDays },
  { file: /^alphavantage\/.*balance_sheet/, provider: "alphavantage", subject: "TSLA", expected: ["MB011", /5 calls per minute.*ask again later/] },
  { file: /^alphavantage\/.*test_load\[1440-av/, provider: "alphavantage", subject: "TSLA", expected: ["MB010", /premium endpoint.*MARKETBASE_ALPHAVANTAGE_KEY/] },
  { file: /^alphavantage\//, provider: "alphavantage", subject: "TSLA", expected: notBars },
  { file: /^polygon\/.*(v2_aggs_AAPL|range\/1\/day|prev)/, provider: "polygon", subject: "AAPL", expected: (body) => (JSON.parse(body) as { results: unknown[] }).results.length },
  { file: /^polygon\/.*grouped/, provider: "polygon", subject: "GIK", expected: 1 },
  { file: /^polygon\/.*open-close/, provider: "polygon", subject: "AAPL", expected: 1 },
  { file: /^polygon\/.*dividends/, provider: "polygon", subject: "CSSEN", expected: about("CSSEN") },
  { file: /^polygon\/.*splits/, provider: "polygon", subject: "SHOP", expected: about("SHOP") },
  { file: /^polygon\//, provider: "polygon", subject: "AAPL", expected: notBars },
  { file: /^crypto\/(http_spot|http_futures|klines)/, provider: "binance", subject: "BTC-USDT", expected: items },
  { file: /^crypto\/kline_stream_closed/, provider: "binance", subject: "BTC-USDT", expected: 1 },
  { file: /^crypto\/kline_stream_open/, provider: "binance", subject: "BTC-USDT", expected: 0 },
  { file: /^crypto\/(ws_kline|http_get_klines)/, provider: "binance", subject: "BTC-USDT", expected: notBars },
  { file: /^crypto\/http_ohlc/, provider: "kraken", subject: "BTC-USDT", expected: 720 },
  { file: /^crypto\/ws_ohlc/, provider: "kraken", subject: "BTC-USD", expected: 1 },
  { file: /^crypto\/.*html$/, provider: "coinbase", subject: "ETH-USDT", status: 301, expected: ["MB004", /status 301.*another one/] },
  { file: /^crypto\//, provider: "coinbase", subject: "ETH-USDT", expected: notBars },
];

t.test("every recorded body of the providers of bars is read right or refused with the right reason", async (t) => {
  const root = shared(t, "recordings");
  if (root === undefined) return;
  const db = await testDatabase(t);
  // Each file is read for itself: that one adjusts the whole history of another is no matter for a person here.
  await db.query("update ingest.provider set restatement_limit = 1000000");
  const run = await openRun(db);
  // Recordings of one share on several bases restate each other.
  await db.query("update ingest.provider set restatement_limit = 1000000");
  let count = 0;
  for (const folder of ["stooq", "tiingo", "twelvedata", "alphavantage", "polygon", "crypto"]) {
    for (const path of filesBelow(join(root, folder))) {
      const name = relative(root, path);
      if (name.endsWith("INDEX.ndjson")) continue;
      const recording = recordings.find(({ file }) => file.test(name));
      if (recording === undefined) {
        t.fail(`nobody says what ${name} is`);
        continue;
      }
      count += 1;
      const { provider, subject, status, expected } = recording;
      const body = readFileSync(path);
      const wanted = typeof expected === "function" ? expected(body.toString("utf8")) : expected;
      const outcome = await bring(db, run, { provider, dataset: "bars", subject, body, url: `https://provider.example/${encodeURI(name)}`, ...(status === undefined ? {} : { status }) });
      if (typeof wanted === "number") t.match(outcome, { outcome: "normalised", rows: wanted, accepted: wanted, quarantined: 0 }, `${name}: ${JSON.stringify(outcome)}`);
      else t.match(outcome, { outcome: "refused", code: wanted[0], message: wanted[1] }, `${name}: ${outcome.message ?? ""}`);
    }
  }
  t.ok(count >= 140, `${count} bodies`);

  const bars = (symbol: string, interval: string, where = "true") => db.query(
    `select to_char(ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ts, session_date::text as day, open, close, volume from market.price_data join market.instrument using (instrument_id)
     where symbol = $1 and bar_interval = $2 and ${where} order by price_data.ts limit 1`, [symbol, interval]);
  t.same(await bars("AAPL", "5m"), [{ ts: "2015-02-19 14:30", day: "2015-02-19", open: 128.48, close: 128.501, volume: 1_588_339 }], "15:35 in Warsaw ends the first five minutes of New York");
  t.same(await bars("AAPL", "5m", "session_date = '2015-03-09'"), [{ ts: "2015-03-09 13:30", day: "2015-03-09", ...firstOf(join(root, "stooq/aapl.us-5min.txt"), "2015-03-09") }], "also when the clocks of New York have changed and those of Warsaw have not");
  t.equal(await db.value("select count(*)::int from market.price_data p join market.instrument i using (instrument_id) left join market.trading_session s on s.mic = i.mic and s.session_date = p.session_date where symbol = 'AAPL' and bar_interval in ('1m', '5m') and not (p.ts >= s.open_at and p.ts < s.close_at)"), 0, "every bar within its session");
  t.same(await bars("AAPL", "1m", "price_data.ts >= '2023-08-24T15:09:00Z'"), [{ ts: "2023-08-24 15:09", day: "2023-08-24", open: 177.9101, close: 178.00121, volume: 293_189 }]);
  t.same(await bars("GOOGL", "30m"), [{ ts: "2018-01-02 14:30", day: "2018-01-02", open: 1057.47, close: 1061.91, volume: 0 }]);
  t.same(await bars("GOOGL", "1w"), [{ ts: "2018-01-01 00:00", day: "2018-01-01", open: 170.16, close: 175, volume: 99_095_223 }], "a week that ends on a Friday is stored under its Monday");
  t.same(await bars("AAPL", "1d", "session_date = '2023-01-03'"), [{ ts: "2023-01-03 00:00", day: "2023-01-03", open: 130.28, close: 125.07, volume: 112_117_471 }]);
  t.same(await bars("BTC-USDT", "1w"), [{ ts: "2017-07-03 00:00", day: "2017-07-03", open: 0.0163479, close: 0.015771, volume: 148976.11427815 }]);
  t.same(await bars("EURUSD=X", "1d", "session_date = '2022-03-18'"), [{ ts: "2022-03-18 00:00", day: "2022-03-18", open: 1.10906, close: 1.105, volume: 0 }]);
  t.same(await db.query("select symbol, action_type, ex_date::text, amount::float8 from market.corporate_action join market.instrument using (instrument_id) where symbol = 'SHOP' order by 3"), [
    { symbol: "SHOP", action_type: "split", ex_date: "2022-06-22", amount: 10 }, { symbol: "SHOP", action_type: "split", ex_date: "2022-06-29", amount: 10 },
  ], "the recording has the split on two days");
  t.same(await db.query("select key ->> 'ex_date' as day, message from quality.rule_action_split_doubled(array[market.instrument_id('SHOP')], '-infinity', 'infinity', (select parameters from quality.rule_in_force where rule = 'action_split_doubled'))"), [
    { day: "2022-06-29", message: "A split of 10 is on record for 2022-06-22 and for 2022-06-29, and the price does not show it twice." },
  ], "and a rule says so");
});

/** How many rows of a page of actions are about one share. */
function about(symbol: string): (body: string) => number {
  return (body) => (JSON.parse(body) as { results: { ticker: string }[] }).results.filter(({ ticker }) => ticker === symbol).length;
}

/** The first bar of a day in the file itself. */
function firstOf(path: string, day: string): { open: number; close: number; volume: number } {
  const [, , open, , , close, volume] = (readFileSync(path, "utf8").split("\n").find((line) => line.startsWith(day)) ?? "").split(",");
  return { open: Number(open), close: Number(close), volume: Number(volume) };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).sort().flatMap((name) => (statSync(join(folder, name)).isDirectory() ? filesBelow(join(folder, name)) : [join(folder, name)]));
}
