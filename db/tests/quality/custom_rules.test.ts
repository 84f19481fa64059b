import t from "tap";
import { testDatabase } from "../support/database.ts";
import { weekdays, world } from "./support.ts";

const define = `select (quality.define_rule($1, $2, p_expectation => $3, p_expression => $4, p_parameters => $5, p_severity => 'warning',
  p_description => 'What it means.', p_remedy => 'What to do.')).version`;

t.test("an author defines a rule by parameters, and it is applied like any other", async (t) => {
  const w = await world(t);
  const { db } = w;
  const id = await w.instrument("BAND");
  const other = await w.instrument("OTHER");
  const dates = weekdays("2024-03-04", 6);
  await w.bars(id, dates.slice(0, 4).map((date, i) => ({ date, close: i === 1 ? 0.005 : 10 })));
  await w.bars(other, [{ date: dates[0] ?? null }]);
  await db.query("delete from pipeline.stale_range");
  await w.validate(id);
  await w.validate(other);
  t.same(await db.query("select symbol from quality.pending_validation"), []);

  const parameters = { column: "close", min: 0.01, warn: { min: 20 } };
  const version = await db.value("select (quality.define_rule('close_band', 'market.price_data', p_expectation => 'values_between', p_parameters => $1, p_description => 'd', p_remedy => 'r')).version", [JSON.stringify(parameters)], "author");
  t.match(version, /^[0-9a-f]{12}$/);
  t.match(await db.query("select dataset, family, severity, parameters, expectation, function_name from quality.rule_in_force where rule = 'close_band'", [], "reader"), [
    { dataset: "price_data", family: "custom", severity: "error", parameters: { ...parameters, group_by: "instrument_id", time_column: "ts" }, expectation: "values_between", function_name: "quality.expect_values" },
  ]);
  t.equal(await db.value("select activated_by from quality.rule_activation where rule = 'close_band'"), "marketbase_author", "who did it is on record");
  t.match(await db.query("select symbol, reason from quality.pending_validation order by 1"), [{ symbol: "BAND", reason: /rule close_band \w+ has not been applied/ }, { symbol: "OTHER" }]);

  t.match((await w.validate(id)).get("close_band"), { status: "failed", checked: 4, failed: 1, dates: [dates[1]], messages: [`close 0.005 on ${dates[1]}: expected close at least 0.01.`] });
  t.match((await w.validate(other)).get("close_band"), { status: "passed", checked: 1, failed: 0 });
  t.same(await db.query("select symbol from quality.pending_validation"), []);
  t.match(await db.query("select symbol from quality.open_finding where rule = 'close_band'"), [{ symbol: "BAND" }]);

  // Only what is new is looked at, and what was found before stays open.
  await w.bars(id, [{ date: dates[4] ?? null, close: 15 }, { date: dates[5] ?? null, close: 30 }]);
  t.match((await w.validate(id, `${dates[4]}T00:00:00Z`)).get("close_band"), { status: "warned", checked: 2, failed: 1, dates: [dates[4]] });
  t.same((await db.query<{ date: string }>("select (ts at time zone 'UTC')::date::text as date from quality.open_finding where rule = 'close_band' order by ts")).map(({ date }) => date), [dates[1], dates[4]]);
  t.match(await db.query("select passed_count::int as passed, warned_count::int as warned, failed_count::int as failed from quality.rule_summary where rule = 'close_band'"), [{ passed: 1, warned: 1, failed: 0 }]);

  // The same content is the same version; retired, it is gone from what is applied.
  t.equal(await db.value("select (quality.define_rule('close_band', 'price_data', p_expectation => 'values_between', p_parameters => $1, p_description => 'd', p_remedy => 'r')).version", [JSON.stringify(parameters)], "author"), version);
  t.equal(await db.value("select quality.refresh_rules()::int", [], "worker"), 0);
  await db.query("select quality.retire_rule('close_band')", [], "author");
  t.equal(await db.value("select count(*)::int from quality.rule_in_force where rule = 'close_band'"), 0);
  await w.validate(id);
  t.equal(await db.value("select count(*)::int from quality.validation_result where rule = 'close_band'"), 3);
});

