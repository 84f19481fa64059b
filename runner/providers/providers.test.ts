import t from "tap";
import { testDatabase } from "../../db/tests/support/database.ts";
import { startReplayServer } from "../testing/replay-server.ts";
import { fetchAndLand } from "./fetch-and-land.ts";
import { checkRequest, findProvider, providers } from "./index.ts";
import { listProviders, providersTable } from "./list.ts";
import { nextPage } from "./next-page.ts";
import { ingestAll } from "./normalise.ts";
import { keyVariable, type HttpSource, type ProviderContext } from "./provider.ts";
import { reportOn } from "./report.ts";

const keys = Object.fromEntries(Object.values(providers).map((provider) => [keyVariable(provider), `canary-${provider.name}`]));
const context: ProviderContext = { environment: { ...keys, MARKETBASE_CONTACT: "you@example.com" }, cik: async () => "0000320193", json: async () => ({}) };

async function sourceOf(name: string, subject: string, more: { from?: string; to?: string; interval?: string } = {}): Promise<HttpSource> {
  const provider = findProvider(name);
  const source = await provider.source(checkRequest(provider, { dataset: "bars", subject, ...more }), context);
  if (source.kind !== "http") throw new Error("no address");
  return source;
}

t.test("what is asked, of whom", async (t) => {
  const from = "2024-01-01";
  const to = "2024-01-31";
  const cases: readonly (readonly [provider: string, subject: string, more: { from?: string; to?: string; interval?: string }, url: RegExp])[] = [
    ["yahoo", "AAPL", {}, /^https:\/\/query2\.finance\.yahoo\.com\/v8\/finance\/chart\/AAPL\?period1=0&period2=9999999999&interval=1d&/],
    ["yahoo", "AAPL", { from, to, interval: "1m" }, /period1=1704067200&period2=1704672000&interval=1m/],
    ["stooq", "aapl", { from, to }, /^https:\/\/stooq\.com\/q\/d\/l\/\?s=aapl\.us&i=d&d1=20240101&d2=20240131/],
    ["stooq", "VOD.L", { interval: "1w" }, /s=vod\.uk&i=w/],
    ["stooq", "BRK.B", {}, /s=brk-b\.us/],
    ["stooq", "EURUSD=X", {}, /s=eurusd&/],
    ["stooq", "^GSPC", {}, /s=%5Espx&/],
    ["alphavantage", "IBM", { interval: "1d" }, /\/query\?function=TIME_SERIES_DAILY&symbol=IBM&outputsize=full&apikey=canary-alphavantage$/],
    ["alphavantage", "IBM", { from, interval: "5m" }, /function=TIME_SERIES_INTRADAY&symbol=IBM&adjusted=false&extended_hours=false&month=2024-01&interval=5min/],
    ["alphavantage", "EURUSD=X", { interval: "1w" }, /function=FX_WEEKLY&from_symbol=EUR&to_symbol=USD/],
    ["alphavantage", "BTC-USD", {}, /function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=USD/],
    ["tiingo", "BRK.B", { from, to }, /^https:\/\/api\.tiingo\.com\/tiingo\/daily\/BRK-B\/prices\?format=json&resampleFreq=daily&startDate=2024-01-01&endDate=2024-01-31$/],
    ["tiingo", "AAPL", { from, interval: "5m" }, /\/iex\/AAPL\/prices\?format=json&resampleFreq=5min&columns=open%2Chigh%2Clow%2Cclose%2Cvolume&startDate=2024-01-01$/],
    ["tiingo", "BTC-USD", { from, interval: "1h" }, /\/tiingo\/crypto\/prices\?tickers=btcusd&resampleFreq=1hour/],
    ["tiingo", "EURUSD=X", { from }, /\/tiingo\/fx\/eurusd\/prices\?resampleFreq=1day/],
    ["polygon", "BRK-B", { from, to }, /^https:\/\/api\.polygon\.io\/v2\/aggs\/ticker\/BRK\.B\/range\/1\/day\/2024-01-01\/2024-01-31\?adjusted=false&sort=asc&limit=50000$/],
    ["polygon", "BTC-USD", { from, to, interval: "4h" }, /ticker\/X:BTCUSD\/range\/4\/hour\//],
    ["twelvedata", "EURUSD=X", { interval: "1mo" }, /\/time_series\?symbol=EUR%2FUSD&interval=1month&outputsize=5000$/],
    ["binance", "BTC-USDT", { from, to, interval: "1mo" }, /\/api\/v3\/klines\?symbol=BTCUSDT&interval=1M&startTime=1704067200000&endTime=1706745599999&limit=1000$/],
    ["coinbase", "BTCUSD", {}, /^https:\/\/api\.exchange\.coinbase\.com\/products\/BTC-USD\/candles\?granularity=86400$/],
    ["coinbase", "BTC-USD", { from, to, interval: "1h" }, /granularity=3600&start=2024-01-01T00%3A00%3A00\.000Z&end=2024-01-13T11%3A00%3A00\.000Z$/],
    ["kraken", "BTC-USD", { from, interval: "1h" }, /\/0\/public\/OHLC\?pair=XBTUSD&interval=60&since=1704067199$/],
  ];
  for (const [name, subject, more, url] of cases) {
    const source = await sourceOf(name, subject, more);
    t.match(source.url, url, `${name} ${subject}`);
    t.ok(findProvider(name).hosts.includes(new URL(source.url).host) && source.url.startsWith("https:"), `${name}: a host of its own, over https`);
    if (name !== "alphavantage" && name !== "stooq") t.notMatch(source.url, /canary/, `${name}: no key in the address`);
  }
  t.match((await sourceOf("tiingo", "AAPL")).headers, { authorization: "Token canary-tiingo" });
  t.match((await sourceOf("polygon", "AAPL")).headers, { authorization: "Bearer canary-polygon" });
  t.match((await sourceOf("twelvedata", "AAPL")).headers, { authorization: "apikey canary-twelvedata" });
});

t.test("page after page", async (t) => {
  const pages = async (name: string, subject: string, more: { from?: string; to?: string; interval?: string }, bodies: readonly unknown[]): Promise<string[]> => {
    const provider = findProvider(name);
    const request = checkRequest(provider, { dataset: "bars", subject, ...more });
    let source: HttpSource | undefined = await sourceOf(name, subject, more);
    const urls: string[] = [];
    for (const body of bodies) {
      if (source === undefined) break;
      urls.push(source.url);
      source = nextPage(provider, { source, status: 200, body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) }, request, context);
    }
    if (source !== undefined) urls.push("more");
    return urls.slice(1);
  };
  const full = Array.from({ length: 1_000 }, (_, n) => [n * 60_000, "1"]);
  t.match(await pages("binance", "BTC-USDT", { interval: "1m" }, [full, [[1, "1"]]]), [/startTime=59940001&/]);
  t.match(await pages("coinbase", "BTC-USD", { from: "2024-01-01", to: "2024-01-31", interval: "1h" }, [[], [], []]), [/start=2024-01-13T12%3A00.*end=2024-01-25T23%3A00/, /start=2024-01-26T00%3A00.*end=2024-01-31T23%3A59%3A59/]);
  t.match(await pages("polygon", "AAPL", { from: "2024-01-01", to: "2024-01-31" }, [{ next_url: "https://api.polygon.io/v2/aggs/ticker/AAPL/range/1/day/x/y?cursor=abc" }, { results: [] }, { results: [] }, { results: [] }]),
    [/cursor=abc$/, /\/v3\/reference\/splits\?ticker=AAPL&execution_date\.gte=2024-01-01&execution_date\.lte=2024-01-31/, /\/v3\/reference\/dividends\?ticker=AAPL&ex_dividend_date\.gte/]);
  t.same(await pages("polygon", "BTC-USD", {}, [{ results: [] }]), [], "a pair has no actions");
  t.match(await pages("twelvedata", "AAPL", { interval: "1m" }, [{ values: Array.from({ length: 5_000 }, () => ({ datetime: "2024-01-02 09:30:00" })) }, { values: [] }]), [/end_date=2024-01-02\+09%3A30%3A00/]);
  t.match(await pages("tiingo", "AAPL", { from: "2024-01-01", interval: "1m" }, [Array.from({ length: 10_000 }, () => ({ date: "2024-02-01T14:30:00Z" })), []]), [/startDate=2024-02-01/]);
  t.match(await pages("alphavantage", "IBM", { from: "2023-11-15", to: "2024-01-10", interval: "5m" }, [{}, {}, {}]), [/month=2023-12/, /month=2024-01/]);
  t.match(await pages("yahoo", "AAPL", { from: "2024-01-01", to: "2024-01-10", interval: "1m" }, [{}, {}]), [/period1=1704672000&period2=1704931200/]);
  t.same(await pages("binance", "BTC-USDT", {}, ["<html>"]), [], "what cannot be read is the last page");
});

