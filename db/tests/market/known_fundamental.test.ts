import t from "tap";
import { randomNumbers } from "../feature/fixture.ts";
import { shared, testDatabase } from "../support/database.ts";
import { addSplits, bringFacts, companies, factsOf, type Fact, type Facts } from "./fundamentals.ts";

const db = await testDatabase(t);

/** What was known of a concept at a moment, in millions where it is money. */
async function known(symbol: string, concept: string, moment: string) {
  const [row] = await db.query<{ end: string; latest: number | null; annual: number | null; ttm: number | null; before: number | null; tag: string; filed: string }>(
    `select period_end::text as end, (value_latest / scale)::float8 as latest, (value_annual / scale)::float8 as annual, (value_ttm / scale)::float8 as ttm,
       (value_year_ago / scale)::float8 as before, tag, filed::text
     from market.known_fundamental(array[market.instrument_id($1)], array[$2]) as figure
     cross join (select case when $2 = 'eps_diluted' then 1 else 1e6 end as scale) as unit
     where known_from <= $3 and (known_to is null or known_to > $3)`,
    [symbol, concept, moment], "reader",
  );
  return row;
}

/** A filing of made-up facts: its day, and for each tag the periods with their values. */
type Filing = readonly [filed: string, facts: Readonly<Record<string, readonly (readonly [start: string | null, end: string, value: number])[]>>];

/** Facts as the SEC gives them, from filings. */
function company(filings: readonly Filing[]): { cik: number; entityName: string; facts: Facts } {
  const facts: Record<string, Record<string, { units: Record<string, Fact[]> }>> = { "us-gaap": {}, dei: {} };
  for (const [filed, tags] of filings) {
    for (const [tag, periods] of Object.entries(tags)) {
      const taxonomy = tag.startsWith("Entity") ? "dei" : "us-gaap";
      const unit = tag.startsWith("EarningsPerShare") ? "USD/shares" : tag.includes("SharesOutstanding") ? "shares" : "USD";
      const list = (((facts[taxonomy] ??= {})[tag] ??= { units: {} }).units[unit] ??= []);
      list.push(...periods.map(([start, end, val]) => ({ ...(start === null ? {} : { start }), end, val, accn: `0000000001-${filed.slice(2, 4)}-${filed.slice(5, 7)}${filed.slice(8)}00`, form: "10-Q", filed })));
    }
  }
  return { cik: 1, entityName: "Made up", facts };
}

