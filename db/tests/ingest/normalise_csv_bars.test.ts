import t from "tap";
import { testDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

const csv = (body: string | Buffer, subject = "bars.csv", symbol = false) =>
  ({ provider: "csv", dataset: "bars", subject, url: symbol ? `file:bars.csv?symbol=${subject}` : `file:${subject}`, body }) as const;

t.test("columns in any order and case, quotes, a byte order mark, CRLF and other names", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const body = '\ufeffVolume,"Close", LOW ,High,Open,Date,Adj Close,Ticker\r\n1000,10.5,"9",11,10,2024-01-02,10.4,brk.b\r\n\r\n1e3,"10.5",9,11,10,2024-01-03,,"BRK.B"\r\n';
  t.match(await bring(db, run, csv(body)), { outcome: "normalised", rows: 2, accepted: 2, quarantined: 0 });
  t.same(
    await db.query("select symbol, session_date::text as day, open, high, low, close, volume, adjusted_close from market.price_data join market.instrument using (instrument_id) order by ts"),
    [
      { symbol: "BRK.B", day: "2024-01-02", open: 10, high: 11, low: 9, close: 10.5, volume: 1000, adjusted_close: 10.4 },
      { symbol: "BRK.B", day: "2024-01-03", open: 10, high: 11, low: 9, close: 10.5, volume: 1000, adjusted_close: null },
    ],
  );
});

t.test("a row that cannot be read is quarantined with its reason, the others are stored", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const bad: readonly (readonly [row: string, reason: RegExp])[] = [
    ["2024-01-03,10,11,9,abc,5", /close "abc" is not a number/],
    ["2024-01-04,10,11,9,NaN,5", /close "NaN" is not a number/],
    ["2024-01-05,10,11,9,1e400,5", /close "1e400" is not a number/],
    ["2024-01-08,10,11,9,,5", /close is missing/],
    ["01\/09\/2024,10,11,9,10,5", /date "01\/09\/2024" is not a date/],
    ["2024-02-30,10,11,9,10,5", /date "2024-02-30" is not a date/],
    ["2024-01-10,10,11,9,10", /5 fields where the header has 6/],
    ["2024-01-11,10,11,9,10,5,6", /7 fields where the header has 6/],
    ["2024-01-12,10,9,11,10,5", /High 9 is below low 11/],
    ["2024-01-16,10,11,-9,10,5", /not positive/],
    ["2024-01-17,10,11,9,0x1F,5", /close "0x1F" is not a number/],
  ];
  const body = ["date,open,high,low,close,volume", "2024-01-02,10,11,9,10,5", ...bad.map(([row]) => row)].join("\n");
  t.match(await bring(db, run, csv(body, "TEST", true)), { rows: bad.length + 1, accepted: 1, quarantined: bad.length });
  const quarantine = await db.query<{ row_no: number; reason: string; rules: string[] }>("select row_no::int, reason, rules from ingest.quarantine order by row_no");
  t.same(quarantine.map(({ row_no }) => row_no), bad.map((_, index) => index + 2), "each is named by its position");
  for (const [index, [, reason]] of bad.entries()) t.match(quarantine[index]?.reason, reason);
  t.ok(quarantine.every(({ rules }) => rules.length > 0), "each says which rule it fails");
  t.equal(await db.value<number>("select count(*)::int from market.price_data"), 1);
  t.equal(await db.value<number>("select count(*)::int from ingest.candidate_bar"), 0, "no candidate is left behind");
});

t.test("a file that cannot be read at all is refused, and nothing but its bytes is stored", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const cases: readonly (readonly [body: string | Buffer, symbol: boolean, code: string, message: RegExp])[] = [
    ["date,open,high,low,volume,last\n2024-01-02,1,1,1,1,1", true, "MB005", /no column close; its columns are date, open, high, low, volume, last/],
    ["date,open,high,low,close,volume\n2024-01-02,1,1,1,1,1", false, "MB005", /no column symbol/],
    ["", true, "MB004", /empty/],
    ["\n\n", true, "MB004", /empty/],
    [Buffer.from([0x64, 0x61, 0x74, 0x65, 0xff, 0xfe, 0x0a]), true, "MB004", /UTF/],
    ["<html><body>Sign in</body></html>", true, "MB005", /no column date/],
  ];
  for (const [body, symbol, code, message] of cases) {
    const outcome = await bring(db, run, csv(body, "TEST", symbol));
    t.match(outcome, { outcome: "refused", code, rows: 0, accepted: 0, changed: 0 }, `${code} for ${JSON.stringify(String(body).slice(0, 30))}`);
    t.match(outcome.message, message);
  }
  t.equal(await db.value<number>("select count(*)::int from market.instrument"), 0, "no instrument");
  t.equal(await db.value<number>("select count(*)::int from market.price_data"), 0, "no bar");
  t.equal(await db.value<number>("select count(*)::int from ingest.normalisation where outcome = 'refused'"), cases.length, "each refusal is remembered");
  t.equal(await db.value<number>("select count(*)::int from ingest.raw_response where body is not null"), cases.length, "each body is kept");
});

t.test("the same body is read once; a refused one is tried again", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const body = csv("date,open,high,low,close,volume\n2024-01-02,10,11,9,10,5", "TEST", true);
  const first = await bring(db, run, body);
  const again = await bring(db, run, body);
  t.same(again, first, "what became of it is told again");
  t.equal(await db.value<number>("select count(*)::int from ingest.normalisation"), 1);
  await bring(db, run, csv("", "EMPTY", true));
  await bring(db, await openRun(db), csv("", "EMPTY", true));
  t.equal(await db.value<number>("select count(*)::int from ingest.normalisation where outcome = 'refused'"), 2);
});
