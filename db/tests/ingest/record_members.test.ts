import { readFileSync } from "node:fs";
import t from "tap";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

const importer = (db: TestDatabase, run: string, universe: string) => (body: string, fetchedAt: string, date?: string) =>
  bring(db, run, { provider: "csv", dataset: "members", subject: universe, url: `file:members/${universe}${date === undefined ? "" : `?date=${date}`}`, body, fetchedAt });
const members = async (db: TestDatabase, universe: string, date: string, asOf: string) =>
  (await db.query<{ symbol: string }>("select symbol from market.universe_members($1, $2, $3)", [universe, date, asOf], "reader")).map(({ symbol }) => symbol);

t.test("the S&P 500 since 1996: on every day whom the file says, and known then", async (t) => {
  const file = shared(t, "universe/sp500_ticker_start_end.csv");
  if (file === undefined) return;
  const body = readFileSync(file, "utf8");
  const spells = body.trim().split("\n").slice(1).map((line) => line.trim().split(","));
  const db = await testDatabase(t);
  const run = await openRun(db);
  const send = importer(db, run, "sp500");
  t.match(await send(body, "2026-11-24T12:00:00Z"), { outcome: "normalised", rows: spells.length, new: spells.length });
  for (const date of ["1996-01-02", "1997-01-15", "2001-09-10", "2008-09-12", "2013-02-08", "2017-06-18", "2017-06-19", "2025-07-09", "2026-11-24"]) {
    const judge = spells.filter(([, from = "", to = ""]) => from <= date && (to === "" || date < to)).map(([ticker]) => ticker).sort();
    t.ok(judge.length > 450 && judge.length < 520);
    t.same((await members(db, "sp500", date, "2026-12-01")).sort(), judge, `on ${date} ${judge.length} members, as now known`);
    t.same((await members(db, "sp500", date, `${date}T12:00:00Z`)).sort(), judge, `and as known on that day`);
  }
  t.ok((await members(db, "sp500", "2008-09-12", "2026-12-01")).includes("LEH") || (await members(db, "sp500", "2008-09-12", "2026-12-01")).includes("LEHMQ"), "those that went under come back");
  t.ok((await members(db, "sp500", "2017-06-19", "2017-06-01")).includes("AABA"), "on 1 June 2017 nobody knew that Yahoo would leave on the 19th");
  t.equal(await db.value("select count(distinct instrument_id)::int from market.universe_spell where symbol = 'AAL'"), 1, "a ticker with two spells is one instrument, unless its symbol spells say otherwise");
  t.match(await send(`${body}\n`, "2026-11-25T12:00:00Z"), { outcome: "normalised", new: 0, changed: 0, rows: spells.length }, "told again it changes nothing");
});

t.test("news, corrections and the members of one day", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const send = importer(db, run, "small");
  const header = "ticker,start_date,end_date";
  await send(`${header}\nAAA,2020-01-01,\nBBB,2020-01-01,2021-01-01`, "2022-01-01T12:00:00Z");
  // CCC came and AAA left since: news. BBB had left a year earlier than was told: a correction.
  const outcome = await send(`${header}\nAAA,2020-01-01,2023-03-01\nBBB,2020-01-01,2020-06-01\nCCC,2023-03-01,`, "2023-06-01T12:00:00Z");
  t.match(outcome, { outcome: "normalised", rows: 3 });
  t.same(await members(db, "small", "2023-03-01", "2023-03-01T12:00:00Z"), ["CCC"], "news is known from its day");
  t.same(await members(db, "small", "2020-07-01", "2023-05-31"), ["AAA", "BBB"], "a correction is known from its arrival");
  t.same(await members(db, "small", "2020-07-01", "2023-06-02"), ["AAA"]);
  t.same(await members(db, "small", "2023-03-01", "2023-02-01"), ["AAA"], "what was known before is what it was");

  const snapshot = 'Symbol,Security,GICS Sector,CIK\nCCC,"Three, Inc.",Energy,1234\nDDD,Four,Utilities,99';
  t.match(await send(snapshot, "2024-01-10T12:00:00Z", "2024-01-10"), { outcome: "normalised", new: 1, changed: 1 });
  t.same(await members(db, "small", "2024-01-09", "2030-01-01"), ["CCC"]);
  t.same(await members(db, "small", "2024-01-10", "2030-01-01"), ["CCC", "DDD"]);
  await send("Symbol\nDDD", "2024-02-10T12:00:00Z", "2024-02-10");
  t.same(await members(db, "small", "2024-02-10", "2030-01-01"), ["DDD"], "who is not there any more has left");
  t.same(await members(db, "small", "2024-02-09", "2030-01-01"), ["CCC", "DDD"], "and was a member before");
  t.same(
    await db.query("select instrument.symbol, instrument.name, instrument.cik, sector.name as sector from market.instrument join market.group_as_of('sector', '2024-01-11', '2024-01-11') as sector using (instrument_id) order by 1"),
    [
      { symbol: "CCC", name: "Three, Inc.", cik: "0000001234", sector: "Energy" },
      { symbol: "DDD", name: "Four", cik: "0000000099", sector: "Utilities" },
    ],
    "sector, name and CIK go to the instrument",
  );
  t.same(await db.query("select * from market.group_as_of('sector', '2024-01-09', '2030-01-01')"), [], "a sector of today says nothing about yesterday");

  for (const [body, code, message] of [
    [`${header}\nAAA,2020-01-01,\nAAA,2021-01-01,`, "MB004", /^line 3: AAA came on 2021-01-01, before its spell of line 2 ended/],
    [`${header}\nAAA,2020-01-01,2019-01-01`, "MB004", /^line 2: AAA would leave on 2019-01-01/],
    [`${header}\nAAA,01.01.2020,`, "MB004", /^line 2: "01.01.2020" is not a date/],
    [`${header}\nAAA,2020-01-01`, "MB004", /^line 2: it has 2 fields/],
    ["symbol\nA;B", "MB004", /^line 2: "A;B" cannot be a symbol/],
    ["symbol\nAAA\nAAA", "MB004", /^line 3: AAA is there twice, first in line 2/],
    ["name\nAAA", "MB005", /has no column symbol/],
    ["symbol\n", "MB004", /no members/],
  ] as const) {
    t.match(await send(body, "2024-03-01T00:00:00Z"), { outcome: "refused", code, message }, message.source);
  }
  t.equal((await members(db, "small", "2024-02-10", "2030-01-01")).length, 1, "nothing of a bad file is kept");

  // A ticker that passed to another company.
  const old = await db.value("select ingest.ensure_instrument($1, 'ZZZ')::text", [run], "worker");
  await db.query("select market.delist_instrument($1, 'ZZZ', '2010-01-01')", [run], "worker");
  const young = await db.value("select market.reuse_symbol($1, 'ZZZ', '2015-01-01')::text", [run], "worker");
  await importer(db, run, "passed")(`${header}\nZZZ,2005-01-01,2009-01-01\nZZZ,2012-01-01,2013-01-01\nZZZ,2016-01-01,`, "2024-03-01T00:00:00Z");
  const ids = (await db.query("select instrument_id::text as id from market.universe_spell where universe = 'passed' order by valid_from")).map(({ id }) => id);
  t.equal(ids[0], old);
  t.equal(ids[2], young);
  t.notOk([old, young].includes(String(ids[1])), "and in between it was that of a third");
});