t.test("datasets as a whole, conditions, and a rule that cannot be applied", async (t) => {
  const w = await world(t);
  const { db } = w;
  const id = await w.instrument("A");
  await w.bars(id, weekdays("2024-03-04", 3).map((date, i) => ({ date, volume: i })));
  const defined = (rule: string, dataset: string, expectation: string | null, expression: string | null, parameters: object) =>
    db.value<string>(define, [rule, dataset, expectation, expression, JSON.stringify(parameters)], "author");
  await defined("half_days", "trading_session", null, "is_half_day or close_at - open_at >= interval '6 hours'", { row_condition: "mic = 'XNYS'" });
  await defined("by_provider", "price_data", "row_count_between", null, { group_by: "provider", min: 4 });
  await defined("inside", "price_data", null, "close between low and high and \"open\" between low and high", {});
  await defined("divides", "price_data", null, "close / volume > 0", {});
  await defined("in_feature", "feature.feature_set", "row_count_between", null, { min: 1 });

  await db.query("select from quality.validate($1)", [w.runId], "worker");
  const said = async (rule: string) => (await db.query("select instrument_id::int, status, checked_count::int as checked, failed_count::int as failed, message from quality.validation_result where rule = $1 order by validation_result_id desc limit 1", [rule]))[0];
  t.match(await said("half_days"), { instrument_id: null, status: "passed" });
  t.match(await said("by_provider"), { instrument_id: null, status: "failed", checked: 1, failed: 1, message: /row count 3 \(provider test\): expected row count at least 4\./ });
  t.match(await said("inside"), { instrument_id: id, status: "passed", checked: 3 });
  t.match(await said("divides"), { instrument_id: null, status: "failed", checked: 1, failed: 1, message: /The rule could not be applied: division by zero/ });
  t.match(await said("in_feature"), { instrument_id: null, status: "passed" });
  t.same(await db.query("select symbol, reason from quality.pending_validation where reason like '%divides%'"), [], "what could not be applied has said so");
  t.match(await db.query("select key, observed from quality.validation_finding join quality.validation_result using (validation_result_id) where rule = 'by_provider'"), [{ key: { provider: "test" }, observed: { "row count": 3 } }]);
});