t.test("what Apple and NVIDIA published, and nothing before its filing", async (t) => {
  for (const [symbol, file] of Object.entries(companies)) {
    const path = shared(t, file);
    if (path === undefined) return;
    await bringFacts(db, symbol, await factsOf(db, path));
  }
  // Form 10-K of Apple for fiscal 2023, filed on 3 November 2023, known from the day after; consolidated statements, in millions except per share.
  const apple = "2023-11-04T04:00:00Z";
  t.same(await known("AAPL", "revenue", apple), { end: "2023-09-30", latest: 89_498, annual: 383_285, ttm: 383_285, before: 394_328, tag: "RevenueFromContractWithCustomerExcludingAssessedTax", filed: "2023-11-03" });
  for (const [concept, annual, before, quarter] of [
    ["net_income", 96_995, 99_803, 22_956], ["gross_profit", 169_148, 170_782, 40_427], ["operating_income", 114_301, 119_437, 26_969],
    ["operating_cash_flow", 110_543, 122_151, 21_598], ["capital_expenditure", 10_959, 10_708, 2_163], ["eps_diluted", 6.13, 6.11, 1.46],
  ] as const) {
    // The last quarter is in no filing's facts: that of the statement of 2 November 2023 comes out as the year less three quarters.
    t.match(await known("AAPL", concept, apple), { annual, ttm: annual, before, latest: quarter }, `Apple's ${concept} of fiscal 2023`);
  }
  for (const [concept, value, before] of [
    ["total_assets", 352_583, 352_755], ["current_assets", 143_566, 135_405], ["total_liabilities", 290_437, 302_083], ["current_liabilities", 145_308, 153_982],
    ["equity", 62_146, 50_672], ["cash", 29_965, 23_646], ["shares_outstanding", 15_552.752, 15_908.118],
  ] as const) t.match(await known("AAPL", concept, apple), { latest: value, before }, `Apple's ${concept} in fiscal 2023`);
  t.match(await known("AAPL", "long_term_debt", apple), { latest: 95_281 + 9_822, tag: "LongTermDebtNoncurrent + LongTermDebtCurrent" }, "term debt, current and not");
  t.match(await known("AAPL", "revenue", "2023-11-04T03:59:59Z"), { end: "2023-07-01", annual: 394_328, ttm: 394_328 - 304_182 + 293_787 }, "a second before, only the third quarter's filing");

  // Form 10-K of NVIDIA for fiscal 2024, filed on 21 February 2024; form 10-Q of the quarter after, filed on 29 May 2024.
  const nvidia = "2024-02-22T05:00:00Z";
  for (const [concept, annual, before, quarter] of [
    ["revenue", 60_922, 26_974, 22_103], ["net_income", 29_760, 4_368, 12_285], ["gross_profit", 44_301, 15_356, 16_791], ["operating_income", 32_972, 4_224, 13_614],
    ["operating_cash_flow", 28_090, 5_641, 11_499], ["capital_expenditure", 1_069, 1_833, 254],
  ] as const) t.match(await known("NVDA", concept, nvidia), { annual, ttm: annual, before, latest: quarter }, `NVIDIA's ${concept} of fiscal 2024`);
  // NVIDIA said 4.93 for the quarter: quarters of earnings per share do not add up to the year, as their share counts differ.
  t.match(await known("NVDA", "eps_diluted", nvidia), { annual: 11.93, before: 1.74, latest: 4.92 });
  for (const [concept, value] of [["total_assets", 65_728], ["total_liabilities", 22_750], ["equity", 42_978], ["cash", 7_280], ["current_assets", 44_345], ["current_liabilities", 10_631], ["long_term_debt", 9_709]] as const) {
    t.match(await known("NVDA", concept, nvidia), { latest: value }, `NVIDIA's ${concept} in fiscal 2024`);
  }
  t.match(await known("NVDA", "revenue", "2024-05-30T04:00:00Z"), { end: "2024-04-28", latest: 26_044, ttm: 60_922 + 26_044 - 7_192 }, "twelve months across two fiscal years");
  t.match(await known("NVDA", "revenue", "2024-02-22T04:59:59Z"), { end: "2023-10-29", annual: 26_974 });
});

t.test("tags that follow each other are one series", async (t) => {
  if (shared(t, companies.AAPL) === undefined) return;
  t.same(
    await db.query(
      `select known_from::date::text as known, period_end::text as end, (value_latest / 1e6)::int as latest, (value_ttm / 1e6)::int as ttm, (value_year_ago / 1e6)::int as before, tag
       from market.known_fundamental(array[market.instrument_id('AAPL')], '{revenue}') where known_from between '2018-08-01' and '2019-02-01' order by known_from`,
    ),
    [
      { known: "2018-08-02", end: "2018-06-30", latest: 53_265, ttm: 255_274, before: 223_507, tag: "SalesRevenueNet" },
      { known: "2018-11-06", end: "2018-09-29", latest: 62_900, ttm: 265_595, before: 229_234, tag: "Revenues" },
      { known: "2019-01-31", end: "2018-12-29", latest: 84_310, ttm: 261_612, before: 239_176, tag: "RevenueFromContractWithCustomerExcludingAssessedTax" },
    ],
    "Apple's net sales under three tags",
  );
});

t.test("splits: as filed until they are on record, then in the shares of each moment", async (t) => {
  if (shared(t, companies.NVDA) === undefined) return;
  t.match(await known("NVDA", "shares_outstanding", "2024-08-28T12:00:00Z"), { latest: 2_460 }, "as filed on 29 May 2024, before the split");
  t.match(await known("NVDA", "eps_diluted", "2024-06-11T12:00:00Z"), { annual: 11.93, latest: 5.98 });
  t.match(await known("NVDA", "eps_diluted", "2025-02-27T12:00:00Z"), { annual: 2.94 }, "as filed after it");
  await addSplits(db, await db.value("select market.instrument_id('NVDA')"), [["2021-07-20", 4], ["2024-06-10", 10]]);
  t.match(await known("NVDA", "shares_outstanding", "2024-06-10T03:59:59Z"), { latest: 2_460 });
  t.match(await known("NVDA", "shares_outstanding", "2024-06-10T04:00:00Z"), { latest: 24_600 }, "ten new shares for an old one, from the ex-date on");
  t.match(await known("NVDA", "shares_outstanding", "2024-08-29T04:00:00Z"), { latest: 24_530 }, "a later filing is in new shares already");
  t.match(await known("NVDA", "eps_diluted", "2024-06-10T04:00:00Z"), { annual: 1.193, latest: 0.598 });
  // Two quarters filed in old shares, divided by ten, and two filed in new ones.
  t.match(await known("NVDA", "eps_diluted", "2024-08-29T04:00:00Z"), { latest: 0.67, ttm: 2.131 }, "0.371 + 0.492 + 0.598 + 0.67");
});

