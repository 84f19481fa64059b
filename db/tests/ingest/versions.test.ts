import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { landFile } from "../../../runner/providers/csv.ts";
import { temporaryFolder } from "../../../runner/testing/folder.ts";
import { testDatabase } from "../support/database.ts";
import { barsCsv, bring, normalise, openRun } from "./bodies.ts";

const request = { provider: "csv", dataset: "bars", subject: "TEST", url: "file:test.csv?symbol=TEST" };

t.test("F16: correct, revert, repeat: every version stays, and each moment has its answer", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const say = (close: number, day: string) => bring(db, run, { ...request, body: barsCsv([["2024-03-01", 50], ["2024-03-04", close]]), fetchedAt: `${day}T12:00:00Z` });
  t.match(await say(60, "2024-03-05"), { new: 2, changed: 2 }, "first");
  t.match(await say(61, "2024-03-06"), { new: 0, changed: 1 }, "corrected: one bar, one version");
  t.match(await say(60, "2024-03-07"), { new: 0, changed: 1 }, "reverted");
  t.match(await say(61, "2024-03-08"), { new: 0, changed: 1 }, "repeated");
  const versions = await db.query(
    `select version, close, to_char(known_from at time zone 'UTC', 'MM-DD HH24:MI') as known_from, to_char(known_to at time zone 'UTC', 'MM-DD HH24:MI') as known_to
     from market.price_data_version where symbol = 'TEST' and session_date = '2024-03-04' order by version`,
  );
  t.same(versions, [
    { version: 1, close: 60, known_from: "03-04 21:00", known_to: "03-06 12:00" },
    { version: 2, close: 61, known_from: "03-06 12:00", known_to: "03-07 12:00" },
    { version: 3, close: 60, known_from: "03-07 12:00", known_to: "03-08 12:00" },
    { version: 4, close: 61, known_from: "03-08 12:00", known_to: null },
  ]);
  const asOf = async (time: string) => (await db.query<{ close: number }>("select close from market.price_data_as_of('test', $1) order by ts", [time], "reader")).map(({ close }) => close);
  t.same(await asOf("2024-03-04T20:59:59Z"), [50], "before the close the day is not known");
  t.same(await asOf("2024-03-04T21:00:00Z"), [50, 60], "at the close it is");
  t.same(await asOf("2024-03-06T12:00:00Z"), [50, 61]);
  t.same(await asOf("2024-03-07T13:00:00Z"), [50, 60]);
  t.same(await asOf("2024-03-09T00:00:00Z"), [50, 61]);
});

t.test("an older body and a provider of lower priority change nothing", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  await bring(db, run, { ...request, body: barsCsv([["2024-03-04", 60]]), fetchedAt: "2024-03-06T12:00:00Z" });
  t.match(await bring(db, run, { ...request, body: barsCsv([["2024-03-04", 59], ["2024-03-05", 70]]), fetchedAt: "2024-03-05T23:00:00Z" }), { new: 1, changed: 1 }, "the older body only adds what was missing");
  t.match(await bring(db, run, { ...request, provider: "sample", body: barsCsv([["2024-03-04", 58]]), fetchedAt: "2024-03-09T12:00:00Z" }), { accepted: 1, changed: 0 }, "the sample does not overrule the user");
  t.equal(await db.value<number>("select close from market.price_data where session_date = '2024-03-04'"), 60);
});

t.test("a change by hand makes a version known from now; one that changes nothing makes none", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  await bring(db, run, { ...request, body: barsCsv([["2024-03-04", 60]]) });
  await db.query("update market.price_data set close = close");
  t.equal(await db.value<number>("select count(*)::int from market.price_data_history"), 0);
  await db.query("update market.price_data set close = 60.5");
  const [row] = await db.query("select version, close, known_from > now() - interval '1 minute' as is_recent from market.price_data");
  t.same(row, { version: 2, close: 60.5, is_recent: true });
  await db.query("delete from market.price_data");
  await bring(db, run, { ...request, body: barsCsv([["2024-03-04", 62]]) });
  t.equal(await db.value<number>("select version from market.price_data"), 3, "a bar that was deleted and comes back goes on counting");
  const refusal = await db.refused("update market.price_data set ts = ts + interval '1 day', session_date = session_date + 1");
  t.equal(refusal.code, "MB008", "its key stays");
});

t.test("equal rows within a body count once, contradicting ones are refused", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const outcome = await bring(db, run, { ...request, body: `${barsCsv([["2024-03-04", 60], ["2024-03-04", 60], ["2024-03-05", 61], ["2024-03-05", 62]])}\n` });
  t.match(outcome, { rows: 4, accepted: 2, new: 1, quarantined: 2 });
  t.same(await db.query("select session_date::text as day, version from market.price_data"), [{ day: "2024-03-04", version: 1 }]);
});

