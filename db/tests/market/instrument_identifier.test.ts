import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";
import { openRun } from "../ingest/bodies.ts";

const add = (db: TestDatabase, run: string, symbol: string, cik?: string) =>
  db.value<string>("select ingest.ensure_instrument($1, $2, p_cik => $3)::text", [run, symbol, cik ?? null], "worker");
const at = (db: TestDatabase, symbol: string, date: string, asOf = "2030-01-01") =>
  db.value<string>("select market.instrument_id_at($1, $2, $3)::text", [symbol, date, asOf], "reader");
const isoDay = (day: string) => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`;

t.test("symbols and other identifiers have spells, and what was known of them stays", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const meta = await add(db, run, "FB", "0001326801");
  t.equal(await at(db, "fb", "1950-01-01"), meta, "until somebody says otherwise a symbol is that of an instrument for all time");
  t.equal(await db.value("select market.identifier_at($1, 'cik')", [meta], "reader"), "0001326801", "a CIK that comes with the instrument is noted");

  const rename = () => db.value<string>("select market.rename_instrument($1, 'FB', 'META', '2022-06-09')::text", [run], "worker");
  t.equal(await rename(), meta, "a rename keeps the instrument");
  t.equal(await rename(), meta, "and is done once");
  t.equal(await db.value("select symbol from market.instrument where instrument_id = $1", [meta]), "META");
  t.equal(await db.value("select count(*)::int from market.identifier_spell where instrument_id = $1 and kind = 'symbol'", [meta]), 2);
  t.equal(await at(db, "FB", "2022-06-08"), meta);
  t.equal(await at(db, "META", "2022-06-09"), meta);
  t.equal(await at(db, "FB", "2022-06-09", "2022-06-08"), meta, "before the rename was known, FB went on");
  t.match(await db.refused("select market.instrument_id_at('FB', '2022-06-09')"), { code: "MB002", hint: /META from -infinity to 2022-06-09/ }, "the hint says who had it when");

  // A ticker of a company that is gone.
  const old = await add(db, run, "AAA");
  await db.query("select market.delist_instrument($1, 'AAA', '2007-05-18')", [run], "worker");
  const fresh = await db.value<string>("select market.reuse_symbol($1, 'AAA', '2020-09-09')::text", [run], "worker");
  t.not(fresh, old, "a ticker that is taken over is another instrument");
  t.equal(await db.value("select market.reuse_symbol($1, 'AAA', '2020-09-09')::text", [run], "worker"), fresh, "once");
  t.equal(await at(db, "AAA", "2007-05-18"), old);
  t.equal(await at(db, "AAA", "2020-09-09"), fresh);
  t.match(await db.refused("select market.instrument_id_at('AAA', '2015-01-01')"), { code: "MB002" }, "in between it was nobody's");
  t.same(await db.query("select instrument_id::text, symbol from market.instrument where symbol like 'AAA%' order by symbol"), [
    { instrument_id: fresh, symbol: "AAA" }, { instrument_id: old, symbol: "AAA.1" },
  ], "the old one goes on under a name of its own");
  t.equal(await at(db, "AAA", "2010-01-01", "2007-01-01"), old, "what was known before the delisting stays");

  const set = "select market.set_identifier($1, $2, $3, $4, $5, $6, $7)";
  t.equal(await db.value(set, [run, meta, "isin", "us30303m1027", "-infinity", "infinity", "-infinity"], "worker"), true);
  t.equal(await db.value(set, [run, meta, "isin", "US30303M1027", "-infinity", "infinity", "-infinity"], "worker"), false, "said twice it is known");
  t.match(await db.refused(set, [run, old, "isin", "US30303M1027", "2000-01-01", "infinity", "-infinity"], "worker"), { code: "MB008" }, "an ISIN names one instrument");
  t.equal(await db.value(set, [run, old, "cik", "0001326801", "2000-01-01", "infinity", "-infinity"], "worker"), true, "a CIK may be shared");
  t.same(await db.query("select identified::text as id from market.identified_instruments('cik', '0001326801') as identified order by 1", [], "reader"), [{ id: meta }, { id: old }]);
  t.match(await db.refused(set, [run, meta, "figi", "short", "-infinity", "infinity", "-infinity"], "worker"), { code: "MB001" });
  await db.query("select ingest.ensure_instrument($1, 'META', p_cik => '0000000001')", [run], "worker");
  t.equal(await db.value("select market.identifier_at($1, 'cik')", [meta]), "0000000001", "a CIK that is corrected at the instrument is corrected here");
  const taken = await db.refused("select market.rename_instrument($1, 'META', 'AAA', '2024-01-01')", [run], "worker");
  t.equal(taken.code, "MB008", "nobody takes a symbol that is in use");
});

t.test("the rename maps of others: every ticker on every day is the instrument that they say", async (t) => {
  const folder = shared(t, "corporate-actions/lean-map-files");
  if (folder === undefined) return;
  // A line is the last day of a ticker; the first line is the first day of the instrument.
  const maps = readdirSync(folder).map((file) => {
    const lines = readFileSync(join(folder, file), "utf8").trim().split("\n").map((line) => line.trim().split(","));
    const [[first = ""] = [], ...spells] = lines;
    return { file, first: isoDay(first), spells: spells.map(([day = "", ticker = ""]) => ({ to: isoDay(day), ticker: ticker.toUpperCase() })) };
  });
  const db = await testDatabase(t);
  const run = await openRun(db);
  const ids = new Map<string, string>();
  const nextDay = (day: string) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
  // Events in the order of time; what ends on a day ends before others begin.
  const events = maps.flatMap(({ file, first, spells }) => [
    { day: first, order: 1, run: async () => {
      const [{ ticker } = { ticker: "" }] = spells;
      const isTaken = await db.value<boolean>("select exists (select from market.instrument where symbol = $1)", [ticker]);
      ids.set(file, isTaken ? await db.value<string>("select market.reuse_symbol($1, $2, $3)::text", [run, ticker, first], "worker") : await add(db, run, ticker));
    } },
    ...spells.slice(1).map(({ ticker }, index) => ({ day: nextDay(spells[index]?.to ?? ""), order: ticker === "GOOG" ? 2 : 0, run: async () => {
      await db.query("select market.rename_instrument($1, $2, $3, $4)", [run, spells[index]?.ticker, ticker, nextDay(spells[index]?.to ?? "")], "worker");
    } })),
    ...spells.slice(-1).filter(({ to }) => to < "2050").map(({ to, ticker }) => ({ day: nextDay(to), order: -1, run: async () => {
      await db.query("select market.delist_instrument($1, $2, $3)", [run, ticker, to], "worker");
    } })),
  ]);
  events.sort((a, b) => (a.day === b.day ? a.order - b.order : a.day < b.day ? -1 : 1));
  for (const event of events) await event.run();

  let judged = 0;
  for (const { file, first, spells } of maps) {
    let from = first;
    for (const { to, ticker } of spells) {
      for (const day of [from, to]) {
        judged++;
        const found = await at(db, ticker, day, "2060-01-01").catch((error: Error) => error.message);
        t.equal(found, ids.get(file), `${ticker} on ${day} is ${file}`);
      }
      from = nextDay(to);
    }
  }
  t.ok(judged > 60);
});