t.test("what cannot be expected is refused in a sentence, and nothing is stored", async (t) => {
  const db = await testDatabase(t);
  const cases: (readonly [dataset: string | null, expectation: string | null, expression: string | null, parameters: object, message: RegExp, code?: string])[] = [
    ["nowhere", "values_null", null, { column: "a" }, /There is no table or view 'nowhere' that readers may read/, "MB003"],
    ["pg_catalog.pg_authid", "row_count_between", null, { min: 1 }, /There is no table or view/, "MB003"],
    ["graphile_worker.jobs", "row_count_between", null, { min: 1 }, /There is no table or view/, "MB003"],
    ["price_data", "values_fine", null, {}, /There is no expectation 'values_fine'/, "MB003"],
    ["price_data", "values_between", null, { column: "close" }, /Neither min nor max is given/],
    ["price_data", "values_between", null, { min: 1 }, /values_between needs the parameter column/],
    ["price_data", "values_between", null, { column: "closing", min: 1 }, /price_data has no column 'closing'/],
    ["price_data", "values_between", null, { column: "close", min: "cheap" }, /"cheap" is not a value of type double precision/],
    ["price_data", "values_between", null, { column: "close", min: 1, maximum: 2 }, /values_between has no parameter 'maximum'/],
    ["price_data", "values_between", null, { column: "close", min: 1, warn: { maximum: 2 } }, /has no parameter 'maximum'/],
    ["price_data", "values_between", null, { column: "close", min: 1, strict_min: "yes" }, /strict_min of values_between is "yes", not true or false/],
    ["price_data", "values_between", null, { column: "close", min: 1, mostly: 1.5 }, /mostly is 1.5/],
    ["price_data", "values_between", null, { column: "session_date", min: "2020-01-01", tolerance: 1 }, /A tolerance is a number/],
    ["price_data", "values_match_regex", null, { column: "close", regex: "a" }, /Column close of market.price_data is not a text but double precision/],
    ["price_data", "values_match_regex", null, { column: "provider", regex: "(" }, /cannot be expected of price_data like this: invalid regular expression/],
    ["price_data", "mean_between", null, { column: "provider", min: 1 }, /is not a number but text/],
    ["price_data", "values_increasing", null, { column: "close", time_column: null }, /has no time by which its rows could be in order/],
    ["price_data", "values_match_json_schema", null, { column: "provider", schema: { typ: "string" } }, /'typ' is not a word of JSON schemas/],
    ["price_data", "values_match_strftime", null, { column: "provider", format: "%Q" }, /'%Q' is not a part of a time/],
    ["price_data", "kl_divergence_below", null, { column: "provider", values: ["a"], weights: [1, 2], max_divergence: 1 }, /weights is not a list with a number for each/],
    ["price_data", "metric_usual", null, { metric: "hits", max_score: 5 }, /There is no metric 'hits'/],
    ["price_data", "metric_usual", null, { metric: "sum", max_score: 5 }, /The metric sum needs a column/],
    ["exchange", "metric_usual", null, { metric: "row_count", max_score: 5 }, /has no time by which it could be cut into days/],
    ["price_data", "metric_usual", null, { metric: "row_count", max_score: 5, season: "session", group_by: "provider" }, /There is no exchange whose sessions/],
    ["price_data", null, "close + 1", {}, /cannot be expected of price_data like this: .*boolean/],
    ["price_data", null, "close >", {}, /cannot be expected of price_data like this: syntax error/],
    ["price_data", null, "provider > 5", {}, /cannot be expected of price_data like this/],
    ["price_data", "values_null", "close > 1", { column: "close" }, /values_null takes no expression/],
  ];
  // What a condition must never do.
  for (const attack of [
    "close > 1); drop table market.price_data; --", "close > 1; select 1", "(select count(*) from pg_class) > 0", "close > (values (1))", "exists (table pg_authid)",
    "pg_sleep(10) is null", "pg_catalog.pg_sleep(10) is null", "lo_import('/etc/passwd') > 0", "pg_read_file('/etc/passwd') is not null", "current_user = 'x'", "set_config('role', 'x', false) = ''",
    "provider::regclass is not null", "nextval('market.instrument_instrument_id_seq') > 0", "close > 1) or (true", "close > 1, true", "close > $1", "close > 1 /* */", "E'\\x41' = provider",
    "U&'\\0041' = provider", "$$a$$ = provider", "quality.retire_rule('price_spike') is null", "array(select 1) is null", "d.close > 1", "\"nowhere\" > 1", "close > all (array[1])", "row(1, 2) is null",
    "query_to_xml('select 1', true, true, '') is not null", "repeat('x', 1000000000) = provider", "close > any ('{1}')", "close is document", "sum(close) > 0", "count(*) over () > 0", "(((close > 1", `${"(".repeat(3000)}true${")".repeat(3000)}`,
    "close > 1\u0000", "", " ", "x".repeat(5000),
  ]) cases.push(["price_data", null, attack, {}, /./], ["price_data", "values_not_null", null, { column: "close", row_condition: attack }, /./]);

  const state = async () => db.query("select (select count(*)::int from quality.validation_rule) as rules, (select count(*)::int from pg_class) as relations, (select count(*)::int from quality.rule_activation) as activations");
  const before = await state();
  for (const [dataset, expectation, expression, parameters, message, code = "MB001"] of cases) {
    if (expression?.includes("\u0000") === true || JSON.stringify(parameters).includes("\\u0000")) {
      t.ok((await db.refused(define, ["bad", dataset, expectation, expression, JSON.stringify(parameters)], "author")).code);
      continue;
    }
    const refusal = await db.refused(define, ["bad", dataset, expectation, expression, JSON.stringify(parameters)], "author");
    t.match(refusal, { code, message }, `${expression ?? expectation ?? ""} ${JSON.stringify(parameters)}`.slice(0, 100));
  }
  t.same(await state(), before);

  t.match(await db.refused("select quality.define_rule('nothing', 'price_data', p_description => 'd', p_remedy => 'r')", [], "worker"), { code: "MB003", message: /Rule nothing has no function/ });
  t.match(await db.refused("select quality.define_rule('nothing', 'price_data', p_expression => 'close > 0')", [], "author"), { code: "MB001", message: "Rule nothing has no description." });
  t.match(await db.refused("select quality.define_rule('price_spike', 'price_data', p_expression => 'close > 0', p_description => 'd', p_remedy => 'r')", [], "author"), { code: "MB008", message: /a function of its own/ });
  t.match(await db.refused("select quality.define_rule('price_spike', 'price_data', 'prices', 'info', '{}', 'd', 'r')", [], "author"), { code: "42501", message: "marketbase_author may not change rule price_spike, which is a function of its own." });
  t.match(await db.refused("select quality.retire_rule('price_spike')", [], "author"), { code: "42501" });
  for (const role of ["reader", "analyst", "auditor"] as const) t.match(await db.refused(define, ["mine", "price_data", null, "close > 0", "{}"], role), { code: "42501" }, role);
  t.match(await db.refused("insert into quality.validation_rule (rule, version) values ('a', 'b')", [], "author"), { code: "42501" }, "there is no way around define_rule");
});

