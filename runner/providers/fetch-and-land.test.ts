import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import t from "tap";
import { shared, testDatabase } from "../../db/tests/support/database.ts";
import { startReplayServer } from "../testing/replay-server.ts";
import { fetchAndLand } from "./fetch-and-land.ts";
import { hasNewBody } from "./has-new-body.ts";
import { ingestAll } from "./normalise.ts";
import { reportOn } from "./report.ts";

const quiet = { signal: new AbortController().signal, onItem: async <T>(_item: unknown, work: () => Promise<T>) => await work() };

t.test("the samples come in through one function, once", async (t) => {
  const db = await testDatabase(t);
  const runId = await db.value<string>("select pipeline.start_run('ingest', 'fetch')::text", [], "worker");
  const wanted = { provider: "sample", dataset: "bars", subject: "^GSPC" };
  t.equal(await hasNewBody(db.worker, wanted), true, "not landed yet");
  const first = await fetchAndLand(db.worker, { runId, ...wanted });
  t.equal(first.isNew, true);
  t.same(await fetchAndLand(db.worker, { runId, ...wanted }), { ...first, isNew: false }, "the same body is not stored again");
  t.equal(await hasNewBody(db.worker, wanted), false, "nothing new to land");
  const [row] = await db.query("select provider, dataset, subject, url, method, status, content_type from ingest.raw_response");
  t.same(row, { provider: "sample", dataset: "bars", subject: "^GSPC", url: "npm:vega-datasets/data/sp500-2000.csv", method: "READ", status: 200, content_type: "text/csv" });
});

t.test("from a server's bytes to the bars, with the run tree and the report", async (t) => {
  const file = shared(t, "recordings/yahoo/chart-v8/PM-1y-same-window-1.json");
  if (file === undefined) return;
  const body = readFileSync(file);
  const { url, requests } = await serve(t, (_request, response) =>
    response.writeHead(200, { "content-encoding": "gzip", "content-type": "application/json", "set-cookie": "A3=secret" }).end(gzipSync(body)));
  const db = await testDatabase(t);
  const environment = { MARKETBASE_YAHOO_URL: url };
  const item = { subject: "PM", parameters: { provider: "yahoo" }, land: (runId: string) => fetchAndLand(db.worker, { runId, provider: "yahoo", dataset: "bars", subject: "pm" }, environment) };
  const results = await ingestAll(db.worker, { provider: "yahoo" }, [item], quiet);
  t.match(results[0]?.outcome, { outcome: "normalised", rowCount: 261, newCount: 261, versionCount: 0, quarantinedCount: 0, isNew: true });
  t.match(requests[0]?.url, /^\/v8\/finance\/chart\/PM\?period1=0&period2=9999999999&interval=1d/);
  const [stored] = await db.query("select url, headers, body, subject from ingest.raw_response");
  t.match(stored, { url: /^https:\/\/query2\.finance\.yahoo\.com\/v8\/finance\/chart\/PM/, subject: "PM", body }, "the exact bytes, under the address of the provider");
  t.notMatch(JSON.stringify(stored?.["headers"]), /secret/);
  const tree = await db.query("select step, status, parent_run_id is null as is_root, rows_written::int from pipeline.pipeline_run order by run_id");
  t.same(tree, [
    { step: "ingest", status: "succeeded", is_root: true, rows_written: 261 },
    { step: "fetch", status: "succeeded", is_root: false, rows_written: 1 },
    { step: "normalise", status: "succeeded", is_root: false, rows_written: 261 },
  ]);
  const report = await reportOn(db.worker, results);
  t.equal(report.exitCode, 0);
  t.match(report.text, /PM +261 +261 +261 +0 +0/);
  t.match(report.text, /feature +1 +2020-11-30 +2021-12-10/, "what has to be computed again");

  const again = await ingestAll(db.worker, { provider: "yahoo" }, [item], quiet);
  t.match(again[0]?.outcome, { isNew: false, newCount: 0, versionCount: 0 });
  t.match((await reportOn(db.worker, again)).text, /Nothing was changed/);
});

t.test("a body of splits alone says how many came", async (t) => {
  const results = [{ execution_date: "2022-06-29", split_from: 1, split_to: 10, ticker: "SHOP" }];
  const { url } = await serve(t, (_request, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ status: "OK", results })));
  const db = await testDatabase(t);
  const page = { kind: "http", url: "https://api.polygon.io/v3/reference/splits?ticker=SHOP", headers: {} } as const;
  const item = { subject: "SHOP", parameters: {}, land: async (runId: string) => {
    const landed = await fetchAndLand(db.worker, { runId, provider: "polygon", dataset: "bars", subject: "SHOP", page }, { MARKETBASE_POLYGON_URL: url, MARKETBASE_POLYGON_KEY: "k" });
    return { ...landed, next: undefined };
  } };
  const first = await ingestAll(db.worker, {}, [item], quiet);
  t.match(first[0]?.outcome, { rowCount: 1, newCount: 1, versionCount: 0, actionCount: 1, actionChangedCount: 1 });
  const report = await reportOn(db.worker, first);
  t.match(report.text, /SHOP: splits and dividends: 1 in the body, 1 new, changed or cancelled/);
  t.notMatch(report.text, /Nothing was changed/);
  t.same(await db.query("select rows_read::int, rows_written::int, summary -> 'actions' as actions from pipeline.pipeline_run where step = 'normalise'"), [{ rows_read: 1, rows_written: 1, actions: 1 }]);
});

