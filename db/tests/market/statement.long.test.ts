import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { bring, openRun } from "../ingest/bodies.ts";
import { addSplits, bringFacts, companies, factsOf } from "./fundamentals.ts";

/** Splits of the two companies since their first facts: public record. */
const splits = {
  AAPL: [["2014-06-09", 7], ["2020-08-31", 4]],
  NVDA: [["2007-09-11", 1.5], ["2021-07-20", 4], ["2024-06-10", 10]],
} as const;

/** Figures as they stand in the annual reports, in millions, except per share in the shares of today. */
const reported = {
  AAPL: [
    ["income", "2023-09-30", { revenue: 383_285, cost_of_revenue: 214_137, gross_profit: 169_148, operating_income: 114_301, pretax_income: 113_736, income_tax: 16_741, net_income: 96_995 }],
    ["income", "2017-09-30", { revenue: 229_234, operating_income: 61_344, net_income: 48_351 }],
    ["balance", "2023-09-30", { total_assets: 352_583, current_assets: 143_566, total_liabilities: 290_437, equity: 62_146, cash: 29_965 }],
    ["cash_flow", "2023-09-30", { operating_cash_flow: 110_543, capital_expenditure: 10_959, investing_cash_flow: 3_705, financing_cash_flow: -108_488, free_cash_flow: 99_584 }],
  ],
  NVDA: [
    ["income", "2024-01-28", { revenue: 60_922, gross_profit: 44_301, research_and_development: 8_675, operating_income: 32_972, net_income: 29_760 }],
    ["balance", "2024-01-28", { total_assets: 65_728, total_liabilities: 22_750, equity: 42_978, inventory: 5_282 }],
    ["cash_flow", "2024-01-28", { operating_cash_flow: 28_090, investing_cash_flow: -10_566, financing_cash_flow: -13_633 }],
  ],
} as const;