t.test("a day that is unlike the days before is found, also where these were all alike", async (t) => {
  const w = await world(t);
  const { db } = w;
  const id = await w.instrument("ODD");
  // Volumes of 1 to 10: the median is 5.5, the median deviation 2.5, so that 20 scores 0.6745 * 14.5 / 2.5.
  const dates = (await db.query<{ date: string }>("select session_date::text as date from market.trading_session where mic = 'XNYS' and session_date >= '2023-01-03' order by 1 limit 14")).map(({ date }) => date);
  const volumes = [3, 9, 1, 10, 7, 5, 2, 8, 6, 4, 20, 5, 5, 5];
  await w.bars(id, dates.map((date, i) => ({ date, volume: volumes[i] ?? 1 })));
  const verdicts = (parameters: object, from: string | null = null) =>
    db.query<{ status: string; checked: number; failed: number; masked: number; days: string[]; scores: string[] }>(
      `select status, checked_count::int as checked, failed_count::int as failed, masked_count::int as masked,
         array(select key ->> 'day' from unnest(violations)) as days, array(select observed ->> 'score' from unnest(violations)) as scores
       from quality.expectation_verdicts('price_data', 'metric_usual', $1, array[$2::bigint], $3)`,
      [JSON.stringify({ time_column: "session_date", baseline: 10, min_baseline: 10, ...parameters }), id, from], "author",
    );
  const volume = { metric: "sum", column: "volume", max_score: 3.5 };
  const [odd] = await verdicts(volume);
  t.match(odd, { status: "failed", checked: 4, failed: 1, days: ["2023-01-18"] });
  t.equal(Number(odd?.scores[0]).toFixed(4), (0.6745 * 14.5 / 2.5).toFixed(4));
  t.match(await verdicts({ ...volume, max_score: 4 }), [{ status: "passed", checked: 4 }]);
  t.match(await verdicts({ ...volume, warn: { max_score: 3.5 }, max_score: 4 }), [{ status: "warned", failed: 1 }]);
  t.match(await verdicts(volume, "2023-01-19"), [{ status: "passed", checked: 3, failed: 0 }], "what is asked about lies after it");
  t.match(await verdicts({ ...volume, min_baseline: 10, baseline: 10, row_condition: "session_date < '2023-01-18'" }), [{ status: "not_applicable", checked: 0 }], "a past too short says nothing");
  t.match(await verdicts({ ...volume, row_condition: "volume < 0" }), [{ status: "not_applicable" }], "no rows");
  t.match(await verdicts({ metric: "null_share", column: "adjusted_close", max_score: 3.5 }), [{ status: "passed", checked: 4 }], "no variance, and no change");

  // Every session has one bar but one: no variance, and any other count is infinitely far from it.
  await db.query("delete from market.price_data where instrument_id = $1 and session_date = '2023-01-20'", [id]);
  t.match(await verdicts({ metric: "row_count", max_score: 1000 }), [{ status: "failed", checked: 4, failed: 1, days: ["2023-01-20"], scores: ["-Infinity"] }]);
  t.match(await verdicts({ metric: "row_count", max_score: 1000, two_sided: false }), [{ status: "passed", checked: 4 }]);

  // A known incident is neither judged nor part of what is usual, and counted.
  const incident = await db.value("select (quality.record_incident('price_data', '2023-01-18', '2023-01-20', 'The feed was down.', $1)).known_incident_id::int", [id], "author");
  t.match(await verdicts({ metric: "row_count", max_score: 1000, min_baseline: 5 }), [{ status: "passed", checked: 6, failed: 0, masked: 3 }]);
  t.match(await verdicts({ ...volume, min_baseline: 5 }), [{ status: "passed", checked: 6, masked: 3 }]);
  t.match(await db.query("select status, checked_count::int as checked, masked_count::int as masked, message from quality.expectation_verdicts('price_data', 'values_between', '{\"column\": \"volume\", \"max\": 10}', array[$1::bigint])", [id], "author"), [
    { status: "passed", checked: 11, masked: 2, message: "11 checked, none failed. 2 masked by known incidents." },
  ]);
  t.match(await db.query("select reason, recorded_by from quality.known_incident", [], "reader"), [{ reason: "The feed was down.", recorded_by: "marketbase_author" }]);
  await db.query("select quality.withdraw_incident($1)", [incident], "author");
  t.match(await verdicts({ metric: "row_count", max_score: 1000 }), [{ status: "failed", masked: 0 }]);
  t.match(await db.query("select withdrawn_by from quality.known_incident"), [{ withdrawn_by: "marketbase_author" }]);
  t.match(await db.refused("select quality.record_incident('price_data', '2023-01-02', '2023-01-01', 'x')", [], "author"), { code: "MB001" });
  t.match(await db.refused("select quality.record_incident('price_data', '2023-01-02', '2023-01-03', 'x', -1)", [], "author"), { code: "MB002" });
  t.match(await db.refused("delete from quality.known_incident", [], "author"), { code: "42501" });
});

