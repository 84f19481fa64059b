import { readFileSync } from "node:fs";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";

for (const [mic, name] of [["XNYS", "New York"], ["XLON", "London"]] as const) {
  t.test(`the calendar of ${name} equals the one that others keep, session by session`, async (t) => {
    const file = shared(t, `calendars/${mic.toLowerCase()}.csv`);
    if (file === undefined) return;
    const judge = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => {
        const [session = "", open = "", close = "", breakStart = "", breakEnd = ""] = line.split(",");
        return { session_date: session.slice(0, 10), open_at: open, close_at: close, break_start: breakStart || null, break_end: breakEnd || null };
      });
    const db = await testDatabase(t);
    const last = judge.at(-1)?.session_date;
    const instant = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as ${column}`;
    const columns = `session_date::text, ${["open_at", "close_at", "break_start", "break_end"].map(instant).join(", ")}`;
    const sql = `select ${columns} from market.calendar_sessions($1, '1990-01-01', $2) as s order by s.session_date`;
    t.ok(judge.length > 8_000, "the judge has all its years");
    t.same(await db.query(sql, [mic, last]), judge, "every session, open and close");
    const reader = await db.reader.connect();
    await reader.query("set timezone to 'Asia/Kolkata'");
    t.same((await reader.query(sql, [mic, last])).rows, judge, "whatever the time zone of the reader");
    reader.release(true);
    t.same(await db.query(`select ${columns} from market.trading_session as s where mic = $1 and session_date <= $2 order by s.session_date`, [mic, last]), judge, "and so they are stored");
  });
}

t.test("F18: the sessions that are stored, currencies and what never closes", async (t) => {
  const db = await testDatabase(t);
  t.same(
    await db.query(
      `select mic, count(*)::int as sessions, min(session_date)::text as first, max(session_date)::text as last
       from market.trading_session where mic in ('XNYS', 'XNAS', 'FX24') group by mic order by mic`,
    ),
    [
      { mic: "FX24", sessions: 12_001, first: "1990-01-01", last: "2035-12-31" },
      { mic: "XNAS", sessions: 11_577, first: "1990-01-02", last: "2035-12-31" },
      { mic: "XNYS", sessions: 11_577, first: "1990-01-02", last: "2035-12-31" },
    ],
    "until 2035",
  );
  const hours = (name: string, from: string, to: string) =>
    db.query(
      `select session_date::text as date, to_char(open_at at time zone 'UTC', 'Dy HH24:MI') as open, to_char(close_at at time zone 'UTC', 'Dy HH24:MI') as close
       from market.session_hours(market.exchange_mic($1), $2, $3)`,
      [name, from, to],
      "reader",
    );
  // New York goes to summer time on 10 March 2024, a Sunday: the week opens an hour earlier than it closed.
  t.same(await hours("fx", "2024-03-08", "2024-03-11"), [
    { date: "2024-03-08", open: "Thu 22:00", close: "Fri 22:00" },
    { date: "2024-03-11", open: "Sun 21:00", close: "Mon 21:00" },
  ], "currencies trade from Sunday to Friday, 17:00 New York time");
  t.same(await hours("crypto", "2024-03-09", "2024-03-10"), [
    { date: "2024-03-09", open: "Sat 00:00", close: "Sun 00:00" },
    { date: "2024-03-10", open: "Sun 00:00", close: "Mon 00:00" },
  ], "crypto trades every day of 24 hours");
  t.match(await db.refused("select market.exchange_mic('MOON')"), { code: "MB002", hint: /XLON/ });
  const why = await db.query("select session_date::text as date, effect, reason from market.calendar_days('XLON', '2022-05-28', '2022-06-30')", [], "reader");
  t.same(why, [
    { date: "2022-05-30", effect: "open", reason: "the spring bank holiday was moved to 2 June" },
    { date: "2022-06-02", effect: "closed", reason: "spring bank holiday" },
    { date: "2022-06-03", effect: "closed", reason: "platinum jubilee of the Queen" },
  ], "the calendar says why");
  t.equal(await db.value("select count(*)::int from market.calendar_sessions('XETR', '2024-01-01', '2024-12-31')"), 0, "no rules, no sessions");
});

t.test("F18: a break at noon divides bars and candles", async (t) => {
  const db = await testDatabase(t);
  await db.query("insert into market.calendar_hours (mic, valid_from, open_time, close_time, break_start, break_end) values ('XTKS', '2011-11-21', '09:00', '15:00', '11:30', '12:30')");
  t.equal(await db.value("select market.refresh_sessions('XTKS', '2024-01-01', '2024-12-31')::int"), 262);
  t.equal(await db.value("select market.refresh_sessions('XTKS', '2024-01-01', '2024-12-31')::int"), 0, "done twice it changes nothing");
  const slots = await db.query<{ slot: string }>(
    "select to_char(ts at time zone 'Asia/Tokyo', 'HH24:MI') || '-' || to_char(ends_at at time zone 'Asia/Tokyo', 'HH24:MI') as slot from market.bar_slots('XTKS', '1h', '2024-05-07', '2024-05-07')",
  );
  t.same(slots.map(({ slot }) => slot), ["09:00-10:00", "10:00-11:00", "11:00-11:30", "12:30-13:30", "13:30-14:30", "14:30-15:00"]);
});

t.test("days outside the rules and rules that began late", async (t) => {
  const db = await testDatabase(t);
  const open = (date: string) => db.value<boolean>("select exists (select from market.calendar_sessions('XNYS', $1, $1))", [date]);
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
  t.same((await dates("XETR")).map(({ date }) => date), ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"], "without one every weekday counts");
  t.equal((await dates("XXXX")).length, 6, "what never closes trades every day");
});
