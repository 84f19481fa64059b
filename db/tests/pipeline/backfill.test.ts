import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { bodiesToReplay, replayBodies } from "../../../runner/providers/replay.ts";
import { chartBody, inTurn, limits, sends, serveYahoo, weekdayBars } from "../../../runner/testing/provider-server.ts";
import { startWorker } from "../../../runner/worker/worker.ts";
import { checkInvariants } from "../faults/invariants.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

t.setTimeout(120_000);

const until = async (what: string, condition: () => Promise<boolean>, milliseconds = 30_000) => {
  const limit = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`${what} did not happen within ${milliseconds / 1_000} s`);
    await sleep(50);
  }
};

const ended = (db: TestDatabase, id: string) => until(`the end of backfill ${id}`, async () => (await db.value("select status from pipeline.pipeline_run where run_id = $1", [id])) !== "running");
const states = (db: TestDatabase, id: string) => db.query("select subject, from_date::text as from, state, row_count::int as rows, error_code as code from pipeline.backfill_chunk where backfill_run_id = $1 order by chunk_no", [id]);

t.test("turns are taken across connections, spread over the minute, and longer limits count in any span", async (t) => {
  const db = await testDatabase(t);
  const reserve = (provider: string, ...more: unknown[]) =>
    db.value<number>(`select extract(epoch from ingest.reserve_request($1${more.map((_, at) => `, $${at + 2}`).join("")}))::float8`, [provider, ...more], "worker");
  await db.query("update ingest.provider set requests_per_minute = 60 where provider = 'yahoo'");
  const waits = (await Promise.all(Array.from({ length: 5 }, () => reserve("yahoo")))).sort((a, b) => a - b);
  t.same(waits.map((wait) => Math.round(wait)), [0, 1, 2, 3, 4], "five processes at once get five turns, a second apart");
  const full = await reserve("yahoo", null, null, "2 seconds");
  t.ok(full > 4 && full < 5.1, `too long a wait (${full} s) takes no turn`);
  t.ok((await reserve("yahoo", null, null, "6 seconds")) <= full, "the same turn is still free");
  t.equal(await reserve("sample"), 0, "another provider is not concerned");
  t.equal(await reserve("sample"), 0, "nor has it a limit");
  const daily = [await reserve("csv", 2, 86_400), await reserve("csv", 2, 86_400), await reserve("csv", 2, 86_400)];
  t.ok(daily[0] === 0 && (daily[1] ?? 0) <= 1 && (daily[2] ?? 0) > 86_390, `two a day: ${daily.join(", ")}`);
  await db.query("select ingest.pause_provider('sample', '1 hour', 'Too Many Requests')", [], "worker");
  const paused = await reserve("sample");
  t.ok(paused > 3_590 && paused <= 3_600, "everybody hears of a pause");
  await db.query("select ingest.pause_provider('sample', '1 minute', 'Too Many Requests')", [], "worker");
  t.ok((await reserve("sample")) > 3_500, "a shorter one does not cut it short");
  await db.query("update ingest.request_pace set next_at = now() + interval '1 hour', blocked_until = '-infinity' where provider = 'yahoo'");
  t.ok((await reserve("yahoo")) <= 61, "a clock that was set back stops nobody for longer than a minute");
  t.equal((await db.refused("select ingest.reserve_request('nobody')", [], "worker")).code, "MB001");
  t.equal((await db.refused("select ingest.reserve_request('csv', 0, 1)", [], "worker")).code, "MB001");
});

