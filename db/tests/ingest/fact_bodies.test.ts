import t from "tap";
import { testDatabase } from "../support/database.ts";
import { bring, openRun, type Body } from "./bodies.ts";

const statement = (more: Record<string, unknown> = {}) => ({
  date: "2021-12-31", symbol: "PM", reportedCurrency: "USD", cik: "0001413329", fillingDate: "2022-02-11", acceptedDate: "2022-02-10 18:29:22", calendarYear: "2021", period: "FY",
  revenue: 31405000000, netIncome: 9109000000, operatingIncomeRatio: 0.4131, eps: 5.83, weightedAverageShsOut: 1559000000, researchAndDevelopmentExpenses: 0,
  link: "https://www.sec.gov/Archives/edgar/data/1413329/000141332922000011/0001413329-22-000011-index.htm", ...more,
});

t.test("filings: acceptance, in whichever zone it is written, decides from when facts could be known", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const submissions = (cik: string, accepted: readonly (readonly [string, string, string])[], name = "Company Name Three `!#$(),:;=.-;\\|@/{}&'\\WA\\") => JSON.stringify({
    cik, name, entityType: "operating", sic: "3571", fiscalYearEnd: "0926", formerNames: [{ name: "OLD", from: "x", to: "y" }],
    filings: { recent: {
      accessionNumber: accepted.map((_, i) => `0000320193-23-00010${i}`), filingDate: accepted.map(([, filed]) => filed), reportDate: accepted.map(() => "2023-09-30"),
      acceptanceDateTime: accepted.map(([moment]) => moment), form: accepted.map(([, , form]) => form), items: accepted.map(() => ""), primaryDocument: accepted.map(() => "a.htm"),
    }, files: [] },
  });
  const filings = (subject: string, body: string, url?: string): Body => ({ provider: "sec", dataset: "filings", subject, body, ...(url === undefined ? {} : { url }) });
  // New York time with a Z behind it: accepted in the evening, dated and published the next morning at six.
  t.match(await bring(db, run, filings("AAPL", submissions("0000320193", [["2023-11-02T18:08:27.000Z", "2023-11-03", "10-K"], ["2023-08-04T06:01:00.000Z", "2023-08-04", "10-Q"], ["2001-01-02T00:00:00.000Z", "2001-01-02", "10-K405"]]))),
    { outcome: "normalised", rows: 3, new: 3, quarantined: 0 });
  // Real UTC: 16:07 in New York.
  t.match(await bring(db, run, filings("MSFT", submissions("0000789019", [["2026-01-28T21:07:34.000Z", "2026-01-28", "10-Q"], ["2020-07-31T00:44:46.000Z", "2020-07-31", "10-K"]], "MICROSOFT CORP"))), { outcome: "normalised", new: 2 });
  t.same(await db.query("select cik, form, accepted, known_from from market.filing order by cik, filed"), [
    { cik: "0000320193", form: "10-K405", accepted: null, known_from: new Date("2001-01-03T05:00:00Z") },
    { cik: "0000320193", form: "10-Q", accepted: new Date("2023-08-04T10:01:00Z"), known_from: new Date("2023-08-04T10:01:00Z") },
    { cik: "0000320193", form: "10-K", accepted: new Date("2023-11-02T22:08:27Z"), known_from: new Date("2023-11-03T10:00:00Z") },
    { cik: "0000789019", form: "10-K", accepted: new Date("2020-07-31T00:44:46Z"), known_from: new Date("2020-07-31T10:00:00Z") },
    { cik: "0000789019", form: "10-Q", accepted: new Date("2026-01-28T21:07:34Z"), known_from: new Date("2026-01-28T21:07:34Z") },
  ]);
  t.equal(await db.value("select name from market.filer where cik = '0000320193'"), "Company Name Three `!#$(),:;=.-;\\|@/{}&'\\WA\\", "a name is data, character by character");

  const facts = (more = "") => ({
    provider: "sec", dataset: "fundamentals", subject: "AAPL",
    body: `${JSON.stringify({ cik: 320193, entityName: "Apple Inc.", facts: { "us-gaap": { Assets: { units: { USD: [
      { end: "2023-09-30", val: 352583000000, accn: "0000320193-23-000100", fy: 2023, fp: "FY", form: "10-K", filed: "2023-11-03" },
      { end: "2022-09-24", val: 352755000000, accn: "0000320193-22-000108", fy: 2022, fp: "FY", form: "10-K", filed: "2022-10-28" },
    ] } } } } })}${more}`,
  });
  t.match(await bring(db, run, facts()), { new: 2 });
  const known = "select known_from from market.company_fundamental where concept = 'Assets' order by period_end";
  t.same(await db.query(known), [{ known_from: new Date("2022-10-29T04:00:00Z") }, { known_from: new Date("2023-11-03T10:00:00Z") }], "the day after filing where the time is not known");
  const older = { accessionNumber: ["0000320193-22-000108"], filingDate: ["2022-10-28"], acceptanceDateTime: ["2022-10-27T18:01:14.000Z"], form: ["10-K"], reportDate: ["2022-09-24"] };
  t.match(await bring(db, run, filings("AAPL", JSON.stringify(older), "https://data.sec.gov/submissions/CIK0000320193-submissions-001.json#of-1")), { new: 1 });
  await bring(db, run, facts(" "));
  t.same(await db.query(known), [{ known_from: new Date("2022-10-28T10:00:00Z") }, { known_from: new Date("2023-11-03T10:00:00Z") }], "and exactly when it is, once the facts come again");
  t.match(await bring(db, run, facts("  ")), { new: 0, changed: 0 });

  for (const [body, message] of [
    ['{"cik":"1","filings":{"recent":{"accessionNumber":["0000320193-22-000108"],"filingDate":[],"form":["10-K"]}}}', /differ in length/],
    ['{"cik":"1"}', /no list of filings/],
    ['{"accessionNumber":[],"filingDate":[],"form":[]}', /neither the body nor its address says/],
  ] as const) t.match(await bring(db, run, filings("NONE", body)), { outcome: "refused", code: "MB004", message });
});

