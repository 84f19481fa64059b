import { readFileSync } from "node:fs";
import t from "tap";
import { addSplits, bringFacts, companies, factsOf } from "../market/fundamentals.ts";
import { shared, testDatabase } from "../support/database.ts";
import { addBars, addInstrument, flatBar, openBench } from "./fixture.ts";

const bench = await openBench(await testDatabase(t));
const { db } = bench;

t.test("what is known of a company when a bar closes", async (t) => {
  const path = shared(t, companies.AAPL);
  if (path === undefined) return;
  const id = await bringFacts(db, "AAPL", await factsOf(db, path));
  await addSplits(db, id, [["2014-06-09", 7], ["2020-08-31", 4]]);
  // Closes of these days as they were quoted.
  const closes = { "2014-06-06": 645.57, "2014-06-09": 93.7, "2018-11-05": 201.59, "2018-11-06": 203.77, "2020-08-28": 499.23, "2020-08-31": 129.04, "2023-11-03": 176.65, "2023-11-06": 179.23 };
  await addBars(bench, id, Object.entries(closes).map(([day, close]) => flatBar(day, close)));
  const columns = async (more = "") =>
    Object.fromEntries((await db.query<{ day: string } & Record<string, number | string>>(
      `select ts::date::text as day, columns.* from feature.fundamental_columns(array[$1::bigint]${more}) as columns order by ts`, [id], "worker",
    )).map((row) => [row.day, row]));
  const rows = await columns();
  t.same(Object.keys(rows), Object.keys(closes), "one row for each bar");
  t.match(rows["2018-11-05"], { revenue_ttm: 255_274e6, days_since_filing: 96, days_since_period_end: 128 }, "what was filed on a day is not known at its close");
  t.match(rows["2018-11-06"], { revenue_ttm: 265_595e6, revenue_annual: 265_595e6, revenue_quarter: 62_900e6, revenue_ttm_year_ago: 229_234e6, days_since_filing: 1, days_since_period_end: 38 }, "but on the day after");
  t.match(rows["2023-11-06"], { net_income_ttm: 96_995e6, equity: 62_146e6, equity_year_ago: 50_672e6, long_term_debt: 105_103e6, market_cap: 179.23 * 15_552_752_000 });
  // The market capitalisation goes on through the split; as filed the shares would be a seventh and a quarter.
  t.match(rows["2014-06-06"], { shares_outstanding: 861_381_000, market_cap: 645.57 * 861_381_000, eps_diluted_annual: 39.75 });
  t.match(rows["2014-06-09"], { shares_outstanding: 6_029_667_000, market_cap: 93.7 * 6_029_667_000 });
  t.match(rows["2020-08-31"], { shares_outstanding: 17_102_536_000, eps_diluted_ttm: (3.03 + 4.99 + 2.55 + 2.58) / 4 });

  await db.query("update ingest.provider set price_basis = 'split', splits_adjusted_to = '2018-01-01' where provider = 'test_bench'");
  const adjusted = (await columns())["2014-06-06"];
  t.match(adjusted, { raw_close: 645.57 * 7 }, "a close in the shares of 2018 counts seven times in those of its day");
  await db.query("update ingest.provider set splits_adjusted_to = 'infinity' where provider = 'test_bench'");
  t.match(await columns(), { "2014-06-06": { raw_close: 645.57 * 28 }, "2020-08-28": { raw_close: 499.23 * 4 }, "2020-08-31": { raw_close: 129.04 } }, "in those of the day on which it was fetched");
  await db.query("update ingest.provider set price_basis = 'raw', splits_adjusted_to = null where provider = 'test_bench'");

  for (const day of Object.keys(closes)) {
    t.same((await columns(`, '1d', array['${day}Z'::timestamptz], array['${day}Z'::timestamptz]`))[day], rows[day], `${day} by itself is bit for bit the same`);
  }
  t.match(await columns(", p_concepts => '{equity}'"), { "2018-11-06": { equity: 107_147e6, revenue_ttm: null } }, "only what is asked for");

  // Nothing filed later, and no later split, changes what a bar was given.
  const later = "2018-11-06";
  await db.query("delete from market.company_fundamental where filed >= $1", [later]);
  await db.query("delete from market.corporate_action where ex_date > $1", [later]);
  const without = await columns();
  for (const day of ["2014-06-06", "2014-06-09", "2018-11-05", "2018-11-06"]) t.same(without[day], rows[day], `${day} without the future`);
});

t.test("an instrument without filings has its bars and nothing known", async (t) => {
  const id = await addInstrument(bench, "BARE");
  await addBars(bench, id, [flatBar("2020-01-02", 5)]);
  t.match(await db.query("select * from feature.fundamental_columns(array[$1::bigint])", [id]), [{ raw_close: 5, market_cap: null, equity: null, revenue_ttm: null, days_since_filing: null }]);
  t.same(await db.query("select * from feature.fundamental_columns('{}')"), []);
  t.equal((await db.refused("select * from feature.fundamental_columns('{1}')", [], "reader")).code, "42501");
});