t.test("a backfill: pieces in order, failures that stop nobody, once more what failed, joined by a second start", async (t) => {
  const db = await testDatabase(t);
  await db.query("update ingest.provider set requests_per_minute = 6000 where provider = 'yahoo'");
  const notFound = sends('{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}', 404);
  const server = await serveYahoo(t, (symbol) => (symbol === "BAD" ? inTurn(notFound, sends(chartBody("BAD", weekdayBars("2024-01-02", 3)))) : sends(chartBody(symbol, weekdayBars("2024-01-02", 20)))));
  process.env["MARKETBASE_YAHOO_URL"] = server.url;
  t.teardown(() => void delete process.env["MARKETBASE_YAHOO_URL"]);

  const plan = await db.query("select subject, from_date::text as from, to_date::text as to, before, is_wanted from pipeline.plan_backfill('yahoo', 'bars', '{AAA,BAD}', '2023-01-01', '2024-06-30', 365, 'none', true) order by chunk_no", [], "reader");
  t.same(plan.map(({ subject, from, to }) => `${subject} ${from} ${to}`), ["AAA 2024-01-01 2024-06-30", "BAD 2024-01-01 2024-06-30", "AAA 2023-01-01 2023-12-31", "BAD 2023-01-01 2023-12-31"], "the newest first, cut at the last day");
  t.ok(plan.every(({ before, is_wanted }) => before === "new" && is_wanted === true));

  const start = (reprocess = "none", subjects = "{AAA,BAD}") => db.value<string | null>("select pipeline.start_backfill('yahoo', 'bars', $2, '2024-01-01', '2024-02-29', null, $1, false, 1)::text", [reprocess, subjects], "worker");
  const first = (await start()) ?? "";
  t.equal(await start(), first, "a second start joins it");
  t.equal(await db.value("select count(*)::int from graphile_worker.jobs", [], "worker"), 1, "one piece at once, as asked");
  const worker = await startWorker(db.url("worker"));
  t.teardown(() => worker.stop());
  await ended(db, first);
  t.same(await states(db, first), [
    { subject: "AAA", from: "2024-01-01", state: "done", rows: 20, code: null },
    { subject: "BAD", from: "2024-01-01", state: "failed", rows: 0, code: "MB010" },
  ]);
  t.same(await db.query("select flow, payload ->> 'subject' as subject, error_code from pipeline.dead_letter", [], "reader"), [{ flow: "backfill", subject: "BAD", error_code: "MB010" }], "a dead letter with what it was to do");
  t.equal(await start(), null, "nothing new: nothing to do");
  const second = (await start("failed")) ?? "";
  await ended(db, second);
  t.same(await states(db, second), [{ subject: "BAD", from: "2024-01-01", state: "done", rows: 3, code: null }], "only what failed");
  t.equal(server.asked("AAA"), 1);
  const again = (await start("all")) ?? "";
  await ended(db, again);
  t.equal(await db.value("select status || ' ' || rows_written from pipeline.pipeline_run where run_id = $1", [again]), "succeeded 0", "everything again changes nothing");
  t.same(await db.query("select status from pipeline.pipeline_run where status in ('queued', 'running')"), []);
});

