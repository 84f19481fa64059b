import t from "tap";
import { chartBody, type ChartBar } from "../../../runner/testing/provider-server.ts";
import { bring, openRun } from "../ingest/bodies.ts";
import { checkInvariants } from "./invariants.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

t.setTimeout(120_000);

const yahoo = (body: string, fetchedAt = "2024-06-01T12:00:00Z", subject = "AAA", status = 200) =>
  ({ provider: "yahoo", dataset: "bars", subject, body, fetchedAt, status, url: `https://query2.finance.yahoo.com/v8/finance/chart/${subject}` });
const days: readonly ChartBar[] = [["2024-03-04", 10], ["2024-03-05", 11], ["2024-03-06", 12]];
const counts = (db: TestDatabase) =>
  db.query("select (select count(*)::int from market.price_data) as bars, (select count(*)::int from ingest.quarantine) as quarantined, (select count(*)::int from ingest.raw_response) as bodies");

t.test("F12: truncated JSON, HTML with 200, error inside 200, null, empty, NaN, 1e400: nothing stored but the raw body, cause named", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const whole = chartBody("AAA", days);
  const cases = [
    ["truncated", whole.slice(0, whole.length / 2), "MB004", /JSON/], ["HTML", "<!doctype html><title>Sorry</title>", "MB004", /HTML/],
    ["error", '{"chart":{"result":null,"error":{"code":"Too Many Requests","description":"Edge: Too Many Requests"}}}', "MB011", /Too Many Requests/],
    ["null", "null", "MB004", /null/], ["empty", "", "MB004", /empty/], ["NaN", whole.replace("11,", "NaN,"), "MB004", /JSON|NaN/], ["1e400", whole.replace("11,", "1e400,"), "MB004", /out of range|1e400/],
  ] as const;
  for (const [name, body, code, message] of cases) t.match(await bring(db, run, yahoo(body, "2024-06-01T12:00:00Z", "AAA")), { outcome: "refused", code, message }, name);
  t.same(await counts(db), [{ bars: 0, quarantined: 0, bodies: cases.length }]);
  await checkInvariants(t, db.url);
});

t.test("F13: a field renamed, retyped, x100, arrays of unequal length; an extra field", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const whole = chartBody("AAA", days);
  for (const [name, body, message] of [
    ["renamed", whole.replace('"low"', '"lowest"'), /low/], ["retyped", whole.replace('"high":[11,12,13]', '"high":["11","12","13"]'), /high/],
    ["unequal", whole.replace('"high":[11,12,13]', '"high":[11,12]'), /high/],
  ] as const) t.match(await bring(db, run, yahoo(body)), { outcome: "refused", code: "MB004", message }, name);
  t.same(await counts(db), [{ bars: 0, quarantined: 0, bodies: 3 }], "the page is not taken in");
  t.match(await bring(db, run, yahoo(whole.replace('"currency"', '"flavour":"new","currency"'))), { outcome: "normalised", new: 3 }, "an extra field is accepted");
  t.equal(await db.value("select convert_from(body, 'UTF8') like '%flavour%' from ingest.raw_response order by raw_response_id desc limit 1"), true, "and recorded");
  await db.query("update ingest.provider set restatement_limit = 2 where provider = 'yahoo'");
  t.match(await bring(db, run, yahoo(chartBody("AAA", days.map(([day, close]) => [day, close * 100] as const)), "2024-06-02T12:00:00Z")), { outcome: "held", code: "MB008", message: /would restate 3 rows/ }, "a restatement x100 waits for a person");
  t.equal(await db.value("select max(close) from market.price_data"), 12);
  await checkInvariants(t, db.url);
});

t.test("F15: duplicate, late, out-of-order and live bars; high < low; volume 0", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const twice: ChartBar[] = [["2024-03-06", 12], ["2024-03-04", 10], ["2024-03-05", 11], ["2024-03-05", 11]];
  t.match(await bring(db, run, yahoo(chartBody("AAA", twice))), { outcome: "normalised", new: 3 }, "out of order and doubled: each day once");
  t.match(await bring(db, run, yahoo(chartBody("AAA", [["2024-03-01", 9], ...days]), "2024-06-02T12:00:00Z")), { new: 1, changed: 1 }, "a late bar is one new row");
  t.match(await bring(db, run, yahoo(chartBody("BBB", [["2024-03-04", 10, { high: 8, low: 12 }], ["2024-03-05", 11]]), undefined, "BBB")), { new: 1, quarantined: 1 }, "high below low");
  t.match(await db.query("select ts::date::text as day, rules from ingest.quarantine"), [{ day: "2024-03-04" }]);
  t.match(await bring(db, run, yahoo(chartBody("CCC", [["2024-03-04", 10, { volume: 0 }]]), undefined, "CCC")), { new: 1, quarantined: 0 }, "volume 0 is a bar");
  // The session of 5 March closes at 21:00 UTC: before that its bar still moves.
  const live: ChartBar[] = [["2024-03-04", 10], ["2024-03-05", 10.5]];
  t.match(await bring(db, run, yahoo(chartBody("DDD", live), "2024-03-05T18:00:00Z", "DDD")), { new: 1 }, "the bar of the day is not final yet");
  t.match(await bring(db, run, yahoo(chartBody("DDD", [["2024-03-04", 10], ["2024-03-05", 11]]), "2024-03-05T21:30:00Z", "DDD")), { new: 1, changed: 1 }, "after the close it is, in one version");
  t.match(await bring(db, run, yahoo(chartBody("DDD", [["2024-03-04", 10], ["2024-03-05", 11], ["2030-01-02", 12]]), "2024-03-06T21:30:00Z", "DDD")), { new: 0 }, "a bar of the future is none");
  await checkInvariants(t, db.url);
});