t.test("the place of a session in the calendar, as a list of the sessions gives it", async (t) => {
  const file = shared(t, "calendars/xnys.csv");
  if (file === undefined) return;
  const sessions = readFileSync(file, "utf8").trim().split("\n").slice(1).map((line) => {
    const [session = "", open = "", close = ""] = line.split(",");
    return { day: session.slice(0, 10), minutes: (Date.parse(close) - Date.parse(open)) / 60_000 };
  }).filter(({ day }) => day >= "2011-12-15" && day < "2014-01-15");
  const id = await addInstrument(bench, "CAL");
  const asked = sessions.filter(({ day }) => day >= "2012-09-01" && day < "2013-08-01");
  await addBars(bench, id, asked.map(({ day }) => flatBar(day, 10)));
  const rows = await db.query<Record<string, number | string>>("select ts::date::text as day, columns.* from feature.calendar_columns(array[$1::bigint]) as columns order by ts", [id], "worker");
  const date = (day: string) => new Date(`${day}T00:00:00Z`);
  const place = (key: (day: string) => string, day: string) => {
    const same = sessions.filter((session) => key(session.day) === key(day)).map((session) => session.day);
    return { from: same.indexOf(day) + 1, to: same.length - 1 - same.indexOf(day) };
  };
  const keys = {
    week: (day: string) => new Date(date(day).getTime() - ((date(day).getUTCDay() + 6) % 7) * 86_400_000).toISOString(),
    month: (day: string) => day.slice(0, 7),
    quarter: (day: string) => `${day.slice(0, 4)} ${Math.ceil(Number(day.slice(5, 7)) / 3)}`,
    year: (day: string) => day.slice(0, 4),
  };
  const expected = asked.map(({ day, minutes }) => {
    const at = sessions.findIndex((session) => session.day === day);
    const gap = (from: string, to: string) => (date(to).getTime() - date(from).getTime()) / 86_400_000;
    const [week, month, quarter, year] = [place(keys.week, day), place(keys.month, day), place(keys.quarter, day), place(keys.year, day)];
    return {
      day, day_of_week: date(day).getUTCDay(), day_of_month: Number(day.slice(8)), month: Number(day.slice(5, 7)), quarter: Math.ceil(Number(day.slice(5, 7)) / 3), year: Number(day.slice(0, 4)),
      session_of_week: week.from, session_of_month: month.from, session_of_quarter: quarter.from, session_of_year: year.from,
      sessions_to_week_end: week.to, sessions_to_month_end: month.to, sessions_to_quarter_end: quarter.to, sessions_to_year_end: year.to,
      is_month_start_session: month.from === 1 ? 1 : 0, is_month_end_session: month.to === 0 ? 1 : 0, is_quarter_end_session: quarter.to === 0 ? 1 : 0, is_year_end_session: year.to === 0 ? 1 : 0,
      session_length: minutes, is_half_day: minutes < 390 ? 1 : 0,
      days_since_previous_session: gap(sessions[at - 1]?.day ?? "", day), days_to_next_session: gap(day, sessions[at + 1]?.day ?? ""),
    };
  });
  t.equal(rows.length, asked.length);
  t.same(rows.map((row, i) => Object.fromEntries(Object.keys(expected[i] ?? {}).map((key) => [key, row[key]]))), expected, `${asked.length} sessions`);
  t.match(rows.find(({ day }) => day === "2012-10-31"), { days_since_previous_session: 5, minutes_since_open: null, week_of_year: 44, day_of_year: 305 }, "after the hurricane");
  t.same(
    await db.query("select * from feature.calendar_columns(array[$1::bigint], '1d', '{2013-07-03Z}', '{2013-07-05Z}')", [id]),
    await db.query("select * from feature.calendar_columns(array[$1::bigint]) where ts between '2013-07-03Z' and '2013-07-05Z'", [id]), "a few bars by themselves are the same",
  );
  await db.query(
    `insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select $1, '30m', '2013-07-03T16:30Z', '2013-07-03', 1, 1, 1, 1, 1, '2013-07-03T17:00Z', 'test_bench', $2, $3`, [id, bench.bodyId, bench.runId],
  );
  t.match(await db.query("select * from feature.calendar_columns(array[$1::bigint], '30m')", [id]), [{ minutes_since_open: 180, minutes_to_close: 30, is_half_day: 1 }], "within the session of a half day");
});

t.test("the columns are listed with where they come from", async (t) => {
  t.same(await db.query("select source, count(*)::int as columns from feature.bar_column group by source order by source", [], "reader"), [{ source: "adjusted", columns: 5 }, { source: "bar", columns: 5 }, { source: "calendar", columns: 25 }, { source: "fundamental", columns: 48 }]);
  t.same(
    await db.query("select column_name, concepts from feature.bar_column where column_name in ('equity_year_ago', 'revenue_ttm', 'market_cap', 'raw_close', 'days_since_filing', 'month') order by column_name"),
    [
      { column_name: "days_since_filing", concepts: null }, { column_name: "equity_year_ago", concepts: ["equity"] }, { column_name: "market_cap", concepts: ["shares_outstanding"] },
      { column_name: "month", concepts: null }, { column_name: "raw_close", concepts: [] }, { column_name: "revenue_ttm", concepts: ["revenue"] },
    ],
  );
});
