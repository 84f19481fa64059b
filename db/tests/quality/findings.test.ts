import t from "tap";
import { weekdays, world } from "./support.ts";

/** The newest bar can only have no volume by a defect; the rule `price_volume_present` finds it. */
const RULE = "price_volume_present";

t.test("a finding lives from look to look", async (t) => {
  const w = await world(t);
  const id = await w.instrument("LIFE");
  const dates = weekdays("2024-03-04", 5);
  const find = (columns: string) => w.db.query(`select ${columns} from quality.finding where rule = $1 and instrument_id = $2 order by ts`, [RULE, id], "reader");
  const events = (finding: unknown) => w.db.query("select event, decided_by, reason, validation_result_id is not null as by_look from quality.finding_event where finding_id = $1 order by finding_event_id", [finding]);
  await w.bars(id, dates.map((date, i) => ({ date, volume: i === 1 || i === 3 ? 0 : 5 })));
  await w.validate(id);
  const opened = await find("finding_id, state, symbol, severity, message, (key ->> 'session_date') as date");
  t.match(opened, [{ state: "open", symbol: "LIFE", date: dates[1] }, { state: "open", date: dates[3] }]);
  const [first, second] = opened.map(({ finding_id }) => finding_id);
  const before = await w.db.value<string>("select clock_timestamp()::text");

  await t.test("seen again it is the same finding, and validating twice records no event", async (t) => {
    await w.validate(id);
    t.same((await find("finding_id")).map(({ finding_id }) => finding_id), [first, second]);
    t.same(await events(first), [{ event: "opened", decided_by: null, reason: null, by_look: true }]);
    t.equal(await w.db.value("select count(*)::int from quality.finding_sighting where finding_id = $1", [first]), 2, "two sightings");
  });

  await t.test("acknowledged by a person, for a reason, it is suppressed and counted", async (t) => {
    const acknowledge = (values: unknown[], as: "author" | "reader" = "author") => w.db.query("select event from quality.acknowledge(array[$1::bigint], $2, $3, $4)", values, as);
    t.same(await acknowledge([first, "Ada", "a trading halt", null]), [{ event: "acknowledged" }]);
    t.same(await acknowledge([first, "Ada", "a trading halt", null]), [], "saying the same again changes nothing");
    t.match(await find("state, decided_by, reason"), [{ state: "acknowledged", decided_by: "Ada", reason: "a trading halt" }, { state: "open" }]);
    t.match((await w.db.query("select open_finding_count::int, suppressed_finding_count::int from quality.rule_summary where rule = $1", [RULE], "reader"))[0], { open_finding_count: 1, suppressed_finding_count: 1 });
    t.same(await w.db.query("select finding_id from quality.open_finding where rule = $1", [RULE]), [{ finding_id: second }]);
    await w.validate(id);
    t.match(await find("state"), [{ state: "acknowledged" }, { state: "open" }], "a look that sees it again does not undo it");
    for (const [values, code] of [[[first, " ", "why", null], "MB001"], [[first, "Ada", "", null], "MB001"], [[-1, "Ada", "why", null], "MB002"], [[first, "Ada", "why", "2000-01-01"], "MB001"], [[null, "Ada", "why", null], "MB002"]] as const) {
      t.equal((await w.db.refused("select quality.acknowledge(array[$1::bigint], $2, $3, $4)", [...values], "author")).code, code);
    }
    t.equal((await w.db.refused("select quality.acknowledge('{}', 'Ada', 'why')", [], "author")).code, "MB001");
    for (const role of ["reader", "analyst", "auditor"] as const) {
      t.equal((await w.db.refused("select quality.acknowledge(array[$1::bigint], 'x', 'y')", [first], role)).code, "42501", `${role} may not decide`);
    }
    t.equal((await w.db.refused("insert into quality.finding_event (finding_id, event) values ($1, 'resolved')", [first], "author")).code, "42501", "an author records decisions only");
  });

  await t.test("an acknowledgement ends when it says so", async (t) => {
    await w.db.query("select quality.acknowledge(array[$1::bigint], 'Bea', 'for a moment', clock_timestamp() + interval '300 ms')", [second]);
    t.match((await find("state"))[1], { state: "acknowledged" });
    await new Promise((resolve) => setTimeout(resolve, 350));
    t.match((await find("state, decided_by"))[1], { state: "open" });
  });

  await t.test("a person takes it back", async (t) => {
    t.same(await w.db.query("select event from quality.reopen(array[$1::bigint], 'Ada', 'no halt after all')", [first], "author"), [{ event: "reopened" }]);
    t.match((await find("state, reason"))[0], { state: "reopened", reason: "no halt after all" });
    t.match(await w.db.refused("select quality.reopen(array[$1::bigint], 'Ada', 'again')", [first], "author"), { code: "MB008", message: `Finding ${String(first)} is reopened already.` });
    t.equal((await w.db.refused("select quality.reopen(array[$1::bigint], 'Ada', 'x')", [first], "reader")).code, "42501");
  });

  await t.test("a correction resolves it, by the run that looked; another defect there reopens it", async (t) => {
    await w.db.query("select quality.acknowledge(array[$1::bigint], 'Ada', 'known')", [second]);
    await w.db.query("update market.price_data set volume = 7 where instrument_id = $1 and session_date = any ($2)", [id, [dates[1], dates[3]]]);
    await w.validate(id, `${dates[3]}T00:00:00Z`);
    t.match(await find("state, state_run_id::int"), [{ state: "reopened" }, { state: "resolved", state_run_id: w.runId }], "what lies before the look is not decided by it");
    await w.validate(id);
    t.match(await find("state"), [{ state: "resolved" }, { state: "resolved" }]);
    t.equal((await w.db.refused("select quality.acknowledge(array[$1::bigint], 'Ada', 'x')", [first], "author")).code, "MB008");
    t.equal(await w.db.value("select count(*)::int from quality.open_finding where rule = $1", [RULE]), 0);

    await w.db.query("update market.price_data set volume = 0 where instrument_id = $1 and session_date = $2", [id, dates[3]]);
    await w.validate(id);
    t.match(await find("state, decided_by"), [{ state: "resolved" }, { state: "reopened", decided_by: null }], "what was acknowledged before it was corrected alarms again");
  });

  await t.test("as of a moment it says what it said then", async (t) => {
    t.same(
      await w.db.query("select state from quality.findings_as_of($1) where rule = $2 and instrument_id = $3 order by ts", [before, RULE, id], "auditor"),
      [{ state: "open" }, { state: "open" }],
    );
    t.same(await w.db.query("select finding_id from quality.findings_as_of('2020-01-01')"), []);
  });

  t.equal((await w.db.refused("update quality.finding_event set reason = 'x'")).code, "MB006");
});

