import t from "tap";
import { weekdays, world } from "./support.ts";

t.test("a known incident masks what every rule would have found, and is counted", async (t) => {
  const w = await world(t);
  const { db } = w;
  const id = await w.instrument("OUT");
  const dates = weekdays("2024-03-04", 6);
  await w.bars(id, dates.map((date, i) => ({ date, volume: i === 1 || i === 3 ? 0 : 5 })));
  await w.validate(id);
  const rule = "price_volume_present";
  const states = () => db.query("select state, reason, decided_by from quality.finding where rule = $1 and instrument_id = $2 order by ts", [rule, id], "reader");
  const result = async () => (await db.query("select status, checked_count::int as checked, failed_count::int as failed, masked_count::int as masked, message from quality.validation_result where rule = $1 and instrument_id = $2 order by validation_result_id desc limit 1", [rule, id], "reader"))[0];
  const pending = () => db.query("select symbol, (from_ts at time zone 'UTC')::date::text as from_date, reason from quality.pending_validation where symbol = 'OUT'", [], "reader");
  const record = (values: readonly unknown[]) => db.value<number>("select (quality.record_incident($1, $2, $3, $4, $5, $6)).known_incident_id::int", [...values], "author");
  t.match(await states(), [{ state: "open" }, { state: "open" }]);
  await db.query("delete from pipeline.stale_range");
  t.same(await pending(), []);

  let incident = 0;
  await t.test("what was open is masked by the next look, not resolved", async (t) => {
    incident = await record(["price_data", dates[1], dates[2], "The feed was down.", id, null]);
    t.match(await pending(), [{ from_date: dates[1], reason: `incident ${incident} was recorded or withdrawn` }], "the next validation looks from there on");
    await w.validate(id, `${dates[1]}T00:00:00Z`);
    t.match(await result(), { status: "failed", checked: 4, failed: 1, masked: 1, message: /^1 of 4 failed\. First: .* 1 masked by known incidents\.$/ });
    t.same(await states(), [{ state: "masked", reason: "The feed was down.", decided_by: null }, { state: "open", reason: null, decided_by: null }]);
    t.same(await pending(), []);
    await w.validate(id);
    t.same(await db.query("select event.event, event.known_incident_id::int from quality.finding_event as event join quality.tracked_finding using (finding_id) where rule = $1 and ts = $2::date::timestamp at time zone 'UTC' order by finding_event_id", [rule, dates[1]]), [
      { event: "opened", known_incident_id: null }, { event: "masked", known_incident_id: incident },
    ], "masked once, however often it is looked at");
    t.match((await db.query("select open_finding_count::int as open, masked_row_count::int as masked from quality.rule_summary where rule = $1", [rule], "reader"))[0], { open: 1, masked: 1 });
    t.match(await db.query("select summary ->> 'masked' as masked, message from pipeline.validation_outcome($1)", [w.runId], "worker"), [{ masked: "4", message: /; 4 rows masked by known incidents$/ }]);
  });

  await t.test("all of a result masked is said so", async (t) => {
    const all = await record(["price_data", "-infinity", "infinity", "The whole series is a test.", id, null]);
    await w.validate(id);
    t.match(await result(), { status: "passed", checked: 4, failed: 0, masked: 2, message: "4 checked, none failed. 2 masked by known incidents." });
    await db.query("select quality.withdraw_incident($1)", [all], "author");
  });

  await t.test("an incident of a provider masks its rows only, a decision of a person stands", async (t) => {
    const other = await record(["price_data", dates[3], dates[3], "Not this one.", null, "yahoo"]);
    await w.validate(id);
    t.match((await states())[1], { state: "reopened" }, "masked by nothing any more");
    await db.query("select quality.withdraw_incident($1)", [other], "author");
    const [{ finding_id: finding } = {}] = await db.query("select finding_id from quality.finding where rule = $1 and state = 'reopened'", [rule]);
    await db.query("select quality.acknowledge(array[$1::bigint], 'Ada', 'a halt')", [finding], "author");
    const own = await record(["price_data", dates[3], dates[3], "The provider was down.", null, "test"]);
    await w.validate(id);
    t.match(await result(), { failed: 0, masked: 2 });
    t.match((await states())[1], { state: "acknowledged", decided_by: "Ada" });
    await db.query("select quality.withdraw_incident($1)", [own], "author");
  });

  await t.test("ended or withdrawn, its rows are judged again", async (t) => {
    const ended = await db.query("select known_incident_id::int as id, (to_ts at time zone 'UTC')::date::text as to_date, reason from quality.end_incident($1, $2)", [incident, dates[1]], "author");
    t.match(ended, [{ to_date: dates[1], reason: "The feed was down." }]);
    t.equal(await db.value("select withdrawn_by from quality.known_incident where known_incident_id = $1", [incident]), "marketbase_author", "the span as it was stays on record");
    await w.validate(id);
    t.match((await states())[0], { state: "masked" });
    await db.query("select quality.withdraw_incident($1)", [ended[0]?.["id"]], "author");
    t.match(await pending(), [{ from_date: dates[1] }]);
    await w.validate(id);
    t.match((await states())[0], { state: "reopened" });
    t.equal((await db.refused("select quality.end_incident($1)", [incident], "author")).code, "MB008");
    t.equal((await db.refused("select quality.end_incident(-1)", [], "author")).code, "MB002");
    const future = await record(["price_data", "2030-01-01", "2030-01-02", "later", null, null]);
    t.equal((await db.refused("select quality.end_incident($1)", [future], "author")).code, "MB008", "it has not begun");
    t.equal((await db.refused("select quality.end_incident($1)", [future], "reader")).code, "42501");
  });
});

t.test("incidents mask findings in bodies, not the quarantine; and what is judged as a whole", async (t) => {
  const w = await world(t);
  const { db } = w;
  const id = await w.instrument("BODY");
  const record = (...values: unknown[]) => db.query("select quality.record_incident($1, '-infinity', 'infinity', 'known', null, $2)", values, "author");
  const bars = [{ date: "2024-03-04", high: 50, close: 100, low: 90 }, { date: "2024-03-05", close: 100 }];
  await record("price_data", "test");
  const body = await w.candidateBars(id, bars);
  t.match(await w.judge(body), [{ row: 1, rules: ["bar_ohlc_order"] }], "what the table cannot hold is refused all the same");
  t.match((await w.verdicts(body)).get("bar_ohlc_order"), { status: "passed", checked: 1, failed: 0, message: "1 checked, none failed. 1 masked by known incidents.", dates: [] });
  t.equal(await db.value("select masked_count::int from quality.validation_result where raw_response_id = $1 and rule = 'bar_ohlc_order'", [body]), 1);
  t.equal(await db.value("select count(*)::int from quality.finding"), 0);

  // A rule on runs: its findings have no time of their own and are about now.
  for (let i = 0; i < 12; i++) {
    await db.query("insert into pipeline.pipeline_run (flow, step, status, rows_written, started_at, finished_at) select 'f', 's', 'succeeded', $1, now(), now() + make_interval(secs => $2)", [i === 11 ? 1000 : 1, i]);
  }
  const look = async () => (await db.query("select status, masked_count::int as masked from quality.validate($1, '{}', null, '{pipeline_run}') where rule = 'pipeline_row_count'", [w.runId], "worker"))[0];
  t.same(await look(), { status: "failed", masked: 0 });
  await record("pipeline_run", null);
  t.same(await look(), { status: "not_applicable", masked: 1 });
  t.match(await db.query("select state from quality.finding where rule = 'pipeline_row_count'"), [{ state: "masked" }]);
});