t.test("refusals are kept and explained, with exit status 1", async (t) => {
  const { url } = await serve(t, (_request, response) =>
    response.writeHead(404, { "content-type": "application/json" }).end('{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}'));
  const db = await testDatabase(t);
  const item = { subject: "NOPE", parameters: {}, land: (runId: string) => fetchAndLand(db.worker, { runId, provider: "yahoo", dataset: "bars", subject: "NOPE" }, { MARKETBASE_YAHOO_URL: url }) };
  const results = await ingestAll(db.worker, {}, [item], quiet);
  t.match(results[0]?.outcome, { outcome: "refused", errorCode: "MB010" });
  const report = await reportOn(db.worker, results);
  t.equal(report.exitCode, 1);
  t.match(report.text, /NOPE was refused: Yahoo Finance says: No data found, symbol may be delisted/);
  t.same(await db.query("select step, status, error_code from pipeline.pipeline_run order by run_id"), [
    { step: "ingest", status: "failed", error_code: "MB010" }, { step: "fetch", status: "succeeded", error_code: null }, { step: "normalise", status: "failed", error_code: "MB010" },
  ]);
});

t.test("a limit of the provider stores nothing and asks for another time", async (t) => {
  const { url } = await serve(t, (_request, response) => response.writeHead(429, { "retry-after": "77" }).end("Too Many Requests"));
  const db = await testDatabase(t);
  const item = { subject: "PM", parameters: {}, land: (runId: string) => fetchAndLand(db.worker, { runId, provider: "yahoo", dataset: "bars", subject: "PM" }, { MARKETBASE_YAHOO_URL: url }) };
  await t.rejects(ingestAll(db.worker, {}, [item], quiet), { message: /429/, hint: /77 seconds/, exitCode: 75 });
  t.equal(await db.value<number>("select count(*)::int from ingest.raw_response"), 0);
  t.equal(await db.value<number>("select count(*)::int from pipeline.pipeline_run where status <> 'failed'"), 0, "no run is left open");
});

t.test("the SEC: a contact is demanded, the key of the company is looked up once", async (t) => {
  const recording = shared(t, "recordings/sec/companyfacts-CIK0000320193.json.gz");
  const tickers = shared(t, "recordings/sec/company_tickers.json.gz");
  if (recording === undefined || tickers === undefined) return;
  const { url, requests } = await serve(t, (request, response) => {
    if (request.url === "/files/company_tickers.json") response.end(gunzipSync(readFileSync(tickers)));
    else if (request.url === "/api/xbrl/companyfacts/CIK0000320193.json") response.end(gunzipSync(readFileSync(recording)));
    else response.writeHead(404).end();
  });
  const db = await testDatabase(t);
  const bring = (environment: Record<string, string>, subject = "AAPL") =>
    ingestAll(db.worker, {}, [{ subject, parameters: {}, land: (runId) => fetchAndLand(db.worker, { runId, provider: "sec", dataset: "fundamentals", subject }, environment) }], quiet);
  await t.rejects(bring({ MARKETBASE_SEC_URL: url }), { exitCode: 2, message: /MARKETBASE_CONTACT/ });
  t.equal(requests.length, 0, "nothing is asked without it");
  const environment = { MARKETBASE_SEC_URL: url, MARKETBASE_CONTACT: "someone@example.com" };
  const [result] = await bring(environment);
  t.match(result?.outcome, { outcome: "normalised", rowCount: 24_579, quarantinedCount: 0 });
  t.match(requests[0]?.headers["user-agent"], /someone@example\.com/);
  await bring(environment);
  t.same(requests.map(({ url: path }) => path), ["/files/company_tickers.json", "/api/xbrl/companyfacts/CIK0000320193.json", "/api/xbrl/companyfacts/CIK0000320193.json"]);
  await t.rejects(bring(environment, "NOSUCHCO"), { message: /knows no company with the ticker NOSUCHCO/, exitCode: 1 });
});

async function serve(t: { teardown(action: () => Promise<void>): void }, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = await startReplayServer(answer);
  t.teardown(() => server.close());
  return server;
}
