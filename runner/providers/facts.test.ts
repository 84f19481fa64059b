import t from "tap";
import { checkRequest, findProvider } from "./index.ts";
import { nextPage } from "./next-page.ts";
import type { HttpSource, ProviderContext } from "./provider.ts";

const context: ProviderContext = {
  environment: { MARKETBASE_FRED_KEY: "canary", MARKETBASE_FMP_KEY: "canary", MARKETBASE_ALPHAVANTAGE_KEY: "canary", MARKETBASE_TIINGO_KEY: "canary", MARKETBASE_CONTACT: "you@example.com" },
  cik: async () => "0001318605",
  json: async () => ({ count: 0, vintage_dates: [] }),
};

/** Every address that is asked, when each answers with the body that `answer` gives. */
async function addresses(name: string, dataset: string, subject: string, answer: (url: string) => unknown = () => ({}), more: Partial<ProviderContext> = {}): Promise<string[]> {
  const provider = findProvider(name);
  const request = checkRequest(provider, { dataset, subject });
  let source: HttpSource | undefined = (await provider.source(request, { ...context, ...more })) as HttpSource;
  const asked: string[] = [];
  while (source !== undefined && asked.length < 20) {
    asked.push(source.url.replace("canary", "KEY"));
    source = nextPage(provider, { source, status: 200, body: Buffer.from(JSON.stringify(answer(source.url))) }, request, context);
  }
  return asked;
}

t.test("what is asked for facts, filings and series, page after page", async (t) => {
  t.same(await addresses("sec", "fundamentals", "tsla"), ["https://data.sec.gov/api/xbrl/companyfacts/CIK0001318605.json"]);
  t.same(await addresses("sec", "identifiers", "all"), ["https://www.sec.gov/files/company_tickers.json"]);
  t.same(await addresses("sec", "filings", "0000350001", () => ({ filings: { files: [] } })), ["https://data.sec.gov/submissions/CIK0000350001.json"]);
  const files = [1, 2].map((n) => ({ name: `CIK0001318605-submissions-00${n}.json` }));
  t.same(await addresses("sec", "filings", "TSLA", (url) => (url.endsWith("CIK0001318605.json") ? { filings: { files } } : { accessionNumber: [] })), [
    "https://data.sec.gov/submissions/CIK0001318605.json",
    "https://data.sec.gov/submissions/CIK0001318605-submissions-001.json#of-2",
    "https://data.sec.gov/submissions/CIK0001318605-submissions-002.json#of-2",
  ]);

  const observations = "https://api.stlouisfed.org/fred/series/observations?series_id=GDP&file_type=json&realtime_start=1776-07-04&realtime_end=9999-12-31&api_key=KEY";
  const page = (url: string) => ({ count: 3, offset: url.includes("offset=2") ? 2 : 0, observations: url.includes("offset=2") ? [{}] : [{}, {}] });
  t.same(await addresses("fred", "macro", "gdp", page), [observations, `${observations}&offset=2`, "https://api.stlouisfed.org/fred/series?series_id=GDP&file_type=json&api_key=KEY"]);
  // 12,000 vintages: listed in two answers, shown in seven windows that share a vintage with their neighbours.
  const days = Array.from({ length: 12_000 }, (_, at) => new Date(Date.UTC(1990, 0, 1) + at * 86_400_000).toISOString().slice(0, 10));
  const asked: string[] = [];
  const windows = await addresses("fred", "macro", "DFF", (url) => ({ count: 1, offset: 0, observations: url.includes("observations") ? [{}] : [] }), {
    json: async ({ url }) => {
      asked.push(url);
      const offset = Number(new URL(url).searchParams.get("offset"));
      return { count: days.length, offset, vintage_dates: days.slice(offset, offset + 10_000) };
    },
  });
  t.match(asked, [/vintagedates\?series_id=DFF&file_type=json&offset=0&limit=10000&/, /offset=10000&limit=10000&/]);
  t.match(windows.pop(), /fred\/series\?series_id=DFF/);
  const spans = windows.map((url) => ["realtime_start", "realtime_end"].map((name) => new URL(url).searchParams.get(name) ?? ""));
  t.equal(spans.length, 7);
  t.same([spans[0]?.[0], spans.at(-1)?.[1]], ["1776-07-04", "9999-12-31"], "all of time");
  for (const [at, [from = "", to = ""]] of spans.entries()) {
    t.ok(days.filter((day) => day >= from && day <= to).length <= 2_000, `${from} to ${to}: not more vintages than FRED shows at once`);
    if (at > 0) t.equal(from, spans[at - 1]?.[1], "a window begins where the one before it ends");
  }

  const fmp = await addresses("fmp", "fundamentals", "brk-b");
  t.equal(fmp.length, 7);
  t.same([fmp[0], fmp[5]], [
    "https://financialmodelingprep.com/stable/profile?symbol=BRK-B&limit=400&apikey=KEY",
    "https://financialmodelingprep.com/stable/balance-sheet-statement?period=quarter&symbol=BRK-B&limit=400&apikey=KEY",
  ]);
  t.same((await addresses("alphavantage", "fundamentals", "IBM")).map((url) => new URL(url).searchParams.get("function")), ["OVERVIEW", "INCOME_STATEMENT", "BALANCE_SHEET", "CASH_FLOW", "EARNINGS"]);
  t.same(await addresses("tiingo", "fundamentals", "BRK.B"), ["https://api.tiingo.com/tiingo/fundamentals/BRK-B/statements?format=json&asReported=false&startDate=1960-01-01"]);

  await t.rejects(addresses("fred", "macro", "GDP", undefined, { environment: {} }), { message: /MARKETBASE_FRED_KEY does not hold one/ });
  await t.rejects(addresses("fred", "bars", "GDP"), { message: /has no bars/ });
});