t.test("tickers: who stood behind one, and since when", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const list = (entries: readonly (readonly [number, string, string])[]) => JSON.stringify(Object.fromEntries(entries.map(([cik_str, ticker, title], i) => [i, { cik_str, ticker, title }])));
  const tickers = (body: string, fetchedAt: string): Body => ({ provider: "sec", dataset: "identifiers", subject: "ALL", body, fetchedAt });
  await db.query("select ingest.ensure_instrument($1, 'BRK.B')", [run], "worker");
  t.match(await bring(db, run, tickers(list([[1067983, "BRK-B", "BERKSHIRE"], [1, "META", "Roundhill"]]), "2021-01-01T00:00:00Z")), { outcome: "normalised", new: 2 });
  t.match(await bring(db, run, tickers(list([[1067983, "BRK-B", "BERKSHIRE"], [1326801, "META", "Meta Platforms, Inc."]]), "2022-07-01T00:00:00Z")), { new: 0, changed: 1 });
  t.same(await db.query("select cik, known_to from market.company_ticker where ticker = 'META' order by known_from"), [{ cik: "0000000001", known_to: new Date("2022-07-01T00:00:00Z") }, { cik: "0001326801", known_to: null }]);
  t.equal(await db.value("select cik from market.instrument where symbol = 'BRK.B'"), "0001067983");
  t.match(await bring(db, run, tickers(list([[2, "META", "x"]]), "2020-01-01T00:00:00Z")), { outcome: "refused", code: "MB008" });
  t.match(await bring(db, run, tickers('{"fields":["cik","name","ticker","exchange"],"data":[[1067983,"BERKSHIRE","BRK-B","NYSE"]]}', "2023-01-01T00:00:00Z")), { outcome: "normalised", changed: 2 });
  t.match(await bring(db, run, tickers('{"a":1}', "2024-01-01T00:00:00Z")), { outcome: "refused", code: "MB004" });
});