t.test("each page is a body of its own, read before the next one is asked for, and no key stays behind", async (t) => {
  const bar = (time: number) => ({ o: 10, h: 12, l: 9, c: 11, v: 100, t: time });
  const answers: Readonly<Record<string, unknown>> = {
    "/v2/aggs/ticker/AAPL/range/1/day/2020-08-01/2020-08-31": { ticker: "AAPL", status: "OK", results: [bar(1596427200000)], next_url: "https://api.polygon.io/v2/aggs/ticker/AAPL/range/1/day/1596513600000/2020-08-31?cursor=bGltaXQ9MQ" },
    "/v2/aggs/ticker/AAPL/range/1/day/1596513600000/2020-08-31": { ticker: "AAPL", status: "OK", results: [bar(1596513600000)] },
    "/v3/reference/splits": { status: "OK", results: [{ execution_date: "2020-08-31", split_from: 1, split_to: 4, ticker: "AAPL" }] },
    "/v3/reference/dividends": { status: "OK", results: [{ ex_dividend_date: "2020-08-07", cash_amount: 0.82, currency: "USD", dividend_type: "CD", ticker: "AAPL" }] },
  };
  const server = await startReplayServer((request, response) => {
    const body = answers[new URL(request.url ?? "", "http://localhost").pathname];
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" }).end(JSON.stringify(body ?? { status: "NOT_FOUND" }));
  });
  t.teardown(() => server.close());
  const db = await testDatabase(t);
  const environment = { MARKETBASE_POLYGON_URL: server.url, MARKETBASE_POLYGON_KEY: "canary-polygon", MARKETBASE_POLYGON_REQUESTS_PER_MINUTE: "6000" };
  const request = { provider: "polygon", dataset: "bars", subject: "AAPL", from: "2020-08-01", to: "2020-08-31" };
  const item = { subject: "AAPL", parameters: request, land: (runId: string, page?: HttpSource) => fetchAndLand(db.worker, { runId, ...request, page }, environment) };
  const results = await ingestAll(db.worker, request, [item], { signal: new AbortController().signal, onItem: async (_item, work) => await work() });
  t.same(server.requests.map(({ headers }) => headers.authorization), Array(4).fill("Bearer canary-polygon"), "the key goes along with every page");
  t.same(results.map(({ outcome }) => [outcome.outcome, outcome.rowCount]), [["normalised", 1], ["normalised", 1], ["normalised", 1], ["normalised", 1]]);
  t.equal(await db.value("select count(*)::int from market.price_data"), 2);
  t.same(await db.query("select action_type, amount::float8 from market.corporate_action order by 1"), [{ action_type: "dividend", amount: 0.82 }, { action_type: "split", amount: 4 }]);
  t.same(await db.query("select step, count(*)::int from pipeline.pipeline_run where status = 'succeeded' group by step order by step"), [{ step: "fetch", count: 4 }, { step: "ingest", count: 1 }, { step: "normalise", count: 4 }]);
  const report = await reportOn(db.worker, results);
  const stored = JSON.stringify(await db.query("select url, headers, run_id from ingest.raw_response")) + JSON.stringify(await db.query("select parameters, summary, message from pipeline.pipeline_run"));
  t.notMatch(stored + report.text + JSON.stringify(report.data), /canary/, "neither in the tables nor in the report");
});