t.test("symbols are found in any case, and a wrong one brings its neighbours", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  await bring(db, run, { ...request, body: barsCsv([["2024-03-04", 60]]) });
  t.equal(await db.value("select market.instrument_id(' test ') = instrument_id from market.instrument", [], "reader"), true);
  const refusal = await db.refused("select market.instrument_id('TSET')", [], "reader");
  t.equal(refusal.code, "MB002");
  t.match(refusal.hint, /TEST/);
  t.equal(await db.value("select market.instrument_ids(null) = array[market.instrument_id('TEST')]", [], "reader"), true);
  t.equal((await db.refused("select market.instrument_ids(array['TEST', 'NOPE'])", [], "reader")).code, "MB002");
});

t.test("a bar refers to what is there", async (t) => {
  const db = await testDatabase(t);
  const insert = `insert into market.price_data (instrument_id, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
    values (4711, '2024-01-02', '2024-01-02', 1, 1, 1, 1, 1, now(), 'csv', 1, 1)`;
  const { code, message } = await db.refused(insert);
  t.same([code, message], ["23503", "A row of market.price_data refers to instrument 4711, which does not exist."]);
});

t.test("F20: several bodies of one instrument at once end as one after the other", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const days = Array.from({ length: 20 }, (_, index) => `2024-03-${String(index + 1).padStart(2, "0")}`);
  const outcomes = await Promise.all([1, 2, 3, 4].map((hour) =>
    bring(db, run, { ...request, body: barsCsv(days.map((day) => [day, 50 + hour])), fetchedAt: `2024-04-01T0${hour}:00:00Z` })));
  t.ok(outcomes.every(({ outcome, accepted }) => outcome === "normalised" && accepted === days.length));
  t.equal(outcomes.reduce((sum, { new: added }) => sum + added, 0), days.length, "each bar is new once");
  t.same(await db.query("select distinct close from market.price_data"), [{ close: 54 }], "the newest body is current, whoever came last");
  t.equal(
    await db.value<number>("select count(*)::int from market.price_data join market.price_data_history history using (instrument_id, bar_interval, ts) where history.known_to > price_data.known_from"),
    0, "no version outlives the one that replaced it",
  );
});

t.test("a body of more instruments than the server has places for locks", async (t) => {
  const db = await testDatabase(t);
  const client = await db.worker.connect();
  const locks = async () => (await client.query<{ count: number }>("select count(*)::int as count from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")).rows[0]?.count;
  try {
    await client.query("begin");
    await client.query("select ingest.lock_bars(array(select id from generate_series(1, 100000) as id))");
    t.equal(await locks(), 1_024);
    await client.query("select ingest.lock_bars(array[7, null, 1031])");
    t.equal(await locks(), 1_024, "those of all instruments are among them");
    await client.query("commit");
    t.equal(await locks(), 0);
  } finally {
    client.release();
  }
});

