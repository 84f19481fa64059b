import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { bring, land, normalise, openRun } from "./bodies.ts";

const yahoo = (subject: string, body: string | Buffer, fetchedAt?: string, status?: number) => ({
  provider: "yahoo", dataset: "bars", subject, body,
  ...(fetchedAt === undefined ? {} : { fetchedAt }), ...(status === undefined ? {} : { status }),
});

interface Chart {
  chart: { result: [{ meta: { symbol: string; dataGranularity: string }; timestamp?: number[]; indicators: { quote: [Record<string, (number | null)[]>]; adjclose?: [{ adjclose: number[] }] } }] };
}

t.test("AAPL since 1980: every session on its day, splits and dividends, nothing twice", async (t) => {
  const file = shared(t, "recordings/yahoo/chart-v8/AAPL-1d-full-history.json");
  if (file === undefined) return;
  const body = readFileSync(file);
  const { timestamp = [], indicators } = (JSON.parse(body.toString()) as Chart).chart.result[0];
  const db = await testDatabase(t);
  const run = await openRun(db);
  // The last bar was still being traded when the market closed at 21:00; a body from before that moment has no final bar of the day.
  const live = await land(db, run, yahoo("AAPL", body, "2022-03-04T20:59:00Z"));
  t.match(await normalise(db, run, live.id), { outcome: "normalised", rows: timestamp.length - 1, quarantined: 0 }, "the live bar is left out");
  const refused = await db.query("select 1 from market.price_data where session_date = '2022-03-04'");
  t.equal(refused.length, 0);

  // Read independently of SQL: the local day in New York of each timestamp.
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" });
  const expected = timestamp.slice(0, -1).map((seconds, index) => ({
    day: day.format(new Date(seconds * 1_000)),
    close: indicators.quote[0]["close"]?.[index],
    volume: indicators.quote[0]["volume"]?.[index],
    adjusted: indicators.adjclose?.[0].adjclose[index],
  }));
  const stored = await db.query("select session_date::text as day, close, volume, adjusted_close as adjusted from market.price_data order by ts");
  t.same(stored, expected, "day, close, volume and adjusted close of all bars, to the bit");
  t.equal(await db.value<number>("select count(*)::int from market.price_data where extract(hour from ts at time zone 'UTC') <> 0"), 0, "midnight UTC in summer and winter");
  t.equal(
    await db.value<number>(`select count(*)::int from market.price_data p left join market.trading_session s on s.mic = 'XNAS' and s.session_date = p.session_date
      where p.session_date >= '1990-01-01' and s.session_date is null`),
    0, "every bar lies on a session of the calendar",
  );
  t.same(await db.query("select ex_date::text, amount::float8 from market.corporate_action where action_type = 'split' order by ex_date"), [
    { ex_date: "1987-06-16", amount: 2 }, { ex_date: "2000-06-21", amount: 2 }, { ex_date: "2005-02-28", amount: 2 },
    { ex_date: "2014-06-09", amount: 7 }, { ex_date: "2020-08-31", amount: 4 },
  ], "the five splits on their ex-dates");
  t.equal(await db.value<number>("select count(*)::int from market.corporate_action where action_type = 'dividend' and currency = 'USD'"), 74);
  t.same(await db.query("select name, asset_class, mic, currency from market.instrument"), [{ name: null, asset_class: "equity", mic: "XNAS", currency: "USD" }]);
});

t.test("one window fetched six times: noise in the adjusted close makes no version", async (t) => {
  const files = [1, 2, 3, 4, 5, 6].map((n) => shared(t, `recordings/yahoo/chart-v8/PM-1y-same-window-${n}.json`));
  if (files.includes(undefined)) return;
  const db = await testDatabase(t);
  const run = await openRun(db);
  const bodies = files.map((file) => readFileSync(file as string));
  t.equal(new Set(bodies.map(String)).size > 1, true, "the bodies do differ");
  for (const [index, body] of bodies.entries()) {
    const outcome = await bring(db, run, yahoo("PM", body, `2021-12-1${index + 1}T12:00:00Z`));
    if (index === 0) t.match(outcome, { rows: 261, new: 261, changed: 261 });
    else t.match(outcome, { accepted: 261, changed: 0 }, `fetch ${index + 1} changes nothing`);
  }
  t.equal(await db.value<number>("select count(*)::int from market.price_data_history"), 0);
  // A real change of one part in a hundred thousand is one.
  const changed = bodies[0]?.toString().replace("71.90919494628906", "71.91019494628906");
  t.match(await bring(db, run, yahoo("PM", changed ?? "", "2021-12-20T12:00:00Z")), { changed: 1 }, "a dividend that moves the adjusted close does");
});

