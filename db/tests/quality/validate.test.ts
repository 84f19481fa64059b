import t from "tap";
import { weekdays, world } from "./support.ts";

t.test("every rule says something about every instrument", async (t) => {
  const w = await world(t);
  const full = await w.instrument("FULL");
  const empty = await w.instrument("EMPTY");
  await w.bars(full, weekdays("2024-03-04", 5).map((date, i) => ({ date, close: 100 + i })));
  const rules = await w.db.value<number>("select count(*)::int from quality.rule_in_force where dataset not like 'candidate%' and dataset not in ('feature_set', 'raw_response') and dataset <> all (quality.whole_datasets())");
  const whole = await w.db.value<number>("select count(*)::int from quality.rule_in_force where dataset = any (quality.whole_datasets())");
  const returned = await w.db.query("select * from quality.validate($1)", [w.runId], "worker");
  const instruments = await w.db.value<number>("select count(*)::int from market.instrument");
  t.equal(returned.length, rules * instruments + whole, "one result per rule and instrument, or per dataset without instruments, as the worker");
  t.same(await w.db.value("select count(*)::int from quality.validation_result where run_id = $1", [w.runId]), returned.length, "and each is stored");
  t.match((await w.db.query("select status, checked_count::int as checked, message, from_ts, to_ts from quality.validation_result where instrument_id = $1 and rule = 'price_spike'", [full]))[0], {
    status: "passed",
    checked: 5,
    message: "5 checked, none failed.",
    from_ts: new Date("2024-03-04T00:00:00Z"),
    to_ts: new Date("2024-03-08T00:00:00Z"),
  });
  t.same(
    await w.db.query("select distinct status, checked_count::int as checked from quality.validation_result where instrument_id = $1", [empty]),
    [{ status: "not_applicable", checked: 0 }],
    "where there is nothing, no rule applies",
  );
  t.same(
    await w.db.query("select instrument_id from quality.pending_validation order by 1"),
    await w.db.query("select distinct instrument_id from pipeline.stale_range where consumer = 'quality' order by 1"),
    "only what the triggers marked is pending",
  );
});

t.test("findings are kept up to a number, the count is of all", async (t) => {
  const w = await world(t);
  const id = await w.instrument("MANY");
  await w.db.query("select quality.define_rule(rule, dataset, family, severity, parameters || '{\"max_findings\": 3}', description, remedy, population) from quality.rule_in_force where rule = 'price_volume_present'");
  const dates = weekdays("2024-03-04", 10);
  await w.bars(id, dates.map((date) => ({ date, volume: 0 })));
  const outcome = (await w.validate(id)).get("price_volume_present");
  t.match(outcome, { status: "failed", checked: 10, failed: 10, message: "10 of 10 failed. First: The volume of 2024-03-04 is 0." });
  t.same(outcome?.dates, dates.slice(0, 3), "the first three");
  t.same(
    await w.db.query("select key, observed, expected from quality.validation_finding where instrument_id = $1 order by ts limit 1", [id]),
    [{ key: { session_date: "2024-03-04" }, observed: { close: 100, volume: 0 }, expected: "a volume above 0" }],
  );
});