for (const symbol of ["AAPL", "NVDA"] as const) {
  t.test(`the statements of ${symbol}: balanced, quarters that make years, figures as filed`, async (t) => {
    const path = shared(t, companies[symbol]);
    if (path === undefined) return;
    const db = await testDatabase(t);
    const document = await factsOf(db, path, "statement_tag");
    const id = await bringFacts(db, symbol, document);
    await addSplits(db, id, splits[symbol]);
    await db.query("analyze market.company_fundamental");
    await db.query("analyze market.company_fundamental_history");
    await db.query(
      `create table public.line as select period, line.* from unnest('{income,balance,cash_flow}'::text[]) as kind, unnest('{annual,quarterly,trailing}'::text[]) as period
       cross join lateral market.statement($1, kind, period) as line`,
      [symbol],
    );

    for (const [kind, end, figures] of reported[symbol]) {
      const rows = await db.query<{ item: string; millions: number }>(
        "select item, (value / 1e6)::float8 as millions from public.line where period = 'annual' and statement = $1 and period_end = $2 and item = any ($3)",
        [kind, end, Object.keys(figures)],
      );
      t.same(Object.fromEntries(rows.map(({ item, millions }) => [item, millions])), figures, `${kind} of ${end}`);
    }

    for (const period of ["annual", "quarterly", "trailing"]) {
      const [sheets] = await db.query<{ sheets: number; unequal: number }>(
        `select count(*)::int as sheets, count(*) filter (where assets is distinct from both_sides or assets is distinct from total)::int as unequal
         from (
           select
             sum(value) filter (where item = 'total_assets') as assets, sum(value) filter (where item = 'liabilities_and_equity') as total,
             sum(value) filter (where item in ('total_liabilities', 'temporary_equity', 'total_equity')) as both_sides
           from public.line where statement = 'balance' and period = $1 group by period_end
         ) as sheet
         where assets is not null`,
        [period],
      );
      t.ok((sheets?.sheets ?? 0) >= (period === "annual" ? 15 : 60), `${sheets?.sheets} balance sheets, ${period}`);
      t.equal(sheets?.unequal, 0, "assets are liabilities and equity, and what lies between them");
    }

    const sums = await db.query<{ item: string; years: number; unequal: string | null }>(
      // Quarters and years are rounded each for itself, to millions.
      `select item, count(*)::int as years, string_agg(period_end::text || ' ' || value || ' <> ' || quarters, ', ') filter (where abs(quarters - value) > 2e6) as unequal
       from (
         select year.item, year.period_end, year.value, sum(quarter.value) as quarters
         from public.line as year
         join public.line as quarter
           on quarter.period = 'quarterly' and quarter.statement = year.statement and quarter.item = year.item
           and quarter.period_end > year.period_start and quarter.period_end <= year.period_end
         where year.period = 'annual' and year.statement in ('income', 'cash_flow') and year.unit = 'USD'
         group by year.statement, year.item, year.period_end, year.value
         having count(*) = 4
       ) as year
       group by item order by item`,
    );
    for (const item of ["revenue", "net_income", "operating_income", "operating_cash_flow", "investing_cash_flow", "financing_cash_flow"]) {
      const sum = sums.find((line) => line.item === item);
      t.ok((sum?.years ?? 0) >= 12, `${sum?.years} years of ${item}`);
    }
    // NVIDIA's filings give one bond of 2016 as if it had been issued in three quarters of 2017.
    const misdated = symbol === "NVDA" ? ["debt_issued"] : [];
    t.same(sums.filter(({ item, unequal }) => unequal !== null && !misdated.includes(item)), [], "four quarters are the year, in every line");
    t.equal(
      await db.value(
        `select count(*)::int from public.line as year join public.line as twelve using (statement, item, period_end)
         where year.period = 'annual' and twelve.period = 'trailing' and year.statement <> 'balance' and twelve.value <> year.value`,
      ),
      0,
      "twelve months up to the end of a fiscal year are that year",
    );
    const perShare = await db.query<{ period_end: string; eps: number; quarters: number }>(
      `select year.period_end::text, year.value::float8 as eps, sum(quarter.value)::float8 as quarters
       from public.line as year
       join public.line as quarter on quarter.period = 'quarterly' and quarter.item = year.item and quarter.period_end > year.period_start and quarter.period_end <= year.period_end
       where year.period = 'annual' and year.item = 'eps_diluted' group by year.period_end, year.value having count(*) = 4`,
    );
    t.ok(perShare.length >= 12);
    t.same(perShare.filter(({ eps, quarters }) => Math.abs(eps - quarters) > 0.011 + 0.03 * Math.abs(eps)), [], "earnings per share of quarters and years are in the same shares");
    const gaps = await db.value<string | null>(
      `select string_agg(period_end::text, ', ') from (
         select period_end, lag(period_end) over (order by period_end) as before from (select distinct period_end from public.line where period = 'quarterly' and item = 'net_income') as quarter
       ) as quarter where period_end - before not between 84 and 105`,
    );
    t.equal(gaps, null, "one quarter follows the other");
  });
}