t.test("every recorded chart is read: exchanges, pence, funds, currencies, crypto, an hour, a minute, a month", async (t) => {
  const folder = shared(t, "recordings/yahoo");
  if (folder === undefined) return;
  const names = [...readdirSync(folder).filter((name) => /^(chart-(?!v8)|historical)/.test(name)), ...readdirSync(join(folder, "chart-v8")).map((name) => `chart-v8/${name}`)];
  t.ok(names.length >= 55);
  const db = await testDatabase(t);
  const run = await openRun(db);
  for (const name of names) {
    const recording = JSON.parse(readFileSync(join(folder, name), "utf8")) as Chart | { response: { status: number; bodyJson: Chart } };
    const chart = "response" in recording ? recording.response.bodyJson : recording;
    const { meta, timestamp = [], indicators } = chart.chart.result[0];
    const { open = [], high = [], low = [], close = [] } = indicators.quote[0];
    // Counted apart from SQL: bars whose open or close lies outside [low, high] fail a critical rule.
    const impossible = timestamp.filter((_, i) => {
      const [o, h, l, c] = [open[i] ?? NaN, high[i] ?? NaN, low[i] ?? NaN, close[i] ?? NaN];
      return !(o <= h && o >= l && c <= h && c >= l && l > 0);
    }).length;
    const outcome = await bring(db, run, { ...yahoo(meta.symbol, JSON.stringify(chart), "2026-11-24T12:00:00Z"), url: `https://query2.finance.yahoo.com/${name}` });
    t.match(outcome, { outcome: "normalised", quarantined: impossible }, `${name}: ${JSON.stringify(outcome)}`);
  }
  const of = (symbol: string) => db.query("select asset_class, mic, currency from market.instrument where symbol = $1", [symbol]);
  t.same(await of("OCDO.L"), [{ asset_class: "equity", mic: "XLON", currency: "GBp" }], "pence stay pence");
  t.same(await of("BTC-USD"), [{ asset_class: "crypto", mic: "XXXX", currency: "USD" }]);
  t.same(await of("EURUSD=X"), [{ asset_class: "fx", mic: "XOFF", currency: "USD" }]);
  t.same(await of("^GSPC"), [{ asset_class: "index", mic: "XNYS", currency: "USD" }]);
  t.same(await of("QQQ"), [{ asset_class: "fund", mic: "XNAS", currency: "USD" }]);
  const intervals = await db.query("select distinct bar_interval from market.price_data order by 1");
  t.same(intervals.map((row) => row["bar_interval"]), ["1d", "1h", "1m", "1mo"]);
  const first = await db.query("select to_char(ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ts, session_date::text as day, to_char(known_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as known_from from market.price_data join market.instrument using (instrument_id) where symbol = 'GME' order by price_data.ts limit 1");
  t.same(first, [{ ts: "2021-12-01 14:30", day: "2021-12-01", known_from: "2021-12-01 15:30" }], "an hour is known when it is over");
  const monthly = await db.query("select to_char(ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ts, to_char(known_from at time zone 'America/New_York', 'YYYY-MM-DD HH24:MI') as known_from from market.price_data where bar_interval = '1mo' order by price_data.ts limit 1");
  t.same(monthly, [{ ts: "2015-01-01 00:00", known_from: "2015-02-01 00:00" }], "a month when it is over");
  t.equal(await db.value<number>("select count(*)::int from market.price_data where bar_interval = '1h' and extract(second from ts) <> 0"), 0, "the snapshot at the end of an intraday chart is no bar");
});

t.test("days of nulls are no bars; a day of which a part is missing is quarantined", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const outcome = await bring(db, run, yahoo("TEST", chart({ open: [10, null, 10], high: [11, null, 11], low: [9, null, 9], close: [10, null, null], volume: [5, null, 5] })));
  t.match(outcome, { rows: 2, accepted: 1, quarantined: 1 });
  t.match((await db.query("select reason from ingest.quarantine"))[0]?.["reason"], /close/);
});

t.test("a split or dividend that comes twice is one; a changed amount is a version", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const events = (amount: number) => ({
    splits: { a: { date: 1_704_205_800, numerator: 2, denominator: 1 }, b: { date: 1_704_209_400, numerator: 2, denominator: 1 } },
    dividends: { a: { date: 1_704_205_800, amount } },
  });
  await bring(db, run, yahoo("TEST", chart({}, { events: events(0.5) }), "2024-02-01T00:00:00Z"));
  t.same(await db.query("select action_type, ex_date::text, amount::float8, version from market.corporate_action order by 1"), [
    { action_type: "dividend", ex_date: "2024-01-02", amount: 0.5, version: 1 },
    { action_type: "split", ex_date: "2024-01-02", amount: 2, version: 1 },
  ], "a split and a dividend on one day, the doubled split once");
  await bring(db, run, yahoo("TEST", chart({}, { events: events(0.6) }), "2024-02-02T00:00:00Z"));
  t.same(await db.query("select amount::float8, version from market.corporate_action where action_type = 'dividend'"), [{ amount: 0.6, version: 2 }]);
  t.same(await db.query("select amount::float8, version, known_to = '2024-02-02T00:00:00Z' as closed from market.corporate_action_history"), [{ amount: 0.5, version: 1, closed: true }]);
});