t.test("Fridays are compared with Fridays and half days with half days", async (t) => {
  const w = await world(t);
  const { db } = w;
  const id = await w.instrument("SEASON");
  const sessions = await db.query<{ date: string; half: boolean; day: number }>(
    "select session_date::text as date, is_half_day as half, extract(isodow from session_date)::int as day from market.trading_session where mic = 'XNYS' and session_date between '2020-01-01' and '2023-12-31' order by 1",
  );
  // Twice as much on Fridays, half on half days; one Friday and one half day are like any other day.
  const usual = (session: (typeof sessions)[number], i: number) => (100 + (i % 7)) * (session.half ? 0.5 : session.day === 5 ? 2 : 1);
  const half = sessions.filter(({ half }) => half).at(-1)?.date;
  await w.bars(id, sessions.map((session, i) => ({ date: session.date, volume: session.date === "2023-03-10" || session.date === half ? 100 : usual(session, i) })));
  const days = async (season: string, minBaseline = 5) =>
    (await db.query<{ day: string }>(
      `select key ->> 'day' as day from quality.expectation_verdicts('price_data', 'metric_usual', $1, array[$2::bigint]), unnest(violations) order by 1`,
      [JSON.stringify({ metric: "sum", column: "volume", max_score: 8, season, time_column: "session_date", min_baseline: minBaseline }), id], "author",
    )).map(({ day }) => day);
  t.ok((await days("weekday")).includes("2023-03-10"), "a Friday like a Monday");
  t.notOk((await days("none")).includes("2023-03-10"), "without seasons it is like most days");
  t.ok((await days("session")).includes(String(half)), "a half day like a full one");
});
