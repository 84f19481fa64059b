import t from "tap";
import { testDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

/** A body as the documentation of its API describes it, and what has to become of it. */
interface Case {
  readonly name: string;
  readonly provider: string;
  readonly subject: string;
  readonly query?: string;
  readonly status?: number;
  readonly fetchedAt?: string;
  readonly body: unknown;
  /** Interval, ts, session, open, high, low, close, volume, adjusted close of each bar, oldest first. */
  readonly bars?: readonly (readonly [interval: string, ts: string, day: string, open: number, high: number, low: number, close: number, volume: number, adjusted: number | null])[];
  readonly refused?: readonly [code: string, message: RegExp];
  readonly quarantined?: RegExp;
}

const kline = (open: number, close: number) => [open, "10.0", "12.0", "9.0", "11.0", "5.5", close, "60.0", 7, "1.0", "2.0", "0"];
const alpha = (series: string, meta: Record<string, string>, bars: Record<string, Record<string, string>>) => ({ "Meta Data": meta, [series]: bars });
const bar = { "1. open": "10.0", "2. high": "12.0", "3. low": "9.0", "4. close": "11.0", "5. volume": "100" };
const aggregate = (t: number) => ({ v: 100.5, vw: 10.5, o: 10, c: 11, h: 12, l: 9, t, n: 3 });
const twelve = (meta: Record<string, string>, datetimes: readonly string[]) => ({
  meta: { symbol: "T4", currency: "USD", exchange_timezone: "America/New_York", exchange: "NASDAQ", mic_code: "XNGS", type: "Common Stock", ...meta },
  values: datetimes.map((datetime) => ({ datetime, open: "10.0", high: "12.0", low: "9.0", close: "11.0", volume: "100" })), status: "ok",
});
const eod = (date: string, more: Record<string, unknown> = {}) => ({ date, close: 11, high: 12, low: 9, open: 10, volume: 100, adjClose: 5.5, adjHigh: 6, adjLow: 4.5, adjOpen: 5, adjVolume: 200, divCash: 0, splitFactor: 1, ...more });
const one = (interval: string, ts: string, volume = 100, adjusted: number | null = null) => [interval, ts, ts.slice(0, 10), 10, 12, 9, 11, volume, adjusted] as const;

const cases: readonly Case[] = [
  // Binance
  { name: "a minute in milliseconds", provider: "binance", subject: "B1-USDT", body: [kline(1704067200000, 1704067259999)], bars: [one("1m", "2024-01-01 00:00", 5.5)] },
  { name: "a day in microseconds", provider: "binance", subject: "B2-USDT", body: [kline(1735689600000000, 1735775999999999)], bars: [one("1d", "2025-01-01 00:00", 5.5)] },
  { name: "a month of 29 days", provider: "binance", subject: "B3-USDT", body: [kline(1706745600000, 1709251199999)], bars: [one("1mo", "2024-02-01 00:00", 5.5)] },
  { name: "three days", provider: "binance", subject: "B4-USDT", query: "interval=3d", body: [kline(1704067200000, 1704326399999)], bars: [one("3d", "2024-01-01 00:00", 5.5)] },
  { name: "the kline that still moves is left out", provider: "binance", subject: "B5-USDT", fetchedAt: "2024-01-01T00:01:30Z",
    body: [kline(1704067200000, 1704067259999), kline(1704067260000, 1704067319999)], bars: [one("1m", "2024-01-01 00:00", 5.5)] },
  { name: "none", provider: "binance", subject: "B6-USDT", body: [], bars: [] },
  { name: "an unknown symbol", provider: "binance", subject: "B7-USDT", status: 400, body: { code: -1121, msg: "Invalid symbol." }, refused: ["MB010", /^Binance says: Invalid symbol\. Check the symbol/] },
  { name: "too many requests", provider: "binance", subject: "B7-USDT", status: 418, body: { code: -1003, msg: "Way too much request weight used; IP banned until 1." }, refused: ["MB011", /ask again later/] },
  { name: "another country", provider: "binance", subject: "B7-USDT", status: 451, body: { code: 0, msg: "Service unavailable from a restricted location" }, refused: ["MB010", /restricted location.*country/] },
  { name: "a text where the price belongs", provider: "binance", subject: "B8-USDT", body: [[1704067200000, "abc", "12.0", "9.0", "11.0", "5", 1704067259999]], bars: [], quarantined: /open "abc" cannot be read/ },
  { name: "lists that are too short", provider: "binance", subject: "B9-USDT", body: [[1704067200000, "1"]], refused: ["MB004", /a list of lists of 2 values such as \[1704067200000, "1"\], not a list of klines/] },
  // Coinbase
  { name: "candles, newest first", provider: "coinbase", subject: "C1-USD", query: "granularity=86400", body: [[1704153600, 9, 12, 10, 11, 3.25], [1704067200, 9, 12, 10, 11, 2.5]],
    bars: [one("1d", "2024-01-01 00:00", 2.5), one("1d", "2024-01-02 00:00", 3.25)] },
  { name: "candles without their length in the address", provider: "coinbase", subject: "C2-USD", body: [[1704071700, 9, 12, 10, 11, 1], [1704068100, 9, 12, 10, 11, 1], [1704067200, 9, 12, 10, 11, 1]],
    bars: [one("15m", "2024-01-01 00:00", 1), one("15m", "2024-01-01 00:15", 1), one("15m", "2024-01-01 01:15", 1)] },
  { name: "one candle without its length", provider: "coinbase", subject: "C3-USD", body: [[1704067200, 9, 12, 10, 11, 1]], refused: ["MB004", /does not tell how long its bars are/] },
  { name: "candles of Advanced Trade", provider: "coinbase", subject: "C4-USD", query: "granularity=ONE_HOUR", body: { candles: [{ start: "1704067200", low: "9", high: "12", open: "10", close: "11", volume: "7" }] }, bars: [one("1h", "2024-01-01 00:00", 7)] },
  { name: "an unknown product", provider: "coinbase", subject: "C5-USD", status: 404, body: { message: "NotFound" }, refused: ["MB010", /^Coinbase Exchange says: NotFound\. Check the symbol/] },
  { name: "a limit", provider: "coinbase", subject: "C5-USD", status: 429, body: { message: "Public rate limit exceeded" }, refused: ["MB011", /ask again later/] },
  { name: "trades", provider: "coinbase", subject: "C5-USD", body: [{ time: "2024-01-01T00:00:00Z", trade_id: 1, price: "1", size: "1", side: "buy" }], refused: ["MB004", /a list of objects with the fields .*trade_id.*, not a list of candles/] },
  // Kraken
  { name: "OHLC with the bar that still moves", provider: "kraken", subject: "BTC-USD", query: "pair=XBTUSD&interval=60",
    body: { error: [], result: { XXBTZUSD: [[1704067200, "10.0", "12.0", "9.0", "11.0", "10.5", "4.25", 8], [1704070800, "10.0", "12.0", "9.0", "11.0", "10.5", "1", 2]], last: 1704067200 } }, bars: [one("1h", "2024-01-01 00:00", 4.25)] },
  { name: "an unknown pair", provider: "kraken", subject: "K2-USD", body: { error: ["EQuery:Unknown asset pair"] }, refused: ["MB010", /^Kraken says: EQuery:Unknown asset pair\. Check the symbol/] },
  { name: "a limit", provider: "kraken", subject: "K2-USD", body: { error: ["EGeneral:Too many requests"] }, refused: ["MB011", /ask again later/] },
  { name: "another pair", provider: "kraken", subject: "K2-USD", body: { error: [], result: { XETHZUSD: [], last: 0 } }, refused: ["MB004", /about XETHZUSD, but K2-USD was asked for/] },
  // Alpha Vantage
  { name: "five minutes of New York, in winter", provider: "alphavantage", subject: "A1",
    body: alpha("Time Series (5min)", { "1. Information": "Intraday (5min)", "2. Symbol": "A1", "3. Last Refreshed": "2024-01-02 19:55:00", "4. Interval": "5min", "6. Time Zone": "US/Eastern" }, { "2024-01-02 09:30:00": bar, "2024-01-02 19:55:00": bar }),
    bars: [one("5m", "2024-01-02 14:30"), ["5m", "2024-01-03 00:55", "2024-01-02", 10, 12, 9, 11, 100, null]] },
  { name: "days with dividend and split", provider: "alphavantage", subject: "A2",
    body: alpha("Time Series (Daily)", { "2. Symbol": "A2", "5. Time Zone": "US/Eastern" }, { "2024-01-03": { "1. open": "10", "2. high": "12", "3. low": "9", "4. close": "11", "5. adjusted close": "10.5", "6. volume": "100", "7. dividend amount": "0.5000", "8. split coefficient": "2.0" } }),
    bars: [one("1d", "2024-01-03 00:00", 100, 10.5)] },
  { name: "a week is dated by its last session and stored under its Monday", provider: "alphavantage", subject: "A3", body: alpha("Weekly Time Series", { "2. Symbol": "A3", "3. Last Refreshed": "2024-01-05", "4. Time Zone": "US/Eastern" }, { "2024-01-05": bar }), bars: [one("1w", "2024-01-01 00:00")] },
  { name: "a week in the middle is not over", provider: "alphavantage", subject: "A4", body: alpha("Weekly Time Series", { "2. Symbol": "A4", "3. Last Refreshed": "2024-01-10", "4. Time Zone": "US/Eastern" }, { "2024-01-10": bar, "2024-01-05": bar }), bars: [one("1w", "2024-01-01 00:00")] },
  { name: "a month, adjusted", provider: "alphavantage", subject: "A5", body: alpha("Monthly Adjusted Time Series", { "2. Symbol": "A5", "3. Last Refreshed": "2024-02-29", "4. Time Zone": "US/Eastern" },
    { "2024-02-29": { "1. open": "10", "2. high": "12", "3. low": "9", "4. close": "11", "5. adjusted close": "10.9", "6. volume": "100", "7. dividend amount": "0.1" } }), bars: [one("1mo", "2024-02-01 00:00", 100, 10.9)] },
  { name: "a day that was refreshed before its close", provider: "alphavantage", subject: "A6", body: alpha("Time Series (Daily)", { "2. Symbol": "A6", "3. Last Refreshed": "2024-01-03 13:05:00", "5. Time Zone": "US/Eastern" }, { "2024-01-03": bar, "2024-01-02": bar }), bars: [one("1d", "2024-01-02 00:00")] },
  { name: "crypto as it was called before", provider: "alphavantage", subject: "BTC-CNY", body: alpha("Time Series (Digital Currency Daily)", { "2. Digital Currency Code": "BTC", "3. Digital Currency Name": "Bitcoin", "4. Market Code": "CNY", "6. Last Refreshed": "2024-01-03 00:00:00", "7. Time Zone": "UTC" },
    { "2024-01-02": { "1a. open (CNY)": "10", "1b. open (USD)": "1", "2a. high (CNY)": "12", "2b. high (USD)": "1", "3a. low (CNY)": "9", "3b. low (USD)": "1", "4a. close (CNY)": "11", "4b. close (USD)": "1", "5. volume": "100", "6. market cap (USD)": "100" } }), bars: [one("1d", "2024-01-02 00:00")] },
  { name: "minutes of crypto", provider: "alphavantage", subject: "ETH-EUR", body: alpha("Time Series Crypto (5min)", { "2. Digital Currency Code": "ETH", "4. Market Code": "EUR", "7. Interval": "5min", "9. Time Zone": "UTC" }, { "2024-01-06 10:05:00": bar }), bars: [one("5m", "2024-01-06 10:05")] },
  { name: "a wrong call", provider: "alphavantage", subject: "A7", body: { "Error Message": "Invalid API call. Please retry or visit the documentation" }, refused: ["MB010", /^Alpha Vantage says: Invalid API call/] },
  { name: "the day's requests", provider: "alphavantage", subject: "A7", body: { Information: "We have detected your API key as XX and our standard API rate limit is 25 requests per day." }, refused: ["MB011", /ask again later/] },
  { name: "another symbol", provider: "alphavantage", subject: "A7", body: alpha("Time Series (Daily)", { "2. Symbol": "IBM", "5. Time Zone": "US/Eastern" }, {}), refused: ["MB004", /about IBM, but A7 was asked for/] },
  // Twelve Data
  { name: "minutes, newest first, in summer", provider: "twelvedata", subject: "T4", body: twelve({ interval: "1min" }, ["2024-07-01 09:31:00", "2024-07-01 09:30:00"]), bars: [one("1m", "2024-07-01 13:30"), one("1m", "2024-07-01 13:31")] },
  { name: "months", provider: "twelvedata", subject: "T4", body: twelve({ interval: "1month" }, ["2024-02-01"]), bars: [one("1mo", "2024-02-01 00:00")] },
  { name: "a currency without volume", provider: "twelvedata", subject: "EURJPY=X", body: { meta: { symbol: "EUR/JPY", interval: "1h", currency_base: "Euro", currency_quote: "Japanese Yen", type: "Physical Currency" }, values: [{ datetime: "2024-01-02 10:00:00", open: "10", high: "12", low: "9", close: "11" }], status: "ok" }, bars: [one("1h", "2024-01-02 10:00", 0)] },
  { name: "Tokyo, whose Monday begins on Sunday in UTC", provider: "twelvedata", subject: "7203.T", body: twelve({ symbol: "7203.T", interval: "15min", exchange_timezone: "Asia/Jakarta", mic_code: "XJPX", currency: "JPY" }, ["2024-01-08 06:00:00"]), bars: [["15m", "2024-01-07 23:00", "2024-01-08", 10, 12, 9, 11, 100, null]] },
  { name: "several symbols at once", provider: "twelvedata", subject: "T5", body: { X: twelve({ symbol: "X", interval: "1day" }, ["2024-01-02"]), T5: twelve({ symbol: "T5", interval: "1day" }, ["2024-01-03"]) }, bars: [one("1d", "2024-01-03 00:00")] },
  { name: "no credits left, with status 200", provider: "twelvedata", subject: "T6", body: { code: 429, message: "You have run out of API credits for the current minute.", status: "error" }, refused: ["MB011", /^Twelve Data says: You have run out of API credits.*ask again later/] },
  { name: "a wrong key", provider: "twelvedata", subject: "T6", status: 401, body: { code: 401, message: "**apikey** parameter is incorrect or not specified.", status: "error" }, refused: ["MB010", /Check the key in MARKETBASE_TWELVEDATA_KEY/] },
  { name: "a quarter", provider: "twelvedata", subject: "T6", body: twelve({ symbol: "T6", interval: "3month" }, []), refused: ["MB004", /bars of length "3month" are not kept/] },
  // Polygon
  { name: "days, with the address", provider: "polygon", subject: "P1", query: "/v2/aggs/ticker/P1/range/1/day/2024-01-01/2024-01-03?adjusted=false", body: { ticker: "P1", status: "DELAYED", resultsCount: 2, adjusted: false, results: [aggregate(1704171600000), aggregate(1719806400000)] }, bars: [one("1d", "2024-01-02 00:00", 100.5), one("1d", "2024-07-01 00:00", 100.5)] },
  { name: "a week from Sunday", provider: "polygon", subject: "P2", query: "/v2/aggs/ticker/P2/range/1/week/2024-01-01/2024-01-13", body: { ticker: "P2", status: "OK", results: [aggregate(1704603600000)] }, bars: [one("1w", "2024-01-08 00:00", 100.5)] },
  { name: "five minutes", provider: "polygon", subject: "P3", query: "/v2/aggs/ticker/P3/range/5/minute/2024-01-02/2024-01-02", body: { ticker: "P3", status: "OK", results: [aggregate(1704205800000)] }, bars: [one("5m", "2024-01-02 14:30", 100.5)] },
  { name: "crypto in UTC", provider: "polygon", subject: "DOGE-USD", query: "/v2/aggs/ticker/X:DOGEUSD/range/1/day/2024-01-06/2024-01-06", body: { ticker: "X:DOGEUSD", status: "OK", results: [aggregate(1704499200000)] }, bars: [one("1d", "2024-01-06 00:00", 100.5)] },
  { name: "a pair by the name of Polygon", provider: "polygon", subject: "X:SOLUSD", query: "/v2/aggs/ticker/X:SOLUSD/range/1/hour/2024-01-06/2024-01-06", body: { ticker: "X:SOLUSD", status: "OK", results: [aggregate(1704499200000)] }, bars: [one("1h", "2024-01-06 00:00", 100.5)] },
  { name: "no results", provider: "polygon", subject: "P4", body: { ticker: "P4", queryCount: 0, resultsCount: 0, adjusted: true, status: "OK", request_id: "x" }, bars: [] },
  { name: "an unknown key", provider: "polygon", subject: "P5", status: 401, body: { status: "ERROR", request_id: "x", error: "Unknown API Key" }, refused: ["MB010", /says: Unknown API Key\. Check the key in MARKETBASE_POLYGON_KEY/] },
  { name: "not part of the plan", provider: "polygon", subject: "P5", status: 403, body: { status: "NOT_AUTHORIZED", request_id: "x", message: "You are not entitled to this data. Please upgrade your plan." }, refused: ["MB010", /not entitled.*what its plan allows/] },
  { name: "five in a minute", provider: "polygon", subject: "P5", status: 429, body: { status: "ERROR", error: "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue." }, refused: ["MB011", /ask again later/] },
  { name: "another ticker", provider: "polygon", subject: "P5", body: { ticker: "META", status: "OK", results: [aggregate(1704171600000)] }, refused: ["MB004", /about META, but P5 was asked for/] },
  // Tiingo
  { name: "days with dividend and split", provider: "tiingo", subject: "I1", body: [eod("2024-01-02T00:00:00.000Z"), eod("2024-01-03T00:00:00.000Z", { divCash: 0.25, splitFactor: 4 })], bars: [one("1d", "2024-01-02 00:00", 100, 5.5), one("1d", "2024-01-03 00:00", 100, 5.5)] },
  { name: "months by their last session", provider: "tiingo", subject: "I2", query: "resampleFreq=monthly", body: [eod("2024-02-29T00:00:00.000Z")], bars: [one("1mo", "2024-02-01 00:00", 100, 5.5)] },
  { name: "IEX with its offset", provider: "tiingo", subject: "I3", query: "resampleFreq=1hour", body: [{ date: "2024-07-01T09:30:00-04:00", open: 10, high: 12, low: 9, close: 11, volume: 100 }], bars: [one("1h", "2024-07-01 13:30")] },
  { name: "an error in a list", provider: "tiingo", subject: "I4", body: ["Error: Ticker 'I4' not found"], refused: ["MB010", /^Tiingo says: Error: Ticker 'I4' not found/] },
  { name: "no token", provider: "tiingo", subject: "I4", status: 403, body: { detail: "Please supply a token" }, refused: ["MB010", /Check the key in MARKETBASE_TIINGO_KEY/] },
  { name: "nothing at that address", provider: "tiingo", subject: "I4", status: 404, body: { detail: "Not found." }, refused: ["MB010", /Not found\. Check the symbol/] },
  { name: "a line of text", provider: "tiingo", subject: "I4", body: "You have run over your hourly request allocation", refused: ["MB011", /hourly request allocation/] },
  // Stooq
  { name: "the download of the site", provider: "stooq", subject: "S1", query: "s=s1.us&i=d", body: "Date,Open,High,Low,Close,Volume\r\n2024-01-02,10,12,9,11,100\r\n", bars: [one("1d", "2024-01-02 00:00")] },
  { name: "weeks by their last session", provider: "stooq", subject: "S2", query: "s=s2.us&i=w", body: "Date,Open,High,Low,Close,Volume\n2024-01-05,10,12,9,11,100\n", bars: [one("1w", "2024-01-01 00:00")] },
  { name: "a currency without volume", provider: "stooq", subject: "GBPUSD=X", query: "s=gbpusd&i=d", body: "Date,Open,High,Low,Close\n2024-01-02,10,12,9,11\n", bars: [one("1d", "2024-01-02 00:00", 0)] },
  { name: "a bulk file of many", provider: "stooq", subject: "S3", body: "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nS9.US,D,20240102,000000,1,1,1,1,1,0\nS3.US,D,20240102,000000,10,12,9,11,100,0\n", bars: [one("1d", "2024-01-02 00:00")] },
  { name: "five minutes that begin with the session", provider: "stooq", subject: "S4", body: "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nS4.US,5,20240102,153000,10,12,9,11,100,0\nS4.US,5,20240102,215500,10,12,9,11,100,0\n", bars: [one("5m", "2024-01-02 14:30"), one("5m", "2024-01-02 20:55")] },
  { name: "the day's limit", provider: "stooq", subject: "S5", body: "Exceeded the daily hits limit", refused: ["MB011", /^Stooq says: Exceeded the daily hits limit\. The limit of the provider is used up/] },
  { name: "no data", provider: "stooq", subject: "S5", body: "No data\n", refused: ["MB010", /^Stooq says: No data\. Check the symbol/] },
  { name: "a key is wanted", provider: "stooq", subject: "S5", body: "Get your apikey:\n\n1. Open https://stooq.com/q/d/?s=s5.us&get_apikey\n", refused: ["MB010", /Get your apikey.*MARKETBASE_STOOQ_KEY/] },
  { name: "a page for browsers", provider: "stooq", subject: "S5", body: "<!DOCTYPE html><html>", refused: ["MB004", /a page of HTML or XML, not CSV/] },
  { name: "a broken line", provider: "stooq", subject: "S6", query: "i=d", body: "Date,Open,High,Low,Close,Volume\n2024-01-02,10,12\n2024-13-01,10,12,9,11,100\n", bars: [], quarantined: /low is missing/ },
  { name: "nothing", provider: "stooq", subject: "S5", body: "", refused: ["MB004", /empty/] },
];

t.test("every provider's documented bodies: the right bars, or the right reason", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  for (const { name, provider, subject, query = "", status, fetchedAt = "2026-01-01T00:00:00Z", body, bars, refused, quarantined } of cases) {
    const label = `${provider}: ${name}`;
    const url = `https://provider.example${query.startsWith("/") ? query : `/x?${query}`}`;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const outcome = await bring(db, run, { provider, dataset: "bars", subject, url, body: text, fetchedAt, ...(status === undefined ? {} : { status }) });
    if (refused !== undefined) {
      t.match(outcome, { outcome: "refused", code: refused[0], message: refused[1], rows: 0, changed: 0 }, `${label}: ${outcome.message ?? outcome.outcome}`);
      continue;
    }
    t.equal(outcome.outcome, "normalised", `${label}: ${outcome.message ?? ""}`);
    const stored = await db.query<Record<string, unknown>>(
      `select bar_interval, to_char(ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ts, session_date::text as day, open, high, low, close, volume, adjusted_close
       from market.price_data join ingest.raw_response using (raw_response_id) where raw_response.url = $1 and raw_response.subject = $2 and price_data.provider = $3 and raw_response.sha256 = encode(sha256($4), 'hex') order by price_data.ts`,
      [url, subject, provider, Buffer.from(text)],
    );
    t.same(stored.map((row) => Object.values(row)), bars, label);
    if (quarantined !== undefined) t.ok((await db.query<{ reason: string }>("select reason from ingest.quarantine where symbol = $1", [subject])).some(({ reason }) => quarantined.test(reason)), `${label}: quarantined with its reason`);
  }
  t.same(await db.query("select symbol, action_type, ex_date::text, amount::float8, corporate_action.currency from market.corporate_action join market.instrument using (instrument_id) order by 1, 2"), [
    { symbol: "A2", action_type: "dividend", ex_date: "2024-01-03", amount: 0.5, currency: "USD" }, { symbol: "A2", action_type: "split", ex_date: "2024-01-03", amount: 2, currency: null },
    { symbol: "I1", action_type: "dividend", ex_date: "2024-01-03", amount: 0.25, currency: "USD" }, { symbol: "I1", action_type: "split", ex_date: "2024-01-03", amount: 4, currency: null },
  ], "actions that come with the bars");
  t.same(await db.query("select symbol, asset_class, mic, currency from market.instrument where symbol in ('BTC-USD', 'EURJPY=X', '7203.T', 'C1-USD', 'B1-USDT', 'T4') order by 1"), [
    { symbol: "7203.T", asset_class: "equity", mic: "XIDX", currency: "JPY" }, { symbol: "B1-USDT", asset_class: "crypto", mic: "XXXX", currency: "USD" },
    { symbol: "BTC-USD", asset_class: "crypto", mic: "XXXX", currency: "USD" }, { symbol: "C1-USD", asset_class: "crypto", mic: "XXXX", currency: "USD" },
    { symbol: "EURJPY=X", asset_class: "fx", mic: "XOFF", currency: "JPY" }, { symbol: "T4", asset_class: "equity", mic: "XNAS", currency: "USD" },
  ], "what the bodies tell of their instruments");
});