t.test("a schedule is due after the close, survives, is made up once, is paused, and one that fails says why", async (t) => {
  const db = await testDatabase(t);
  const due = (cron: string | null, close: string | null, after: string, zone = "UTC") =>
    db.value<string>("select to_char(pipeline.next_due($1, $2, $3, '30 minutes', $4) at time zone 'UTC', 'YYYY-MM-DD HH24:MI')", [cron, zone, close, after], "reader");
  t.equal(await due(null, "XNYS", "2024-07-03T12:00:00Z"), "2024-07-03 17:30", "half day: 13:00 in New York, and half an hour");
  t.equal(await due(null, "XNYS", "2024-07-03T17:30:00Z"), "2024-07-05 20:30", "the holiday is left out");
  t.equal(await due(null, "XNYS", "2024-03-08T22:00:00Z"), "2024-03-11 20:30", "daylight saving began on Sunday");
  t.equal(await due("30 22 * * 1-5", null, "2024-03-08T23:00:00Z"), "2024-03-11 22:30", "from Friday to Monday");
  t.equal(await due("0 15 * * *", "XNYS", "2024-01-10T12:00:00Z"), "2024-01-10 21:30", "in the midst of the session: after its close");
  t.equal(await due("0 22 * * *", "XNYS", "2024-01-10T12:00:00Z"), "2024-01-10 22:00", "after it: as it is");
  t.equal(await due("30 2 * * *", null, "2024-03-31T00:00:00Z", "Europe/Oslo"), "2024-03-31 01:30", "a time that the clocks skip");
  t.equal(await due("0 0 29 feb *", null, "2025-01-01T00:00:00Z"), "2028-02-29 00:00", "a leap day");
  t.equal(await due("*/20 8-9 1,15 * *", null, "2024-01-01T09:30:00Z"), "2024-01-01 09:40");
  t.equal(await due("0 12 13 * fri", null, "2024-09-01T00:00:00Z"), "2024-09-06 12:00", "the 13th or a Friday");
  for (const bad of ["* * * *", "60 * * * *", "1-0 * * * *", "x * * * *", "*/0 * * * *", "0 0 31 2 *", ""]) {
    t.equal((await db.refused("select pipeline.cron_next($1, now())", [bad], "reader")).code, "MB001", bad);
  }

  const add = (name: string, symbols: string | null, universe: string | null = null) =>
    db.query("select pipeline.add_schedule($1, 'sample', 'bars', $2, $3, '0 3 * * *')", [name, symbols, universe], "worker");
  await add("nightly", "{AAPL}");
  await add("lost", null, "no-such-universe");
  await add("quiet", "{^GSPC}");
  await db.query("select pipeline.change_schedule('quiet', 'pause')", [], "worker");
  t.equal((await db.refused("select pipeline.add_schedule('nightly', 'sample', 'bars', '{AAPL}', p_cron => '0 3 * * *')", [], "worker")).code, "MB008");
  t.equal((await db.refused("select pipeline.add_schedule('both', 'sample', 'bars', '{AAPL}', 'sp500', '0 3 * * *')", [], "worker")).code, "MB001");
  t.equal((await db.refused("select pipeline.change_schedule('nothing', 'remove')", [], "worker")).code, "MB002");
  t.equal(await db.value("select pipeline.start_due()", [], "worker"), 0, "nothing is due yet");
  // For four nights no worker ran.
  await db.query("update pipeline.schedule set next_at = now() - interval '4 days'");
  const started = await Promise.all([db.value<number>("select pipeline.start_due()", [], "worker"), db.value<number>("select pipeline.start_due()", [], "worker")]);
  t.equal(started[0] + started[1], 1, "two workers at once start it once, and once for four nights");
  t.same(await db.query("select name, next_at > now() as is_ahead, last_run_id is not null as has_run, last_message is not null as has_trouble from pipeline.schedule order by name", [], "reader"), [
    { name: "lost", is_ahead: true, has_run: false, has_trouble: true },
    { name: "nightly", is_ahead: true, has_run: true, has_trouble: false },
    { name: "quiet", is_ahead: false, has_run: false, has_trouble: false },
  ]);
  await db.query("select pipeline.change_schedule('quiet', 'resume')", [], "worker");
  const worker = await startWorker(db.url("worker"));
  t.teardown(() => worker.stop());
  await until("the end of what was due", async () => (await db.value("select count(*)::int from pipeline.pipeline_run where step = 'backfill' and status = 'succeeded'")) === 2);
  t.ok((await db.value<number>("select count(*)::int from market.price_data join market.instrument using (instrument_id) where symbol = '^GSPC'")) > 1_000, "what was missed while it was paused is there");
  await db.query("select pipeline.change_schedule('quiet', 'remove')", [], "worker");
  t.equal(await db.value("select count(*)::int from pipeline.schedule"), 2);
});