t.test("statements of providers: measured, dated, and refused with the provider's own words", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const body = (provider: string, subject: string, document: unknown, more: Partial<Body> = {}): Body =>
    ({ provider, dataset: "fundamentals", subject, body: typeof document === "string" ? document : JSON.stringify(document), fetchedAt: "2022-03-06T09:00:00Z", ...more });
  t.match(await bring(db, run, body("fmp", "PM", [statement()])), { outcome: "normalised", rows: 5, new: 5, quarantined: 0 });
  const facts = await db.query("select concept, unit, period_start::text, value::float8, accession, filed::text, known_from from market.company_fundamental order by concept");
  const of = { period_start: "2021-01-01", accession: "0001413329-22-000011", filed: "2022-02-11", known_from: new Date("2022-02-11T11:00:00Z") };
  t.same(facts, [
    { concept: "eps", unit: "USD/shares", value: 5.83, ...of }, { concept: "netIncome", unit: "USD", value: 9109000000, ...of }, { concept: "operatingIncomeRatio", unit: "pure", value: 0.4131, ...of },
    { concept: "revenue", unit: "USD", value: 31405000000, ...of }, { concept: "weightedAverageShsOut", unit: "shares", value: 1559000000, ...of },
  ], "a zero is what FMP does not have");
  // The same report says something else later: a correction, known from when it came.
  await bring(db, run, body("fmp", "PM", [statement({ netIncome: 9110000000 })], { fetchedAt: "2022-05-01T09:00:00Z" }));
  t.same((await db.query<{ value: number }>("select value::float8 from market.company_fundamental_as_of('PM', '2022-04-30', '{netIncome}')")).map(({ value }) => value), [9109000000]);
  t.same((await db.query<{ value: number }>("select value::float8 from market.company_fundamental_as_of('PM', '2022-05-02', '{netIncome}')")).map(({ value }) => value), [9110000000]);
  t.same(await db.query("select item, value::float8, filed::text from market.statement('PM', 'income') where item in ('revenue', 'net_income')"),
    [{ item: "revenue", value: 31405000000, filed: "2022-02-11" }, { item: "net_income", value: 9110000000, filed: "2022-02-11" }]);
  // A date of filing that is the end of the period is none.
  await bring(db, run, body("fmp", "OLD", [statement({ symbol: "OLD", cik: null, date: "2007-12-31", fillingDate: "2007-12-31", acceptedDate: "2007-12-31" })]));
  t.same(await db.value("select array_agg(distinct known_from) from market.company_fundamental join market.instrument using (instrument_id) where symbol = 'OLD'"), [new Date("2022-03-06T09:00:00Z")]);

  const income = { symbol: "TSLA", annualReports: [{ fiscalDateEnding: "2021-12-31", reportedCurrency: "USD", totalRevenue: "53823000000", netIncome: "5519000000", costOfRevenue: "None", ebit: "n/a" }], quarterlyReports: [] };
  t.match(await bring(db, run, body("alphavantage", "TSLA", income)), { outcome: "normalised", rows: 3, new: 2, quarantined: 1 });
  const earnings = { symbol: "TSLA", annualEarnings: [{ fiscalDateEnding: "2022-03-31", reportedEPS: "1.1" }, { fiscalDateEnding: "2021-12-31", reportedEPS: "6.78" }, { fiscalDateEnding: "2020-12-31", reportedEPS: "2.2" }],
    quarterlyEarnings: [{ fiscalDateEnding: "2021-12-31", reportedDate: "2022-01-26", reportedEPS: "2.54", estimatedEPS: "2.36" }] };
  t.match(await bring(db, run, body("alphavantage", "TSLA", earnings)), { outcome: "normalised", rows: 3 }, "a year that has only begun is no year");
  t.same(await db.value("select known_from from market.company_fundamental where concept = 'reportedEPS' and period_start = '2021-10-01'"), new Date("2022-01-27T05:00:00Z"));

  const tiingo = [{ date: "2020-03-31", year: 2020, quarter: 1, statementData: { incomeStatement: [{ dataCode: "revenue", value: 41159000000 }, { dataCode: "eps", value: 9.96 }], balanceSheet: [{ dataCode: "totalAssets", value: 273403000000 }] } }];
  t.match(await bring(db, run, body("tiingo", "GOOGL", tiingo)), { outcome: "normalised", rows: 3, new: 3 });
  t.match(await bring(db, run, body("tiingo", "GOOGL", "date,year,quarter,statementType,dataCode,value\n2020-03-31,2020,1,incomeStatement,revenue,41159000000.0\n2020-03-31,2020,1,balanceSheet,totalAssets,273403000000.0\n")), { outcome: "normalised", rows: 2, new: 0, changed: 0 });
  t.same(await db.query("select item, value::float8 from market.statement('GOOGL', 'balance', 'quarterly')"), [{ item: "total_assets", value: 273403000000 }]);

  const refusals: [string, unknown, string, RegExp, number?][] = [
    ["fmp", { "Error Message": "Too Many Requests", "X-Rate-Limit-Retry-After-Seconds": 0 }, "MB011", /Financial Modeling Prep says: Too Many Requests/, 429],
    ["fmp", { "Error Message": "Invalid API KEY." }, "MB010", /Invalid API KEY/, 401],
    ["fmp", [], "MB004", /list is empty/],
    ["fmp", [{ symbol: "TSLA", rating: "A+" }], "MB004", /holds no statement/],
    ["fmp", [statement({ symbol: "MO" })], "MB004", /about MO, but TSLA/],
    ["alphavantage", { Note: "Our standard API call frequency is 5 calls per minute" }, "MB011", /5 calls per minute/],
    ["alphavantage", { Information: "The **demo** API key is for demo purposes only" }, "MB010", /demo purposes/],
    ["alphavantage", {}, "MB004", /empty object/],
    ["alphavantage", { "Meta Data": {}, "Rank A: Real-Time Performance": {} }, "MB004", /no statements, earnings or overview/],
    ["tiingo", { detail: "Please supply a token" }, "MB010", /supply a token/, 403],
    ["tiingo", [{ dataCode: "rps", name: "Revenue Per Share" }], "MB004", /no statements or daily metrics/],
    ["tiingo", "date,close\n2020-01-01,1\n", "MB004", /not of fundamentals/],
    ["fmp", "<html>", "MB004", /HTML/],
  ];
  for (const [provider, document, code, message, status] of refusals) t.match(await bring(db, run, body(provider, "TSLA", document, status === undefined ? {} : { status })), { outcome: "refused", code, message }, `${provider} ${code}`);
  t.match(await bring(db, run, body("tiingo", "TSLA", tiingo, { url: "https://api.tiingo.com/x?asReported=true" })), { outcome: "refused", message: /dated by their filing/ });
});