t.test("without its key a provider says so in one sentence", async (t) => {
  for (const provider of Object.values(providers).filter(({ key, datasets }) => key?.required === true && datasets.includes("bars"))) {
    const bare: ProviderContext = { ...context, environment: { [keyVariable(provider)]: " " } };
    await t.rejects(async () => provider.source({ dataset: "bars", subject: "AAPL" }, bare), { message: `The provider ${provider.name} wants a key, and ${keyVariable(provider)} does not hold one.`, hint: /Get one at https:/ }, provider.name);
  }
});

t.test("the list of providers: what they have, keys without their values, health", async (t) => {
  const db = await testDatabase(t);
  const run = await db.value<string>("select pipeline.start_run('ingest', 'test')::text", [], "worker");
  const say = async (subject: string, body: string) => {
    const id = await db.value<string>("select raw_response_id from ingest.land($1, 'stooq', 'bars', $2, 'https://stooq.com/' || $2, 'GET', 200, '{}', 'text/csv', $3, now())", [run, subject, Buffer.from(body)], "worker");
    await db.query("select pipeline.normalise_response($1, $2)", [run, id], "worker");
  };
  await say("AAPL", "Exceeded the daily hits limit");
  const listed = await listProviders(db.reader, { MARKETBASE_TIINGO_KEY: "canary-tiingo" });
  const find = (name: string) => listed.find((provider) => provider.name === name);
  t.match(find("tiingo"), { key: { present: true, required: true, variable: "MARKETBASE_TIINGO_KEY" }, health: "never asked", limit: { requests: 50, perSeconds: 3600 }, priceBasis: "raw" });
  t.match(find("polygon"), { key: { present: false } });
  t.match(find("kraken"), { key: null });
  t.match(find("stooq"), { health: "failing", lastError: /daily hits limit/, bodyCount: 1, lastSuccessAt: null });
  t.equal(listed.filter(({ datasets }) => datasets.includes("bars")).length, Object.values(providers).filter(({ datasets }) => datasets.includes("bars")).length, "each has its row in ingest.provider");
  const text = providersTable(listed);
  t.match(text, /polygon is left out until MARKETBASE_POLYGON_KEY holds a key from https:/);
  t.notMatch(text + JSON.stringify(listed), /canary/);
  await say("AAPL", "Date,Open,High,Low,Close,Volume\n2024-01-02,10,12,9,11,100\n");
  t.match((await listProviders(db.reader, {})).find(({ name }) => name === "stooq"), { health: "well" });
});