t.test("F17: a split late, doubled, cancelled; split and dividend on one day; a rename; a reused ticker: raw bars stay as they are", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  await bring(db, run, yahoo(chartBody("AAA", days)));
  const raw = "select md5(string_agg(format('%s %s %s', ts, close, version), ' ' order by ts)) from market.price_data";
  const before = await db.value(raw);
  const at = Date.parse("2024-03-05T14:30:00Z") / 1_000;
  const split = { date: at, numerator: 2, denominator: 1, splitRatio: "2:1" };
  const events = { splits: { [at]: split, [at + 60]: { ...split, date: at + 60 } }, dividends: { [at]: { amount: 0.25, date: at } } };
  await bring(db, run, yahoo(chartBody("AAA", days, events), "2024-06-05T12:00:00Z"));
  t.equal(await db.value(raw), before, "raw bars are unchanged");
  const actions = "select action_type, amount::float8, ex_date::text from market.corporate_action order by action_type";
  const expected = [{ action_type: "dividend", amount: 0.25, ex_date: "2024-03-05" }, { action_type: "split", amount: 2, ex_date: "2024-03-05" }];
  t.same(await db.query(actions), expected, "the doubled split is one, by its key");
  await bring(db, run, yahoo(chartBody("AAA", days, { ...events, dividends: { ...events.dividends } }), "2024-06-06T12:00:00Z"));
  t.same(await db.query(actions), expected, "and once more changes nothing");
  const twice = await db.refused("insert into market.corporate_action (instrument_id, action_type, ex_date, amount, known_from, provider, raw_response_id, run_id) select instrument_id, action_type, ex_date, amount, now(), provider, raw_response_id, run_id from market.corporate_action where action_type = 'split'");
  t.equal(twice.code, "23505", "the key of the table refuses a doubled split, whoever writes it");
  const adjusted = (kind: string, moment: string) => db.query("select session_date::text as day, close from market.adjusted_bars('AAA', $1, $2) order by ts limit 2", [kind, moment], "reader");
  t.same(await adjusted("split", "2024-06-05T11:00:00Z"), [{ day: "2024-03-04", close: 10 }, { day: "2024-03-05", close: 11 }], "before it was known nothing is adjusted by it");
  t.same((await adjusted("split_dividend", "2024-06-07T00:00:00Z"))[0], { day: "2024-03-04", close: 4.75 }, "10 is 5 after the split, of which 0.25 is paid out");

  await bring(db, run, yahoo(chartBody("AAA", days, { splits: {}, dividends: events.dividends }), "2024-06-08T12:00:00Z"));
  t.same(await db.query(actions), expected.slice(0, 1), "the split is cancelled: the provider does not list it any more");
  t.same(await db.query("select amount::float8, known_to is not null as closed from market.corporate_action_version where action_type = 'split'"), [{ amount: 2, closed: true }], "and stays as what was known");
  t.equal(await db.value(raw), before, "raw bars are as they were");

  await db.query("select market.rename_instrument($1, 'AAA', 'AAB', '2024-06-10')", [run], "worker");
  await bring(db, run, yahoo(chartBody("AAB", [["2024-06-10", 20]]), "2024-06-11T12:00:00Z", "AAB"));
  await bring(db, run, yahoo(chartBody("AAA", [["2024-07-01", 70], ["2024-07-02", 71]]), "2024-07-03T12:00:00Z"));
  await db.query("select market.reuse_symbol($1, 'AAB', '2024-09-02')", [run], "worker");
  await bring(db, run, yahoo(chartBody("AAB", [["2024-09-03", 90]]), "2024-09-04T12:00:00Z", "AAB"));
  t.same(await db.query("select instrument.symbol, count(*)::int as bars, min(close) as lowest from market.price_data join market.instrument using (instrument_id) group by 1 order by 1"),
    [{ symbol: "AAA", bars: 2, lowest: 70 }, { symbol: "AAB", bars: 1, lowest: 90 }, { symbol: "AAB.1", bars: 4, lowest: 10 }],
    "the renamed share keeps its history, a ticker that is taken up or reused begins one");
  t.equal(await db.value("select market.instrument_id_at('AAA', '2024-03-05') = market.instrument_id('AAB.1') and market.instrument_id_at('AAB', '2024-06-10') = market.instrument_id('AAB.1')"), true, "who had the tickers then");
  t.equal(await db.value("select md5(string_agg(format('%s %s %s', ts, close, version), ' ' order by ts)) from market.price_data where instrument_id = market.instrument_id('AAB.1') and ts < '2024-06-01'"), before, "raw bars are as they were");
  await checkInvariants(t, db.url);
});

