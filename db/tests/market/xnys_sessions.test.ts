import { readFileSync } from "node:fs";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";

t.test("F18: the calendar of New York equals the one that others keep, session by session", async (t) => {
  const file = shared(t, "calendars/xnys.csv");
  if (file === undefined) return;
  const judge = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => {
      const [session = "", open = "", close = ""] = line.split(",");
      return { session_date: session.slice(0, 10), open_at: open, close_at: close };
    });
  const db = await testDatabase(t);
  const last = judge.at(-1)?.session_date;
  const sql = `select session_date::text, to_char(open_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as open_at,
      to_char(close_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as close_at
    from market.xnys_sessions('1990-01-01', $1) order by session_date`;
  t.ok(judge.length > 8_000, "the judge has all its years");
  t.same(await db.query(sql, [last]), judge, "every session, open and close");
  const reader = await db.reader.connect();
  await reader.query("set timezone to 'Asia/Kolkata'");
  t.same((await reader.query(sql, [last])).rows, judge, "whatever the time zone of the reader");
  reader.release(true);
  const stored = await db.query(
    `select mic, count(*)::int as sessions, min(session_date)::text as first, max(session_date)::text as last
     from market.trading_session where mic in ('XNYS', 'XNAS') group by mic order by mic`,
  );
  t.same(stored, [
    { mic: "XNAS", sessions: 11_577, first: "1990-01-02", last: "2035-12-31" },
    { mic: "XNYS", sessions: 11_577, first: "1990-01-02", last: "2035-12-31" },
  ], "the sessions of both New York exchanges are stored until 2035");
});

t.test("days outside the rules and rules that began late", async (t) => {
  const db = await testDatabase(t);
  const open = (date: string) => db.value<boolean>("select exists (select from market.xnys_sessions($1, $1))", [date]);
  for (const [date, why] of [
    ["2001-09-11", "attack"], ["2012-10-29", "hurricane"], ["2018-12-05", "mourning"], ["2025-01-09", "mourning"], ["2022-06-20", "Juneteenth on a Sunday"],
    ["2021-12-24", "Christmas on a Saturday"], ["2026-07-03", "Independence Day on a Saturday"], ["2026-04-03", "Good Friday"], ["2026-11-26", "Thanksgiving"],
  ] as const) t.equal(await open(date), false, `${date} is closed: ${why}`);
  for (const [date, why] of [
    ["2021-12-31", "New Year's Day on a Saturday is not kept"], ["2021-06-18", "before Juneteenth"], ["1997-01-20", "before Martin Luther King Day"],
  ] as const) t.equal(await open(date), true, `${date} is open: ${why}`);
  const close = (date: string) => db.value<string>("select to_char(market.session_close('XNYS', $1) at time zone 'America/New_York', 'YYYY-MM-DD HH24:MI')", [date]);
  t.equal(await close("2026-11-27"), "2026-11-27 13:00", "the day after Thanksgiving is short");
  t.equal(await close("2026-11-25"), "2026-11-25 16:00", "the day before is not");
  t.equal(await close("2026-11-26"), "2026-11-27 00:00", "a day without a session ends at midnight");
  const dates = (mic: string) => db.query<{ date: string }>("select session_dates::text as date from market.session_dates($1, '2026-11-25', '2026-11-30')", [mic]);
  t.same((await dates("XNYS")).map(({ date }) => date), ["2026-11-25", "2026-11-27", "2026-11-30"], "an exchange with a calendar");
  t.same((await dates("XLON")).map(({ date }) => date), ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"], "without one every weekday counts");
  t.equal((await dates("XXXX")).length, 6, "what never closes trades every day");
});