t.test("a restatement of many rows waits for a person, with what it touches, and its reason is found from each version", async (t) => {
  const db = await testDatabase(t);
  await db.query("update ingest.provider set requests_per_minute = 6000, restatement_limit = 10 where provider = 'yahoo'");
  const bars = weekdayBars("2023-01-03", 60);
  const times100 = bars.map(([day, close]) => [day, close * 100] as const);
  const few = bars.map(([day, close], at) => [day, at < 10 ? close + 0.5 : close] as const);
  const server = await serveYahoo(t, () => inTurn(sends(chartBody("AAA", bars)), sends(chartBody("AAA", few)), limits("1"), sends(chartBody("AAA", times100))));
  process.env["MARKETBASE_YAHOO_URL"] = server.url;
  t.teardown(() => void delete process.env["MARKETBASE_YAHOO_URL"]);
  const worker = await startWorker(db.url("worker"));
  t.teardown(() => worker.stop());
  const fetch = async () => {
    const id = await db.value<string>("select pipeline.start_backfill('yahoo', 'bars', '{AAA}', p_reprocess => 'all')::text", [], "worker");
    await ended(db, id);
    return id;
  };
  await fetch();
  await fetch();
  t.equal(await db.value("select count(*)::int from market.price_data where version = 2"), 10, "ten rows are within the limit");
  const features = await db.value<string>("select pipeline.start_run('features', 'features')::text", [], "worker");
  await db.query("select pipeline.run_step($1)", [features], "worker");
  const before = await db.value("select md5(string_agg(format('%s %s %s', ts, close, version), ' ' order by ts)) from market.price_data");

  const heldId = await fetch();
  const [held] = await states(db, heldId);
  t.match(held, { state: "held", code: "MB008" }, "after a limit of a second, too");
  t.equal(await db.value("select md5(string_agg(format('%s %s %s', ts, close, version), ' ' order by ts)) from market.price_data"), before, "nothing is taken in");
  const [touches] = await db.query(
    `select changed_count::int as changed, instrument_count::int as instruments, bar_count::int as bars, training_set_count::int as training_sets,
       feature_value_count = (select sum(cardinality(values)) from feature.feature_vector join feature.feature_set_version as version using (feature_set_version_id) where version.is_current) as all_values
     from ingest.held_response`, [], "reader");
  t.same(touches, { changed: 60, instruments: 1, bars: 60, training_sets: 0, all_values: true }, "every value made of these bars");
  const raw = await db.value<string>("select raw_response_id::text from ingest.held_response");
  t.equal((await db.refused("select pipeline.accept_held($1, 'Ada', ' ')", [raw], "worker")).code, "MB001", "not without a reason");
  t.equal(await db.value("select (pipeline.accept_held($1, 'Ada', 'prices in cents from now on')).outcome", [raw], "worker"), "normalised");
  t.equal(await db.value("select count(*)::int from market.price_data where close > 4900 and version in (2, 3)"), 60, "taken in as versions");
  t.equal(
    await db.value("select distinct run.parameters ->> 'by' || ': ' || (run.parameters ->> 'reason') from lineage.data_lineage as edge join pipeline.pipeline_run as run using (run_id) where edge.target_relation = 'market.price_data' and edge.source_id = $1", [raw]),
    "Ada: prices in cents from now on",
  );
  t.same(await db.query("select bar_count::int as bars, fact_count::int as facts from ingest.impact($1)", [raw], "worker"), [{ bars: 60, facts: 0 }], "and afterwards it can be asked again");
  t.equal((await db.refused("select pipeline.accept_held($1, 'Ada', 'again')", [raw], "worker")).code, "MB008");
  t.equal((await db.refused("select pipeline.accept_held(-1, 'Ada', 'nothing')", [], "worker")).code, "MB002");
  t.equal(await db.value("select state from pipeline.backfill_chunk where backfill_run_id = $1", [heldId]), "done");
});

t.test("landed bodies are read again after a normaliser changed: the difference first, then versions", async (t) => {
  const db = await testDatabase(t);
  const run = await db.value<string>("select pipeline.start_run('ingest', 'test')::text", [], "worker");
  const landed = await db.value<string>(
    "select raw_response_id::text from ingest.land($1, 'yahoo', 'bars', 'AAA', 'https://provider.example/AAA', 'GET', 200, '{}', 'application/json', $2, '2024-06-01T00:00:00Z')",
    [run, Buffer.from(chartBody("AAA", weekdayBars("2024-01-02", 5)))], "worker");
  await db.query("select pipeline.normalise_response($1, $2)", [run, landed], "worker");
  const every = { provider: undefined, dataset: undefined, symbols: [], all: false };
  t.same(await bodiesToReplay(db.worker, every), [], "the normaliser is the same");
  t.match(await replayBodies(db.worker, await bodiesToReplay(db.worker, { ...every, all: true }), { apply: true, lines: 5 }), { outcomes: [{ outcome: "normalised", newRows: 0, newVersions: 0 }] }, "read again all the same: nothing differs");

  // Another version of the normaliser: volumes in hundreds.
  await db.query(
    `do $do$ begin execute replace(pg_get_functiondef('ingest.normalise_yahoo_bars(bigint)'::regprocedure), 'bar.close, bar.volume', 'bar.close, bar.volume * 100'); end $do$`);
  const wanted = await bodiesToReplay(db.worker, every);
  t.match(await replayBodies(db.worker, wanted, { apply: false, lines: 2 }), {
    outcomes: [{ outcome: "normalised", newRows: 0, newVersions: 5, withdrawn: 0 }], bars: { added: 0, changed: 5, gone: 0 },
    changes: [{ symbol: "AAA", field: "volume", old_value: 1_000, new_value: 100_000 }, { field: "volume" }],
  });
  t.equal(await db.value("select count(*)::int from market.price_data_history"), 0, "only looked at");
  const order: string[] = [];
  const applied = await replayBodies(db.worker, wanted, { apply: true, lines: 0, onBody: ({ subject }) => order.push(subject), onDifference: ({ bars }) => order.push(`${bars.changed} differ`) });
  t.match(applied, { outcomes: [{ newVersions: 5 }], changes: [] });
  t.same(order, ["AAA", "5 differ"], "the difference is told before it is taken in");
  t.same(await db.query("select distinct volume, version, known_from = '2024-06-01T00:00:00Z' as since_it_came from market.price_data"), [{ volume: 100_000, version: 2, since_it_came: true }]);
  t.same(await bodiesToReplay(db.worker, every), [], "done");
});