t.test("what was known on each day, of forty-five companies", async (t) => {
  const path = shared(t, "prices/reports_vintages_55sym.csv.gz");
  if (path === undefined) return;
  const [header = "", ...lines] = gunzipSync(readFileSync(path)).toString().trim().split("\n");
  const names = header.split(",");
  const flows: Record<string, string> = { revenues: "USD", op_income: "USD", net_income: "USD", eps_basic: "USD/shares", eps_diluted: "USD/shares", dividend: "USD/shares", cash_flow_op: "USD", cash_flow_inv: "USD", cash_flow_fin: "USD" };
  const balances = ["assets", "cur_assets", "cur_liab", "cash", "equity"];
  const reports = lines.map((line) => Object.fromEntries(line.split(",").map((value, i) => [names[i] ?? "", value])) as Record<string, string>);
  const iso = (day = "") => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  // Each report becomes what companyfacts would have said of it. A figure of three months and one to date would differ in their start; these files do not say it.
  const db = await testDatabase(t);
  const run = await openRun(db);
  const bySymbol = Map.groupBy(reports, ({ symbol }) => symbol ?? "");
  const expected = new Map<string, number>();
  for (const [symbol, list] of bySymbol) {
    const facts: Record<string, { units: Record<string, unknown[]> }> = {};
    list.forEach((report, i) => {
      const filed = iso(report["file_date"]);
      const end = report["end_date"] ?? "";
      for (const [name, unit] of [...Object.entries(flows), ...balances.map((name) => [name, "USD"] as const)]) {
        const value = report[name];
        if (value === undefined || value === "" || Number.isNaN(Number(value))) continue;
        // The start stands for the kind of period, so that a year and its last quarter stay apart.
        const start = balances.includes(name) ? undefined : `${Number(end.slice(0, 4)) - 1}-${report["period_focus"] === "FY" ? "01" : "06"}-01`;
        ((facts[name] ??= { units: {} }).units[unit] ??= []).push({ ...(start === undefined ? {} : { start }), end, val: Number(value), accn: `0000000000-00-${String(i).padStart(6, "0")}`, fy: 2000, fp: "Q1", form: report["doc_type"], filed });
      }
    });
    const outcome = await bring(db, run, { provider: "sec", dataset: "fundamentals", subject: symbol, body: JSON.stringify({ cik: 1, entityName: symbol, facts: { report: facts } }) });
    t.match(outcome, { outcome: "normalised" }, symbol);
    expected.set(symbol, list.length);
  }
  t.equal(expected.size, 45);
  // On the day after each file_date: for each symbol, figure and period the value of the last report until then.
  const days = [...new Set(reports.map(({ file_date }) => iso(file_date)))].sort();
  const seen = await db.query<{ day: string; known: string }>(
    `select day::text, string_agg(concat_ws(' ', instrument.symbol, fact.concept, fact.period_start, fact.period_end, fact.value::float8), e'\\n'
       order by concat_ws(' ', instrument.symbol, fact.concept, fact.period_start, fact.period_end) collate "C") as known
     from unnest($1::date[]) as day
     join market.company_fundamental_version fact
       on fact.known_from <= (day + 1)::timestamp at time zone 'America/New_York' and (fact.known_to is null or (day + 1)::timestamp at time zone 'America/New_York' < fact.known_to)
     join market.instrument using (instrument_id)
     group by day order by day`,
    [days],
  );
  const known = new Map<string, string>();
  const quarantined = new Set((await db.query<{ payload: { concept: string; period_end: string; accession: string }; symbol: string }>("select symbol, payload from ingest.quarantine")).map(({ symbol, payload }) => `${symbol} ${payload.concept} ${payload.period_end} ${payload.accession}`));
  const position = new Map([...bySymbol].map(([symbol, list]) => [symbol, new Map(list.map((report, i) => [report, i]))]));
  const byDay = Map.groupBy(reports, ({ file_date }) => iso(file_date));
  let checked = 0;
  for (const { day, known: stored } of seen) {
    for (const report of (byDay.get(day) ?? [])) {
      const { symbol = "", end_date: end = "" } = report;
      for (const name of [...Object.keys(flows), ...balances]) {
        const value = report[name];
        if (value === undefined || value === "" || Number.isNaN(Number(value))) continue;
        if (quarantined.has(`${symbol} ${name} ${end} 0000000000-00-${String(position.get(symbol)?.get(report)).padStart(6, "0")}`)) continue;
        const start = balances.includes(name) ? end : `${Number(end.slice(0, 4)) - 1}-${report["period_focus"] === "FY" ? "01" : "06"}-01`;
        known.set(`${symbol} ${name} ${start} ${end}`, `${symbol} ${name} ${start} ${end} ${Number(value)}`);
      }
    }
    const wanted = [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
    checked += wanted.length;
    if (wanted.join("\n") !== stored) t.strictSame(stored.split("\n"), wanted, `what was known on ${day}`);
  }
  t.ok(checked > 100_000, `${checked} figures on ${seen.length} days`);
});