t.test("a bar that the provider did not have when it was asked counts as known from the body that brings it; any other from its close", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const say = async (symbol: string, days: readonly string[], fetchedAt: string, coversUntil?: string) => {
    const [landed] = await db.query<{ id: string }>(
      "select raw_response_id::text as id from ingest.land($1, 'csv', 'bars', $2, 'file:x.csv?symbol=' || $2, 'READ', 200, '{}', 'text/csv', $3, $4, $5)",
      [run, symbol, Buffer.from(barsCsv(days.map((day) => [day, 50] as const))), `${fetchedAt}Z`, coversUntil ?? null], "worker");
    await normalise(db, run, landed?.id ?? "");
  };
  const known = async (symbol: string) =>
    await db.query("select to_char(ts at time zone 'UTC', 'MM-DD') as day, to_char(known_from at time zone 'UTC', 'MM-DD HH24:MI') as known from market.price_data where instrument_id = market.instrument_id($1) order by ts", [symbol]);
  const at = (day: string, moment: string) => ({ day, known: moment });

  await say("GAP", ["2024-03-01", "2024-03-05"], "2024-06-01T12:00");
  await say("GAP", ["2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06"], "2024-06-02T12:00");
  t.same(await known("GAP"), [at("03-01", "03-01 21:00"), at("03-04", "06-02 12:00"), at("03-05", "03-05 21:00"), at("03-06", "03-06 21:00")],
    "a gap that is filled; a body of the past says nothing of the days after it");
  await say("BACK", ["2024-03-05", "2024-03-06"], "2024-06-01T12:00");
  await say("BACK", ["2024-03-01", "2024-03-04"], "2024-06-01T12:01");
  t.same(await known("BACK"), [at("03-01", "03-01 21:00"), at("03-04", "03-04 21:00"), at("03-05", "03-05 21:00"), at("03-06", "03-06 21:00")], "a backfill, the newest first");
  await say("TAIL", ["2024-03-01", "2024-03-04"], "2024-03-05T20:00");
  await say("TAIL", ["2024-03-01", "2024-03-04", "2024-03-05"], "2024-03-06T22:00");
  await say("TAIL", ["2024-03-05", "2024-03-06", "2024-03-07"], "2024-03-08T12:00");
  t.same((await known("TAIL")).slice(2), [at("03-05", "03-05 21:00"), at("03-06", "03-08 12:00"), at("03-07", "03-07 21:00")], "asked before its close, after it, not at all");
  await say("SAME", ["2024-03-01", "2024-03-04"], "2024-03-04T22:00");
  await say("SAME", ["2024-03-01", "2024-03-04"], "2024-03-05T22:00");
  await say("SAME", ["2024-03-01", "2024-03-04", "2024-03-05"], "2024-03-06T12:00");
  t.same((await known("SAME")).slice(2), [at("03-05", "03-06 12:00")], "the same answer once more was an answer");
  await say("PAGE", ["2024-03-01", "2024-03-04"], "2024-03-06T22:00", "-infinity");
  await say("PAGE", ["2024-03-05", "2024-03-06"], "2024-03-06T22:01");
  t.same((await known("PAGE")).slice(2), [at("03-05", "03-05 21:00"), at("03-06", "03-06 21:00")], "the pages of one answer");
  await say("DAYS", ["2024-03-01", "2024-03-04"], "2024-03-06T22:00", "2024-03-05T00:00Z");
  await say("DAYS", ["2024-03-05", "2024-03-06"], "2024-03-06T22:01");
  t.same((await known("DAYS")).slice(2), [at("03-05", "03-05 21:00"), at("03-06", "03-06 21:00")], "days that were not asked for");

  const file = async (rows: readonly (readonly [symbol: string, day: string])[], fetchedAt: string) =>
    await bring(db, run, {
      provider: "csv", dataset: "bars", subject: "daily.csv", url: "file:daily.csv", fetchedAt: `${fetchedAt}Z`,
      body: ["symbol,date,open,high,low,close,volume", ...rows.map(([symbol, day]) => `${symbol},${day},50,51,49,50,1000`)].join("\n"),
    });
  await file([["ONE", "2024-02-01"], ["ONE", "2024-03-04"]], "2024-03-04T22:00");
  await file([["ONE", "2024-03-04"], ["ONE", "2024-03-05"], ["TWO", "2024-02-01"], ["TWO", "2024-03-04"], ["TWO", "2024-03-05"]], "2024-03-05T22:00");
  t.same(await known("TWO"), [at("02-01", "02-01 21:00"), at("03-04", "03-05 22:00"), at("03-05", "03-05 21:00")],
    "a symbol that a daily file lacked: late for the days of that file, history from its closes");

  // A file for each day, under its own name: the feed says that they belong together.
  const fed = async (name: string, rows: readonly (readonly [symbol: string, day: string])[], fetchedAt: string, subject = "vendor-eod") =>
    await bring(db, run, {
      provider: "csv", dataset: "bars", subject, url: `file:${name}`, fetchedAt: `${fetchedAt}Z`,
      body: ["symbol,date,open,high,low,close,volume", ...rows.map(([symbol, day]) => `${symbol},${day},50,51,49,50,1000`)].join("\n"),
    });
  await fed("eod-04.csv", [["FEED1", "2024-03-04"]], "2024-03-04T22:00");
  await fed("eod-05.csv", [["FEED1", "2024-03-05"], ["FEED2", "2024-03-04"], ["FEED2", "2024-03-05"]], "2024-03-05T22:00");
  await fed("else.csv", [["FEED3", "2024-03-04"]], "2024-03-06T22:00", "else.csv");
  t.same([await known("FEED2"), await known("FEED3")], [[at("03-04", "03-05 22:00"), at("03-05", "03-05 21:00")], [at("03-04", "03-04 21:00")]],
    "late in its feed; another file says nothing of it");
  const path = join(temporaryFolder(t), "eod-06.csv");
  writeFileSync(path, "symbol,date,open,high,low,close,volume\nFEED1,2024-03-06,50,51,49,50,1000\n");
  const landed = await landFile(db.worker, { runId: run, dataset: "bars", path, feed: "vendor-eod" });
  t.same(await db.query("select subject, url from ingest.raw_response where raw_response_id = $1", [landed.rawResponseId]), [{ subject: "vendor-eod", url: "file:eod-06.csv" }]);
});
