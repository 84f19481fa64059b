import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

t.test("every body of facts that was recorded", async (t) => {
  const sample = shared(t, "recordings/sec/company_tickers.json.gz");
  if (sample === undefined) return;
  const root = dirname(dirname(sample));
  const db = await testDatabase(t);
  const run = await openRun(db);
  const bodies = (folder: string, pattern: RegExp) => readdirSync(join(root, folder)).filter((name) => pattern.test(name)).sort().map((name) => ({ name, body: readFileSync(join(root, folder, name)) }));
  const counts = new Map<string, number>();
  const read = async (provider: string, dataset: string, { name, body }: { name: string; body: Buffer }, subject: string, url?: string) => {
    const outcome = await bring(db, run, { provider, dataset, subject, body, fetchedAt: "2026-03-06T09:00:00Z", ...(url === undefined ? {} : { url }) });
    const key = `${provider} ${dataset} ${outcome.code ?? outcome.outcome}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (outcome.outcome === "normalised") t.equal(outcome.quarantined, 0, `${name}: ${outcome.rows} rows`);
    else t.match(outcome.message, /Financial Modeling Prep says|Alpha Vantage says|holds no statement|no statements, earnings|no statements or daily|not of fundamentals|dated by their filing/, name);
    return outcome;
  };
  for (const body of bodies("fmp", /json$/)) await read("fmp", "fundamentals", body, /rating/.test(body.name) ? "TSLA" : "PM");
  for (const body of bodies("alphavantage", /fundamental|economy/)) await read("alphavantage", "fundamentals", body, "TSLA");
  for (const body of bodies("tiingo", /fundamentals/)) await read("tiingo", "fundamentals", body, "GOOGL", `https://api.tiingo.com/x?asReported=${/as_reported/.test(body.name)}`);
  for (const body of bodies("sec", /submissions/)) {
    const cik = /CIK(\d{10})/.exec(body.name)?.[1] ?? "";
    const outcome = await read("sec", "filings", body, cik, `https://data.sec.gov/submissions/CIK${cik}${/-submissions-001/.test(body.name) ? "-submissions-001" : ""}.json`);
    t.ok(outcome.rows >= 700 || cik === "0000350001", `${outcome.rows} filings`);
  }
  t.match(await read("sec", "identifiers", { name: "company_tickers", body: gunzipSync(readFileSync(sample)) }, "ALL"), { outcome: "normalised" });
  t.same(Object.fromEntries(counts), {
    "fmp fundamentals normalised": 20, "fmp fundamentals MB004": 3, "fmp fundamentals MB011": 5, "alphavantage fundamentals normalised": 6, "alphavantage fundamentals MB011": 1,
    "alphavantage fundamentals MB004": 2, "tiingo fundamentals normalised": 4, "tiingo fundamentals MB004": 3, "sec filings normalised": 6, "sec identifiers normalised": 1,
  });
  // Apple files the 10-K of 2023 on the evening of 2 November, dated the third; Microsoft's list is in UTC.
  t.same(await db.value("select known_from from market.filing where cik = '0000320193' and form = '10-K' and report_date = '2023-09-30'"), new Date("2023-11-03T10:00:00Z"));
  t.same(await db.value("select known_from from market.filing where cik = '0000789019' and form = '10-Q' and filed = '2026-01-28'"), new Date("2026-01-28T21:07:34Z"));
  t.equal(await db.value("select name from market.filer where cik = '0000350001'"), "Company Name Three `!#$(),:;=.-;\\|@/{}&'\\WA\\");
  t.same(await db.query("select item, value::float8 from market.statement('PM', 'balance') where period_end = '2021-12-31' and item in ('total_assets', 'liabilities_and_equity', 'equity')"),
    [{ item: "total_assets", value: 41290000000 }, { item: "equity", value: -10106000000 }, { item: "liabilities_and_equity", value: 41290000000 }]);
});

t.test("the bodies that FRED sent", async (t) => {
  const sample = shared(t, "recordings/fred/economy__test_fred_model__test_check_output[get_series_data-kwargs_dict1].0.xml");
  if (sample === undefined) return;
  const folder = dirname(sample);
  const db = await testDatabase(t);
  const run = await openRun(db);
  const macro = (subject: string, body: Buffer, fetchedAt: string) => ({ provider: "fred", dataset: "macro", subject, body, fetchedAt });
  t.match(await bring(db, run, macro("DGS10", readFileSync(sample), "2022-03-21T15:00:00Z")), { outcome: "normalised", rows: 577, new: 577, quarantined: 0 });
  t.match(await db.query("select count(*)::int as days, count(value)::int as values from market.macro_observation where series = 'DGS10'"), [{ days: 577, values: 554 }]);
  t.equal(await db.value("select value::float8 from market.macro_as_of('DGS10') where observation_date = '2020-01-03'", [], "reader"), 1.8);
  const outcomes: Record<string, number> = {};
  for (const name of readdirSync(folder)) {
    const id = /check_series_id/.test(name) ? "DGS5" : `S${name.replaceAll(/\W/g, "").slice(-40).toUpperCase()}`;
    const outcome = await bring(db, run, macro(id, readFileSync(join(folder, name)), "2022-03-24T15:00:00Z"));
    const key = `${outcome.outcome} ${outcome.code ?? ""}`.trim();
    outcomes[key] = (outcomes[key] ?? 0) + 1;
    if (outcome.outcome === "refused") t.match(outcome, { code: "MB004", message: /a list of 1000 series, such as a search gives/ }, name);
  }
  t.same(outcomes, { normalised: 35, "refused MB004": 1 });
  t.match(await db.query("select title, units, frequency from market.macro_series where series = 'DGS5'"),
    [{ title: "Market Yield on U.S. Treasury Securities at 5-Year Constant Maturity", units: "Percent", frequency: "Daily" }]);
});