t.test("bodies are read again together, in the order in which they came; what a body no longer holds is taken back", async (t) => {
  const db = await testDatabase(t);
  const run = await db.value<string>("select pipeline.start_run('ingest', 'test')::text", [], "worker");
  const file = async (provider: string, rows: readonly string[], fetchedAt: string) => {
    const body = ["date,open,high,low,close,volume,symbol", ...rows.map((row) => row.replace(/,(\d+)$/, ",$1,$1,$1,$1,1000,AAA"))].join("\n");
    const id = await db.value<string>(
      "select raw_response_id::text from ingest.land($1, $2, 'bars', 'AAA', 'file:AAA', 'READ', 200, '{}', 'text/csv', $3, $4)", [run, provider, Buffer.from(body), fetchedAt], "worker");
    await db.query("select pipeline.normalise_response($1, $2)", [run, id], "worker");
    return Number(id);
  };
  // The sample says 49 of the third, too; it is of lower priority. The second file of the user corrects the first day.
  const first = await file("csv", ["2024-01-02,50", "2024-01-03,51", "2024-01-04,52"], "2024-02-01T00:00:00Z");
  const sample = await file("sample", ["2024-01-03,49"], "2024-02-02T00:00:00Z");
  const second = await file("csv", ["2024-01-02,55"], "2024-02-03T00:00:00Z");
  // Another version: the third and fourth day are no bars, and prices are doubled.
  await db.query(`
    create or replace function ingest.normalise_csv_bars(p_raw_response_id bigint) returns void language sql as $$
      select ingest.read_bars_csv(p_raw_response_id);
      delete from ingest.candidate_bar where raw_response_id = p_raw_response_id and session_date > '2024-01-02';
      update ingest.candidate_bar set open = open * 2, high = high * 2, low = low * 2, close = close * 2 where raw_response_id = p_raw_response_id;
    $$`);
  const wanted = await bodiesToReplay(db.worker, { provider: undefined, dataset: undefined, symbols: ["AAA"], all: false });
  t.same(wanted.map(({ raw_response_id }) => raw_response_id), [first, second]);
  const current = () => db.query("select session_date::text as day, close, provider, version from market.price_data order by ts");
  const before = await current();
  const expected = {
    outcomes: [{ newRows: 0, newVersions: 0, withdrawn: 2 }, { newRows: 0, newVersions: 1, withdrawn: 0 }],
    bars: { added: 0, changed: 2, gone: 1 },
    changes: [
      { ts: "2024-01-02 00:00", field: "open", old_value: 55, new_value: 110 }, { field: "high" }, { field: "low" }, { field: "close" },
      { ts: "2024-01-03 00:00", field: "open", old_value: 51, new_value: 49 }, { field: "high" }, { field: "low" }, { field: "close" },
      { ts: "2024-01-04 00:00", field: "close", old_value: 52, new_value: null },
    ],
  };
  t.match(await replayBodies(db.owner, wanted, { apply: false, lines: 20 }), expected, "the older body changes nothing that the newer one has said");
  t.same(await current(), before, "only looked at");
  t.match(await replayBodies(db.owner, wanted, { apply: true, lines: 20 }), expected, "what is taken in is what was shown");
  t.same(await current(), [
    { day: "2024-01-02", close: 110, provider: "csv", version: 3 }, { day: "2024-01-03", close: 49, provider: "sample", version: 2 },
  ], "the word of the other provider takes the place of what is gone");
  t.match(await db.query("select session_date::text as day, closed_reason as reason from market.price_data_history where closed_reason is not null order by ts"),
    ["2024-01-03", "2024-01-04"].map((day) => ({ day, reason: new RegExp(`^body ${first}, read again in run \\d+, no longer holds it$`) })));
  t.same(await db.query("select count(*)::int as bars from market.price_data_as_of('AAA', '2024-03-01')", [], "reader"), [{ bars: 3 }], "what was known then stays");
  t.equal(await db.value("select count(*)::int from lineage.data_lineage where operation = 'delete' and source_id = $1", [first]), 1);
  t.equal(await db.value("select raw_response_id::int from market.price_data where session_date = '2024-01-03'"), sample);
  t.match(await db.refused("select ingest.withdraw_bars($1, $2)", [run, second], "worker"), { code: "42501" }, "a worker takes no bars back");
  await checkInvariants(t, db.url);
});