t.test("restatements count from their filing, quarters are derived, sums of tags need all of them", async (t) => {
  const year = (n: number): [string, string] => [`${2010 + n}-01-01`, `${2010 + n}-12-31`];
  await bringFacts(db, "MADE", company([
    ["2012-02-15", { NetIncomeLoss: [[...year(0), 80], [...year(1), 100]], StockholdersEquity: [[null, "2011-12-31", 1000]] }],
    // Cash flows are only filed as the year to date.
    ["2012-05-01", { NetIncomeLoss: [["2012-01-01", "2012-03-31", 20], ["2011-01-01", "2011-03-31", 10]], NetCashProvidedByUsedInOperatingActivities: [["2012-01-01", "2012-03-31", 5]] }],
    ["2012-08-01", { NetIncomeLoss: [["2012-04-01", "2012-06-30", 30], ["2012-01-01", "2012-06-30", 50], ["2011-01-01", "2011-06-30", 30]], NetCashProvidedByUsedInOperatingActivities: [["2012-01-01", "2012-06-30", 12]] }],
    // Fiscal 2011 and its equity are restated on a day of their own.
    ["2012-09-10", { NetIncomeLoss: [[...year(1), 90]], StockholdersEquity: [[null, "2011-12-31", 990]] }],
    ["2013-02-15", { NetIncomeLoss: [[...year(2), 140], [...year(1), 90]], LongTermDebtNoncurrent: [[null, "2012-12-31", 70]], LongTermDebt: [[null, "2012-12-31", 75]], Revenues: [[...year(2), 500]], CostOfRevenue: [[...year(2), 300]] }],
    ["2013-03-01", { LongTermDebtCurrent: [[null, "2012-12-31", 6]] }],
  ]));
  const figures = async (concept: string) =>
    await db.query(
      `select to_char(known_from at time zone 'America/New_York', 'YYYY-MM-DD') as known, period_end::text as end, value_latest::float8 as latest, value_annual::float8 as annual,
         value_ttm::float8 as ttm, value_year_ago::float8 as before, filed::text
       from market.known_fundamental(array[market.instrument_id('MADE')], array[$1]) order by known_from`, [concept],
    );
  t.same(await figures("net_income"), [
    { known: "2012-02-16", end: "2011-12-31", latest: null, annual: 100, ttm: 100, before: 80, filed: "2012-02-15" },
    { known: "2012-05-02", end: "2012-03-31", latest: 20, annual: 100, ttm: 110, before: null, filed: "2012-05-01" },
    { known: "2012-08-02", end: "2012-06-30", latest: 30, annual: 100, ttm: 120, before: null, filed: "2012-08-01" },
    { known: "2012-09-11", end: "2012-06-30", latest: 30, annual: 90, ttm: 110, before: null, filed: "2012-08-01" },
    { known: "2013-02-16", end: "2012-12-31", latest: null, annual: 140, ttm: 140, before: 90, filed: "2013-02-15" },
  ], "the year, and the year to date in place of the same stretch of the year before");
  t.same((await figures("operating_cash_flow")).map(({ end, latest, ttm }) => [end, latest, ttm]), [["2012-03-31", 5, null], ["2012-06-30", 7, null]], "a quarter is the year to date less the one before");
  t.same((await figures("equity")).map(({ known, latest }) => [known, latest]), [["2012-02-16", 1000], ["2012-09-11", 990]]);
  t.same((await figures("long_term_debt")).map(({ known, latest }) => [known, latest]), [["2013-02-16", 75], ["2013-03-02", 76]], "the sum of both parts, once both are known");
  t.same((await figures("gross_profit")).map(({ annual }) => annual), [200], "revenue less its cost where gross profit is not reported");
  t.same(await db.query("select concept, known_from, known_to, value_ttm::float8 as ttm from market.known_fundamental(array[market.instrument_id('MADE')], '{net_income}', '2012-06-01Z', '2012-07-01Z')"),
    [{ concept: "net_income", known_from: new Date("2012-06-01Z"), known_to: null, ttm: 110 }], "within limits: what was known at the first moment");
  t.same(await db.query("select * from market.known_fundamental('{}')"), []);
  t.same(await db.query("select * from market.known_fundamental(array[4711], '{nonsense}')"), []);

  await db.query("insert into market.concept_tag (concept, priority, tag) values ('net_income', 5, 'IncomeLossOfMadeUp')", [], "worker");
  await bringFacts(db, "MADE2", company([["2012-02-15", { IncomeLossOfMadeUp: [[...year(1), 7]], NetIncomeLoss: [[...year(1), 8]] }]]));
  t.match(await known("MADE2", "net_income", "2012-03-01"), { tag: "IncomeLossOfMadeUp", annual: 7e-6 }, "a tag that a user adds counts at once");
  t.equal((await db.refused("insert into market.concept_tag (concept, priority, tag) values ('net_income', 5, 'X')", [], "reader")).code, "42501");
});