t.test("splits and dividends of Polygon are pages of their own; two dividends of one day are one amount", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const polygon = (body: unknown) => bring(db, run, { provider: "polygon", dataset: "bars", subject: "AAPL", body: JSON.stringify(body), fetchedAt: "2026-01-01T00:00:00Z" });
  t.match(
    await polygon({ status: "OK", results: [{ execution_date: "2020-08-31", split_from: 1, split_to: 4, ticker: "AAPL" }, { execution_date: "2020-08-31", split_from: 1, split_to: 4, ticker: "AAPL" }] }),
    { rows: 1, accepted: 1, new: 1, changed: 1, actions: 1, actionsChanged: 1 }, "a body of actions alone has them as its rows");
  const paid = { ex_dividend_date: "2024-05-10", frequency: 4, ticker: "AAPL", currency: "USD" };
  await polygon({ status: "OK", results: [{ ...paid, cash_amount: 0.25, dividend_type: "CD" }, { ...paid, cash_amount: 1, dividend_type: "SC" }, { ...paid, cash_amount: 1, dividend_type: "SC" }] });
  t.same(await db.query("select action_type, ex_date::text, amount::float8 from market.corporate_action order by 1"), [
    { action_type: "dividend", ex_date: "2024-05-10", amount: 1.25 }, { action_type: "split", ex_date: "2020-08-31", amount: 4 },
  ]);
  t.match(await polygon({ status: "OK", results: [{ execution_date: "2020-08-31", split_from: 1, split_to: 4, ticker: "TSLA" }] }), { outcome: "refused", code: "MB004", message: /about TSLA, but AAPL/ });
});