t.test("what is no chart is refused with its cause, and nothing else is stored", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const good = chart({});
  const cases: readonly (readonly [name: string, body: string, code: string, message: RegExp, status?: number])[] = [
    ["an error of Yahoo", '{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}', "MB010", /No data found/, 404],
    ["an error with status 200", '{"chart":{"result":null,"error":{"code":"Unprocessable Entity","description":"1m data not available"}}}', "MB010", /1m data not available/],
    ["another error of Yahoo", '{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}', "MB010", /Invalid Crumb/, 401],
    ["truncated", good.slice(0, good.indexOf("[10,10,10]") + 4), "MB004", /not JSON: The input string ended unexpectedly/],
    ["HTML with status 200", "<!doctype html><title>Too Many Requests</title>", "MB004", /HTML/],
    ["null", "null", "MB004", /JSON value null/],
    ["a list", "[1]", "MB004", /JSON value \[1\]/],
    ["empty", "", "MB004", /empty/],
    ["blank", " \n", "MB004", /empty/],
    ["words", "Edge: Too Many Requests", "MB004", /not JSON/],
    ["NaN", good.replace("[10,10,10]", "[10,NaN,10]"), "MB004", /NaN/],
    ["1e400", good.replace("[10,10,10]", "[10,1e400,10]"), "MB004", /out of range/],
    ["NUL", good.replace('"USD"', '"\\u0000"'), "MB004", /not JSON/],
    ["status 500", "{}", "MB004", /status 500/, 500],
    ["HTML with status 503", "<html>", "MB004", /status 503/, 503],
    ["an empty object", "{}", "MB004", /not a chart/],
    ["a list that is too short", good.replace("[11,11,11]", "[11,11]"), "MB004", /not as long as the 3 timestamps: high/],
    ["text for numbers", good.replace("[11,11,11]", '["11","11","11"]'), "MB004", /not numbers.*: high/],
    ["a field renamed", good.replace('"low"', '"lowest"'), "MB004", /missing.*: low/],
    ["no timestamps", good.replace('"timestamp"', '"timestamps"'), "MB004", /no timestamps/],
    ["another symbol", good.replace('"TEST"', '"FB"'), "MB004", /about FB, but TEST was asked for/],
    ["another length", good.replace('"1d"', '"3mo"'), "MB004", /"3mo" are not kept/],
    ["an unknown zone", good.replace("America/New_York", "Mars/Olympus"), "MB004", /Mars\/Olympus/],
  ];
  for (const [name, body, code, message, status] of cases) {
    const outcome = await bring(db, run, yahoo("TEST", body, undefined, status));
    t.match(outcome, { outcome: "refused", code, rows: 0, accepted: 0, changed: 0, quarantined: 0 }, name);
    t.match(outcome.message, message, `${name}: ${outcome.message ?? ""}`);
  }
  t.equal(await db.value<number>("select count(*)::int from ingest.raw_response"), cases.length, "every body is kept");
  for (const table of ["market.instrument", "market.price_data", "market.corporate_action", "ingest.quarantine", "ingest.candidate_bar", "ingest.candidate_action"]) {
    t.equal(await db.value<number>(`select count(*)::int from ${table}`), 0, `nothing in ${table}`);
  }
  t.match(await bring(db, run, yahoo("TEST", good.replace('"meta"', '"extra":{"a":[1]},"meta"'))), { outcome: "normalised", accepted: 3 }, "a field more does no harm");
});

/** A chart of three sessions of January 2024. */
function chart(quote: Record<string, (number | null)[]>, more: Record<string, unknown> = {}): string {
  const meta = { currency: "USD", symbol: "TEST", exchangeName: "NYQ", instrumentType: "EQUITY", exchangeTimezoneName: "America/New_York", dataGranularity: "1d" };
  const prices = { open: [10, 10, 10], high: [11, 11, 11], low: [9, 9, 9], close: [10, 10.5, 10], volume: [5, 6, 7], ...quote };
  return JSON.stringify({ chart: { result: [{ meta, timestamp: [1_704_205_800, 1_704_292_200, 1_704_378_600], indicators: { quote: [prices] }, ...more }], error: null } });
}