t.test("a replay that is held takes bars back when it is accepted, by the owner alone", async (t) => {
  const db = await testDatabase(t);
  const run = await db.value<string>("select pipeline.start_run('ingest', 'test')::text", [], "worker");
  const body = ["date,open,high,low,close,volume,symbol", ...["02", "03", "04"].map((day) => `2024-01-${day},50,50,50,50,1000,AAA`)].join("\n");
  const id = await db.value<string>(
    "select raw_response_id::text from ingest.land($1, 'csv', 'bars', 'AAA', 'file:AAA', 'READ', 200, '{}', 'text/csv', $2, '2024-02-01T00:00:00Z')", [run, Buffer.from(body)], "worker");
  await db.query("select pipeline.normalise_response($1, $2)", [run, id], "worker");
  await db.query("update ingest.provider set restatement_limit = 1 where provider = 'csv'");
  await db.query(`
    create or replace function ingest.normalise_csv_bars(p_raw_response_id bigint) returns void language sql as $$
      select ingest.read_bars_csv(p_raw_response_id);
      delete from ingest.candidate_bar where raw_response_id = p_raw_response_id and session_date > '2024-01-02';
    $$`);
  t.equal(await db.value("select (pipeline.replay_response($1)).outcome", [id]), "held", "two bars would be gone");
  t.equal(await db.value("select count(*)::int from market.price_data"), 3);
  t.match(await db.refused("select pipeline.accept_held($1, 'Ada', 'a bad normaliser')", [id], "worker"), { code: "MB008", message: /was read before/ });
  t.equal(await db.value("select (pipeline.accept_held($1, 'Ada', 'a bad normaliser')).outcome", [id]), "normalised");
  t.same(await db.query("select session_date::text as day from market.price_data"), [{ day: "2024-01-02" }]);
  t.equal(await db.value("select count(*)::int from market.price_data_history where closed_reason like 'body%no longer holds it'"), 2);
  await checkInvariants(t, db.url);
});