t.test("the golden record: priority decides, everybody's words are kept, differences are findings", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const say = (provider: string, close: number, day: string) => bring(db, run, provider === "tiingo"
    ? { provider, dataset: "bars", subject: "AAPL", body: JSON.stringify([eod("2024-01-02T00:00:00.000Z", { close }), eod("2024-01-03T00:00:00.000Z")]), fetchedAt: `${day}T12:00:00Z` }
    : { provider, dataset: "bars", subject: "AAPL", body: JSON.stringify({ ticker: "AAPL", status: "OK", results: [{ ...aggregate(1704171600000), c: close, v: 100 }] }), url: `https://x.example/v2/aggs/ticker/AAPL/range/1/day/a/b`, fetchedAt: `${day}T12:00:00Z` });
  const current = () => db.query("select provider, close, version from market.price_data where session_date = '2024-01-02'");
  const statements = () => db.query("select provider, close, version, is_current, to_char(said_at at time zone 'UTC', 'MM-DD') as said from market.price_statement where symbol = 'AAPL' and session_date = '2024-01-02' order by said_at", [], "reader");

  await say("tiingo", 11, "2024-02-01");
  t.equal(await db.value("select count(*)::int from market.price_observation"), 0, "one provider costs nothing");
  t.match(await say("polygon", 11.5, "2024-02-02"), { accepted: 1, changed: 0 }, "the lower priority does not become current");
  t.same(await current(), [{ provider: "tiingo", close: 11, version: 1 }]);
  await say("polygon", 11.5, "2024-02-03");
  t.equal(await db.value("select count(*)::int from market.price_observation"), 1, "saying it again is nothing new");
  await say("polygon", 11.6, "2024-02-04");
  t.same(await statements(), [
    { provider: "tiingo", close: 11, version: 1, is_current: true, said: "02-01" },
    { provider: "polygon", close: 11.5, version: null, is_current: false, said: "02-02" },
    { provider: "polygon", close: 11.6, version: null, is_current: false, said: "02-04" },
  ], "who said what, and when");
  const judged = await db.query("select status, checked_count::int as checked, failed_count::int as failed, message from quality.validate($1, null, null, array['price_data']) where rule = 'price_sources_agree'", [run], "worker");
  t.match(judged, [{ status: "failed", checked: 1, failed: 1, message: /polygon says close 11\.6 where tiingo says 11/ }]);
  t.equal((await db.refused("delete from market.price_observation")).code, "MB006", "observations stay");

  // The other way round: who came first does not matter, and a confirmation by the better one counts.
  await bring(db, run, { provider: "polygon", dataset: "bars", subject: "MSFT", body: JSON.stringify({ ticker: "MSFT", status: "OK", results: [{ ...aggregate(1704171600000), v: 100 }] }), url: "https://x.example/range/1/day/", fetchedAt: "2024-02-05T12:00:00Z" });
  await bring(db, run, { provider: "tiingo", dataset: "bars", subject: "MSFT", body: JSON.stringify([eod("2024-01-02T00:00:00.000Z", { adjClose: undefined })]), fetchedAt: "2024-02-04T12:00:00Z" });
  await bring(db, run, { provider: "polygon", dataset: "bars", subject: "MSFT", body: JSON.stringify({ ticker: "MSFT", status: "OK", results: [{ ...aggregate(1704171600000), v: 100, c: 11.9 }] }), url: "https://x.example/range/1/day/", fetchedAt: "2024-02-06T12:00:00Z" });
  t.equal(await db.value("select close from market.price_data join market.instrument using (instrument_id) where symbol = 'MSFT'"), 11, "what the better provider agreed to is not undone by the other");
  await bring(db, run, { provider: "tiingo", dataset: "bars", subject: "MSFT", body: JSON.stringify([eod("2024-01-02T00:00:00.000Z", { close: 10.5 })]), fetchedAt: "2024-02-07T12:00:00Z" });
  t.same(await db.query("select provider, close, version from market.price_data join market.instrument using (instrument_id) where symbol = 'MSFT'"), [{ provider: "tiingo", close: 10.5, version: 2 }], "its own correction is");
});

