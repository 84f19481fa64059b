import { readFileSync } from "node:fs";
import t from "tap";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

const importer = (db: TestDatabase, run: string) => (body: string | Buffer, query = "") =>
  bring(db, run, { provider: "csv", dataset: "sessions", subject: "sessions", url: `file:sessions${query}`, body });

t.test("a calendar from a file takes the place of weekdays, and of what it corrects", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const send = importer(db, run);
  const tokyo = ["mic,date,open,close,break_start,break_end", ...["2024-01-04", "2024-01-05", "2024-01-09", "2024-01-10"].map((day) => `XTKS,${day},09:00,15:00,11:30,12:30`)];
  t.match(await send(tokyo.join("\n")), { outcome: "normalised", rows: 4, new: 4, changed: 4 });
  t.same(
    await db.query(
      `select session_date::text as date, to_char(open_at at time zone 'UTC', 'HH24:MI') as open, to_char(close_at at time zone 'UTC', 'HH24:MI') as close,
         to_char(break_start at time zone 'UTC', 'HH24:MI') as pause, is_half_day as half from market.session_hours('XTKS', '2024-01-04', '2024-01-09')`,
    ),
    [
      { date: "2024-01-04", open: "00:00", close: "06:00", pause: "02:30", half: false },
      { date: "2024-01-05", open: "00:00", close: "06:00", pause: "02:30", half: false },
      { date: "2024-01-09", open: "00:00", close: "06:00", pause: "02:30", half: false },
    ],
    "8 January, a Monday, is a holiday now",
  );
  t.match(await send(`${tokyo.join("\n")}\n`), { outcome: "normalised", new: 0, changed: 0, rows: 4 }, "told again it changes nothing");
  // The 5th was none, the 10th was short; a stranger comes with instants.
  const later = [tokyo[0], tokyo[1], tokyo[3], "XTKS,2024-01-10,09:00,11:30,,", "XABC,2024-01-04,2024-01-04T14:30:00Z,2024-01-04T21:00:00Z,,"];
  t.match(await send(later.join("\n")), { outcome: "normalised", new: 1, changed: 3 });
  t.same(
    await db.query("select mic, session_date::text as date, is_half_day as half from market.trading_session where mic in ('XTKS', 'XABC') order by 1, 2"),
    [
      { mic: "XABC", date: "2024-01-04", half: false }, { mic: "XTKS", date: "2024-01-04", half: false },
      { mic: "XTKS", date: "2024-01-09", half: false }, { mic: "XTKS", date: "2024-01-10", half: true },
    ],
  );
  t.same(await db.query("select time_zone, calendar from market.exchange where mic = 'XABC'"), [{ time_zone: "UTC", calendar: "sessions" }], "an exchange that is not known is added");

  const header = tokyo[0] ?? "";
  for (const [body, code, message] of [
    [`${header}\nXTKS,2024-02-01,09:00,15:00,,\nXTKS,2024-02-30,09:00,15:00,,`, "MB004", /^line 3: "2024-02-30" is not a date/],
    [`${header}\nXTKS,2024-02-01,09:00,08:00,,`, "MB004", /^line 2: it closes before it opens/],
    [`${header}\nXTKS,2024-02-01,9 o'clock,15:00,,`, "MB004", /^line 2: "9 o'clock" is not a time/],
    [`${header}\nXTKS,2024-02-01,25:00,26:00,,`, "MB004", /^line 2: "25:00" is not a time.*/],
    [`${header}\nXTKS,2024-02-01,09:00,15:00,11:30,`, "MB004", /^line 2: a break needs a beginning and an end/],
    [`${header}\nXTKS,2024-02-01,09:00,15:00,08:00,12:30`, "MB004", /^line 2: its break does not lie within it/],
    [`${header}\nXTKS,2024-02-01,09:00,15:00,,\nXTKS,2024-02-01,09:00,15:00,,`, "MB004", /^line 3: the session of XTKS on 2024-02-01 is there twice, first in line 2/],
    [`${header}\ntokyo,2024-02-01,09:00,15:00,,`, "MB004", /^line 2: "TOKYO" is not a market identifier code/],
    [`${header}\nXNEW,2024-02-01,09:00,15:00,,`, "MB004", /^line 2: the time zone of XNEW is not known/],
    [`${header}\nXTKS,2024-02-01,09:00,15:00`, "MB004", /^line 2: it has 4 fields where the header has 6/],
    [`${header}\nXTKS,2024-02-01,2024-05-01T00:00:00Z,2024-05-01T06:00:00Z,,`, "MB004", /^line 2: it closes on 2024-05-01/],
    ["date,open,close\n2024-02-01,09:00,15:00", "MB005", /has no column mic/],
    [`${header}\n`, "MB004", /no sessions/],
  ] as const) {
    t.match(await send(body), { outcome: "refused", code, message }, message.source);
  }
  t.equal(await db.value("select count(*)::int from market.trading_session where mic in ('XTKS', 'XABC', 'XNEW')"), 4, "nothing of a bad file is kept");
  t.match(await send("date,open,close\n2024-02-01,09:00,15:00", "?mic=XNEW&time_zone=Asia/Tokyo"), { outcome: "normalised", new: 1 }, "mic and clock for the whole file");

  // Where nothing is known, who brings bars is told so.
  await db.query("select ingest.ensure_instrument($1, 'SAP.DE', p_mic => 'XETR')", [run], "worker");
  const csv = (symbol: string) => bring(db, run, { provider: "csv", dataset: "bars", subject: symbol, url: `file:x?symbol=${symbol}`, body: "date,open,high,low,close,volume\n2024-01-02,1,1,1,1,1" });
  await csv("SAP.DE");
  await csv("PLAIN");
  t.match(await db.query("select notice from ingest.notices(array(select raw_response_id from ingest.raw_response)) as notice", [], "worker"), [{ notice: /^No calendar of XETR \(Xetra\) is known, .* for SAP\.DE:/ }]);
});

t.test("a file of the judge's own gives the judge's calendar", async (t) => {
  const file = shared(t, "calendars/xlon.csv");
  if (file === undefined) return;
  const db = await testDatabase(t);
  const run = await openRun(db);
  const before = await db.query("select * from market.trading_session where mic = 'XLON' order by session_date");
  t.match(await importer(db, run)(readFileSync(file), "?mic=XLON"), { outcome: "normalised", rows: 8_515, new: 0, changed: 0 }, "the rules said the same");
  t.same(await db.query("select * from market.trading_session where mic = 'XLON' order by session_date"), before, "and half days are the same ones");
});