t.test("a look at the end leaves open what was found before it, until it is looked at again", async (t) => {
  const w = await world(t);
  const id = await w.instrument("OPEN");
  const dates = weekdays("2024-03-04", 6);
  const open = async () => (await w.db.query<{ date: string }>("select (ts at time zone 'UTC')::date::text as date from quality.open_finding where instrument_id = $1 and rule = 'price_volume_present' order by ts", [id])).map(({ date }) => date);
  await w.bars(id, dates.slice(0, 4).map((date, i) => ({ date, volume: i === 1 || i === 3 ? 0 : 5 })));
  await w.validate(id);
  t.same(await open(), [dates[1], dates[3]]);

  await w.bars(id, [{ date: dates[4] ?? null }]);
  const end = await w.validate(id, `${dates[4]}T00:00:00Z`);
  t.match(end.get("price_volume_present"), { status: "passed", checked: 1 });
  t.same(await open(), [dates[1], dates[3]], "two findings lie before what was looked at");
  t.equal(
    await w.db.value("select count(*)::int from quality.validation_result where instrument_id = $1 and rule = 'fundamental_balance'", [id]),
    1,
    "a rule that had nothing to look at says nothing about the end of a series",
  );

  await w.db.query("update market.price_data set volume = 7 where instrument_id = $1 and session_date = $2", [id, dates[3]]);
  await w.validate(id, `${dates[3]}T00:00:00Z`);
  t.same(await open(), [dates[1]], "the corrected bar is found right");
  await w.validate(id);
  t.same(await open(), [dates[1]], "a finding that is found again is one open finding");
  t.same(await w.db.value("select status from quality.latest_result where instrument_id = $1 and rule = 'price_volume_present'", [id], "reader"), "failed");
  t.match((await w.db.query("select passed_count::int, failed_count::int, failed_row_count::int from quality.rule_summary where rule = 'price_volume_present'", [], "reader"))[0], { failed_count: 1, failed_row_count: 1 });
});

t.test("the same data gives the same results", async (t) => {
  const w = await world(t);
  const id = await w.instrument("SAME");
  await w.bars(id, weekdays("2024-03-04", 30).map((date, i) => ({ date, close: 100 + ((i * 7919) % 97), volume: i % 4 })));
  const first = await w.validate(id);
  const second = await w.validate(id);
  t.same([...second], [...first]);
});

t.test("a rule that fails is named, and nothing is stored", async (t) => {
  const w = await world(t);
  const id = await w.instrument("BAD");
  await w.bars(id, [{ date: "2024-03-04" }]);
  await w.db.query(
    `create function quality.rule_broken(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
    returns setof quality.violation language sql stable
    begin atomic
      select null::bigint, id, null::timestamptz, '{}'::jsonb, '{}'::jsonb, '', (1 / (id - id))::text from unnest(p_instrument_ids) as id;
    end`,
  );
  const version = await w.db.value("select (quality.define_rule('broken', 'price_data', 'prices', 'info', '{}', 'd', 'r')).version");
  t.match(await w.db.refused("select quality.validate($1, array[$2::bigint])", [w.runId, id]), {
    code: "22012",
    message: `Rule broken (version ${String(version)}) could not be applied: division by zero`,
    hint: /quality\.rule_broken/,
  });
  t.equal(await w.db.value("select count(*)::int from quality.validation_result"), 0);

  t.match(await w.db.refused("select quality.validate($1, array[-1::bigint])", [w.runId]), { code: "MB002", message: "There is no instrument -1." });
  t.match(await w.db.refused("select quality.validate($1, null, null, array['prices'])", [w.runId]), { code: "MB001", message: /'prices' is not stored data/ });
  t.match(await w.db.refused("select quality.validate($1)", [w.runId], "analyst"), { code: "42501" });
});

t.test("a new version of a rule has to be applied to everything", async (t) => {
  const w = await world(t);
  const id = await w.instrument("PEND");
  await w.bars(id, [{ date: "2024-03-04" }]);
  await w.db.query("delete from pipeline.stale_range");
  const pending = () => w.db.query("select symbol, from_ts::text, reason from quality.pending_validation");
  t.match(await pending(), [{ symbol: "PEND", from_ts: "-infinity", reason: /rule price_spike \w+ has not been applied/ }]);
  await w.validate(id);
  t.same(await pending(), []);
  const version = await w.db.value("select (quality.define_rule(rule, dataset, family, 'info', parameters, description, remedy, population)).version from quality.rule_in_force where rule = 'price_spike'");
  t.match(await pending(), [{ symbol: "PEND", reason: `rule price_spike ${String(version)} has not been applied` }]);
});