t.test("a tolerance is a row with its reason; prices on two bases are compared on one", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const say = (close: number, adjClose: number, day: string) => bring(db, run, { provider: "tiingo", dataset: "bars", subject: "AAPL", body: JSON.stringify([eod("2024-01-02T00:00:00.000Z", { close, adjClose })]), fetchedAt: `${day}T12:00:00Z` });
  await say(11, 5.5, "2024-02-01");
  t.match(await say(11, 5.500001, "2024-02-02"), { changed: 0 }, "noise in the adjusted close");
  t.match(await say(11.000001, 5.5, "2024-02-03"), { changed: 1 }, "a price is compared exactly");
  await db.query("update ingest.field_tolerance set tolerance = 1e-6 where field = 'close'");
  t.match(await say(11.000002, 5.5, "2024-02-04"), { changed: 0 }, "unless the table says otherwise");
  t.equal(await db.value("select bool_and(length(reason) > 5) from ingest.field_tolerance", [], "reader"), true);

  // Twelve Data divides the past by later splits, Tiingo does not.
  await db.query("insert into market.corporate_action (instrument_id, action_type, ex_date, amount, known_from, provider, raw_response_id, run_id) select market.instrument_id('AAPL'), 'split', '2024-01-10', 2, now(), 'tiingo', min(raw_response_id), $1 from ingest.raw_response", [run]);
  const values = [{ datetime: "2024-01-02", open: "5", high: "6", low: "4.5", close: "5.5", volume: "200" }];
  await bring(db, run, { provider: "twelvedata", dataset: "bars", subject: "AAPL", body: JSON.stringify({ ...twelve({ symbol: "AAPL", interval: "1day" }, []), values }), fetchedAt: "2024-02-05T12:00:00Z" });
  const judged = await db.query("select status, checked_count::int as checked from quality.validate($1, null, null, array['price_data']) where rule = 'price_sources_agree'", [run], "worker");
  t.same(judged, [{ status: "passed", checked: 1 }]);
});