t.test("the pieces of a universe: days of membership, as known at a time; renamed members by the ticker of today; a ticker that has passed on is asked of nobody", async (t) => {
  const db = await testDatabase(t);
  const run = await db.value<string>("select pipeline.start_run('ingest', 'test')::text", [], "worker");
  const spells = async (lines: readonly string[], fetchedAt: string) => {
    const id = await db.value<string>(
      "select raw_response_id::text from ingest.land($1, 'csv', 'members', 'small', 'file:members/small', 'READ', 200, '{}', 'text/csv', $2, $3)",
      [run, Buffer.from(["ticker,start_date,end_date", ...lines].join("\n")), fetchedAt], "worker");
    t.equal(await db.value("select (pipeline.normalise_response($1, $2)).outcome", [run, id], "worker"), "normalised");
  };
  await spells(["AAA,2010-01-04,2015-06-01", "AAA,2018-01-02,", "FB,2013-12-23,", "OLD,2005-01-03,2008-01-02"], "2020-01-01T00:00:00Z");
  await db.query("select market.rename_instrument($1, 'FB', 'META', '2022-06-09')", [run], "worker");
  await db.query("select market.delist_instrument($1, 'OLD', '2008-01-02')", [run], "worker");
  await db.query("select market.reuse_symbol($1, 'OLD', '2019-01-02')", [run], "worker");
  const plan = async (from: string | null, to: string | null, days: number | null = null, asOf: string | null = null) =>
    (await db.query<Record<string, string | boolean>>("select subject, from_date::text as from, to_date::text as to, before, is_wanted from pipeline.plan_backfill('yahoo', 'bars', null, $1, $2, $3, p_universe => 'small', p_as_of => $4) order by subject, from_date", [from, to, days, asOf], "reader"))
      .map(({ subject, from: first, to: last, before, is_wanted }) => `${subject} ${first}..${last}${before === "new" ? "" : ` ${before}`}${is_wanted === true ? "" : " left out"}`);
  t.same(await plan(null, null), ["AAA 2010-01-04..2015-05-31", "AAA 2018-01-02..null", "META 2013-12-23..null", "OLD.1 2005-01-03..2008-01-01 unnamed left out"]);
  t.same(await plan("2015-01-01", "2018-12-31"), ["AAA 2015-01-01..2015-05-31", "AAA 2018-01-02..2018-12-31", "META 2015-01-01..2018-12-31"], "cut to the days that are asked for");
  t.same(await plan("2015-05-01", "2015-07-31", 20), ["AAA 2015-05-01..2015-05-20", "AAA 2015-05-21..2015-05-31", ...["05-01..2015-05-20", "05-21..2015-06-09", "06-10..2015-06-29", "06-30..2015-07-19", "07-20..2015-07-31"].map((days) => `META 2015-${days}`)]);
  // AAA left a year earlier, as was found out later.
  await spells(["AAA,2010-01-04,2014-06-02", "AAA,2018-01-02,", "FB,2013-12-23,", "OLD,2005-01-03,2008-01-02"], "2021-01-01T00:00:00Z");
  t.same(await plan("2014-01-01", "2014-12-31"), ["AAA 2014-01-01..2014-06-01", "META 2014-01-01..2014-12-31"]);
  t.same(await plan("2014-01-01", "2014-12-31", null, "2020-06-01"), ["AAA 2014-01-01..2014-12-31", "META 2014-01-01..2014-12-31"], "as known before the correction");

  const start = (universe: string, from: string) => db.value<string | null>("select pipeline.start_backfill('yahoo', 'bars', null, $2, p_universe => $1)::text", [universe, from], "worker");
  const first = await start("small", "2000-01-01");
  t.equal(await start("small", "2000-01-01"), first, "a second start joins it");
  t.same(await db.query("select universe, subjects from pipeline.backfill"), [{ universe: "small", subjects: ["AAA", "META"] }]);
  t.match(await db.refused("select pipeline.start_backfill('yahoo', 'bars', null, p_universe => 'nobody')", [], "worker"), { code: "MB002", hint: /small/ });
  t.match(await db.refused("select pipeline.start_backfill('yahoo', 'bars', null, '1990-01-01', '1991-01-01', p_universe => 'small')", [], "worker"), { code: "MB007" });
  t.match(await db.refused("select pipeline.start_backfill('yahoo', 'bars', '{AAA}', p_universe => 'small')", [], "worker"), { code: "MB001" });

  await db.query("select pipeline.add_schedule('members', 'yahoo', 'bars', null, 'small', '0 3 * * *', p_look_back_days => 5)", [], "worker");
  await db.query("update pipeline.schedule set next_at = now() - interval '1 hour'");
  t.equal(await db.value("select pipeline.start_due()", [], "worker"), 1);
  t.same(await db.query("select subject, from_date = (now() at time zone 'UTC')::date - 5 as looks_back, to_date = (now() at time zone 'UTC')::date as until_today from pipeline.backfill_chunk join pipeline.schedule on last_run_id = backfill_run_id order by 1"),
    ["AAA", "META"].map((subject) => ({ subject, looks_back: true, until_today: true })), "a schedule fetches the members of the day");
});