t.test("a look that kept fewer findings than it counted resolves none", async (t) => {
  const w = await world(t);
  const id = await w.instrument("MANY");
  const dates = weekdays("2024-03-04", 10);
  await w.bars(id, dates.map((date) => ({ date, volume: 0 })));
  await w.validate(id);
  const state = () => w.db.query("select state, count(*)::int as count from quality.finding where rule = $1 group by state order by state", [RULE]);
  t.same(await state(), [{ state: "open", count: 10 }]);
  await w.db.query("select quality.define_rule(rule, dataset, family, severity, parameters || '{\"max_findings\": 3}', description, remedy, population) from quality.rule_in_force where rule = $1", [RULE]);
  t.match((await w.validate(id)).get(RULE), { failed: 10, dates: dates.slice(0, 3) }, "the full count beside the first three");
  t.same(await state(), [{ state: "open", count: 10 }]);
  t.equal(await w.db.value("select count(*)::int from quality.finding where rule = $1 and rule_version <> (select version from quality.rule_in_force where rule = $1)", [RULE]), 7, "another version of the rule is no other finding");
});

t.test("a finding in a body is resolved by the next body about the same", async (t) => {
  const w = await world(t);
  const id = await w.instrument("BODY");
  const body = async (high: number) => w.judge(await w.candidateBars(id, [{ date: "2024-03-04", high, close: 100, low: 90 }]));
  t.match(await body(50), [{ row: 1 }]);
  const find = () => w.db.query("select state, provider, subject, (ts at time zone 'UTC')::date::text as date from quality.finding where rule = 'bar_ohlc_order'");
  t.same(await find(), [{ state: "open", provider: "test", subject: "TEST", date: "2024-03-04" }]);
  t.same(await body(150), []);
  t.match(await find(), [{ state: "resolved" }]);
  await body(40);
  t.match(await find(), [{ state: "reopened" }]);
});