t.test("F18: time zones of process and PostgreSQL mixed, both weeks of the clock change, half days: identical instants", async (t) => {
  const bars: readonly ChartBar[] = [["2024-03-08", 10], ["2024-03-11", 11], ["2024-07-03", 12], ["2024-11-01", 13], ["2024-11-04", 14], ["2024-11-29", 15]];
  const seen = new Set<string>();
  for (const zone of ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"]) {
    const db = await testDatabase(t);
    await db.query(`alter role marketbase_worker in database ${db.name} set timezone to '${zone}'`).catch(() => undefined);
    const run = await openRun(db);
    const client = await db.worker.connect();
    try {
      await client.query(`set timezone to '${zone}'`);
      const landed = await client.query<{ id: string }>(
        "select raw_response_id::text as id from ingest.land($1, 'yahoo', 'bars', 'AAA', 'https://provider.example/AAA', 'GET', 200, '{}', 'application/json', $2, '2024-12-31T12:00:00Z')",
        [run, Buffer.from(chartBody("AAA", bars))]);
      await client.query("select pipeline.normalise_response($1, $2)", [run, landed.rows[0]?.id]);
    } finally {
      client.release();
    }
    seen.add(JSON.stringify(await db.query("select session_date::text as day, extract(epoch from ts)::bigint as ts, extract(epoch from known_from)::bigint as known_from, close from market.price_data order by ts")));
    await checkInvariants(t, db.url);
  }
  t.equal(seen.size, 1, "the same rows whatever the zone of the session");
  const [rows] = [...seen].map((text) => JSON.parse(text) as { day: string; known_from: string }[]);
  t.same(rows?.map(({ day, known_from }) => `${day} ${new Date(Number(known_from) * 1_000).toISOString().slice(11, 16)}`), [
    "2024-03-08 21:00", "2024-03-11 20:00", "2024-07-03 17:00", "2024-11-01 20:00", "2024-11-04 21:00", "2024-11-29 18:00",
  ], "known from the close of each session, summer and winter, half days");
});

t.test("F20: one job a hundred times; backfill and correction of one symbol at once equal the serial run", async (t) => {
  const db = await testDatabase(t);
  const id = await db.value<string>("select pipeline.start_backfill('sample', 'bars', '{AAPL}')::text", [], "worker");
  const piece = await db.value<string>("select run_id::text from pipeline.pipeline_run where parent_run_id = $1", [id]);
  const taken = await Promise.all(Array.from({ length: 100 }, () => db.value<number | null>("select (pipeline.begin_run($1)).attempt", [piece], "worker")));
  t.same(taken.filter((attempt) => attempt !== null), [1], "it is taken up once");

  const outcome = async (atOnce: boolean) => {
    const own = await testDatabase(t);
    const run = await openRun(own);
    const many = Array.from({ length: 40 }, (_, at) => [new Date(Date.UTC(2024, 0, 1 + at)).toISOString().slice(0, 10), 10 + at] as const).filter(([day]) => ![0, 6].includes(new Date(day).getUTCDay()));
    const bodies = [
      yahoo(chartBody("AAA", many), "2024-06-01T12:00:00Z"),
      yahoo(chartBody("AAA", many.map(([day, close], at) => [day, at === 3 ? close + 1 : close] as const)), "2024-06-02T12:00:00Z"),
      yahoo(chartBody("AAA", many.slice(5)), "2024-06-03T12:00:00Z"), yahoo(chartBody("BBB", many), "2024-06-01T12:00:00Z", "BBB"),
    ];
    if (atOnce) await Promise.all(bodies.map((body) => bring(own, run, body)));
    else for (const body of bodies) await bring(own, run, body);
    await checkInvariants(t, own.url);
    return await own.value<string>("select md5(string_agg(format('%s %s %s', symbol, ts, close), ' ' order by symbol, ts)) from market.price_data join market.instrument using (instrument_id)");
  };
  t.equal(await outcome(true), await outcome(false));
});