/** What a person with all the filings on the desk would say at a moment: the year, and the year to date in place of the year before's. */
function desk(facts: readonly Fact[], day: string): { end: string; annual: number | null; ttm: number | null } | null {
  const said = new Map<string, Fact>();
  for (const fact of facts.filter(({ filed, end }) => filed < day && filed >= end).toSorted((a, b) => (a.filed + a.accn < b.filed + b.accn ? -1 : 1))) said.set(`${fact.start} ${fact.end}`, fact);
  const months = ({ start = "", end }: Fact) => Math.round((Date.parse(end) - Date.parse(start)) / 86_400_000 / 30.4375);
  const flows = [...said.values()].filter((fact) => [3, 6, 9, 12].includes(months(fact)));
  const end = flows.map((fact) => fact.end).sort().at(-1);
  if (end === undefined) return null;
  const years = flows.filter((fact) => months(fact) === 12).sort((a, b) => (a.end < b.end ? -1 : 1));
  const year = years.at(-1);
  const after = (date: string) => new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);
  const toDate = flows.find((fact) => year !== undefined && fact.end === end && fact.start === after(year.end));
  const before = flows.find((fact) => year !== undefined && toDate !== undefined && fact.start === year.start && months(fact) === months(toDate));
  return {
    end, annual: year?.val ?? null,
    ttm: year?.end === end ? year.val : year !== undefined && toDate !== undefined && before !== undefined ? year.val + toDate.val - before.val : null,
  };
}

t.test("at random moments it equals the reckoning from the filings themselves", async (t) => {
  const random = randomNumbers(3);
  for (const [symbol, file] of Object.entries(companies)) {
    const path = shared(t, file);
    if (path === undefined) return;
    const { facts } = await factsOf(db, path);
    for (const [concept, tag] of [["net_income", "NetIncomeLoss"], ["operating_income", "OperatingIncomeLoss"], ["gross_profit", "GrossProfit"]] as const) {
      const all = facts["us-gaap"]?.[tag]?.units["USD"] ?? [];
      const days = Array.from({ length: 120 }, () => new Date(Date.UTC(2010, 6, 1) + Math.floor(random() * 5_700) * 86_400_000).toISOString().slice(0, 10));
      const made = await db.query<{ end: string; annual: number | null; ttm: number | null }>(
        `select figure.period_end::text as end, figure.value_annual::float8 as annual, figure.value_ttm::float8 as ttm
         from unnest($3::date[]) with ordinality as asked (day, position)
         left join market.known_fundamental(array[market.instrument_id($1)], array[$2]) as figure
           on figure.known_from <= (day + time '16:00') at time zone 'America/New_York' and (figure.known_to is null or figure.known_to > (day + time '16:00') at time zone 'America/New_York')
         order by position`, [symbol, concept, days],
      );
      const differing = days.map((day, i) => ({ day, expected: desk(all, day), made: made[i] }))
        .filter(({ expected, made: found }) => expected !== null && (found?.end !== expected.end || found.annual !== expected.annual || (expected.ttm !== null && found.ttm !== expected.ttm)));
      t.same(differing, [], `${symbol} ${concept}: ${days.length} days`);
      t.ok(days.filter((day) => (desk(all, day)?.ttm ?? null) !== null).length > 80, "most of them have twelve months");
    }
  }
});