t.test("of many decisions at once each is seen by the next, and a session that dies leaves nothing", async (t) => {
  const w = await world(t);
  const id = await w.instrument("RACE");
  await w.bars(id, [{ date: "2024-03-04", volume: 0 }]);
  await w.validate(id);
  const finding = await w.db.value<string>("select finding_id from quality.finding where rule = $1", [RULE]);

  await Promise.all(Array.from({ length: 8 }, (_, i) => w.db.pool("worker").query("select quality.acknowledge(array[$1::bigint], $2, 'at once')", [finding, `person ${i % 2}`])));
  const decided = await w.db.query<{ decided_by: string }>("select decided_by from quality.finding_event where finding_id = $1 and event = 'acknowledged' order by finding_event_id", [finding]);
  t.ok(decided.length >= 2, "both were heard");
  t.notOk(decided.some(({ decided_by }, i) => decided_by === decided[i - 1]?.decided_by), "and nobody twice in a row");

  // Two looks at once record one finding and one event.
  const other = await w.instrument("LOOKS");
  await w.bars(other, [{ date: "2024-03-04", volume: 0 }]);
  await Promise.all(Array.from({ length: 3 }, () => w.db.pool("worker").query("select from quality.validate($1, array[$2::bigint])", [w.runId, other])));
  t.same(
    await w.db.query("select event.event, count(*)::int as count from quality.finding_event as event join quality.tracked_finding using (finding_id) where instrument_id = $1 and rule = $2 group by 1", [other, RULE]),
    [{ event: "opened", count: 1 }],
  );

  // Killed between the decision and its commit.
  const client = await w.db.pool("worker").connect();
  client.on("error", () => undefined);
  await client.query("begin");
  await client.query("select quality.reopen(array[$1::bigint], 'Zoe', 'then killed')", [finding]);
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const waiting = w.db.pool("worker").query("select quality.acknowledge(array[$1::bigint], 'Yan', 'waited')", [finding]);
  await w.db.pool("worker").query("select pg_terminate_backend($1)", [rows[0]?.pid]);
  await waiting;
  client.release(true);
  t.same(
    await w.db.query("select event, decided_by from quality.finding_event where finding_id = $1 order by finding_event_id desc limit 1", [finding]),
    [{ event: "acknowledged", decided_by: "Yan" }],
    "the next one goes on at once",
  );
  t.equal(await w.db.value("select count(*)::int from quality.finding_event where decided_by = 'Zoe'"), 0);
});

t.test("results lie in their month, and what has no month is not lost", async (t) => {
  const w = await world(t);
  const partitions = (table: string) => w.db.value<number>("select count(*)::int from pg_inherits where inhparent = $1::regclass", [`quality.${table}`]);
  t.equal(await partitions("validation_result"), 5, "this month, three to come, and the rest");
  t.equal(await w.db.value("select quality.make_partitions()::int", [], "worker"), 0, "made already");
  t.equal(await w.db.value("select quality.make_partitions(current_date, 4)::int", [], "worker"), 3, "one month more, for three tables");
  t.equal((await w.db.refused("select quality.make_partitions()", [], "author")).code, "42501");
  t.equal((await w.db.refused("select quality.make_partitions(null)", [], "worker")).code, "MB001");

  const id = await w.instrument("MONTH");
  await w.bars(id, [{ date: "2024-03-04", volume: 0 }]);
  await w.validate(id);
  t.equal(await w.db.value("select count(distinct tableoid)::int from quality.validation_result"), 1);
  t.not(await w.db.value("select distinct tableoid::regclass::text from quality.validation_result"), "quality.validation_result_default");
  t.equal(await w.db.value("select count(*)::int from quality.validation_result where as_of is distinct from recorded_at"), 0, "judged as of when it was looked at");

  await w.db.query(
    `insert into quality.validation_result (rule, rule_version, dataset, status, severity, checked_count, failed_count, message, run_id, recorded_at)
     select rule, version, dataset, 'passed', severity, 1, 0, 'long ago', $1, '2019-07-01' from quality.rule_in_force where rule = $2`,
    [w.runId, RULE],
  );
  t.equal(await w.db.value("select tableoid::regclass::text from quality.validation_result where message = 'long ago'"), "quality.validation_result_default");
  await w.db.query("select quality.make_partitions('2019-06-01')");
  t.equal(await w.db.value("select to_regclass('quality.validation_result_2019_07')"), null, "its month gets no partition over it");
  t.not(await w.db.value("select to_regclass('quality.validation_result_2019_06')::text"), null);
  const name = await w.db.value<string>("select tableoid::regclass::text from quality.validation_result where message <> 'long ago' limit 1");
  t.equal((await w.db.refused(`delete from ${name}`)).code, "MB006", "a partition is append-only too");
  t.equal((await w.db.refused(`select from ${name}`, [], "worker")).code, "42501", "and read through its table");

  t.match((await w.db.query("select * from quality.rule_trend where rule = $1 order by day desc limit 1", [RULE], "reader"))[0], { result_count: "1", failed_count: "1", failed_row_share: 1 });
  t.equal(await w.db.value("select sum(result_count)::int from quality.day_trend"), await w.db.value("select count(*)::int from quality.validation_result"));
  t.equal(await w.db.value("select sum(result_count)::int from quality.dataset_trend"), await w.db.value("select count(*)::int from quality.validation_result"));
  t.equal(await w.db.value("select count(*)::int from quality.provider_trend"), 0, "no body was judged");
});
