import t from "tap";
import { listReports } from "../../../runner/report/catalogue.ts";
import { world } from "../quality/support.ts";
import { derive, enrich, fill, interpreted } from "./support.ts";

t.test("every report", async (t) => {
  const w = await world(t);
  const id = await fill(w);
  await derive(w, id);
  await w.db.query("delete from market.price_data where instrument_id = $1 and session_date in ('2024-03-20', '2024-03-21')", [id]);
  await enrich(w, id);
  const prediction = await w.db.value<string>("select model_prediction_id::text from ml.model_prediction");
  // Somebody acknowledged one of the bars without volume, another lies in a known incident.
  await w.db.query("select quality.record_incident('price_data', '2024-03-13', '2024-03-13', 'the feed was down', $1)", [id], "author");
  await w.db.query(
    `select quality.acknowledge(array[(select finding_id from quality.finding where rule = 'price_volume_present' and ts = '2024-03-04Z')], 'Ada Lovelace', 'a halt, says the exchange', '2999-12-31Z')`,
    [], "author",
  );
  await w.validate(id);
  const asOf = await w.db.value<string>("select clock_timestamp()::text");
  // What has to be asked for, and what may be.
  const requests: [name: string, variables: Record<string, string>][] = [
    ...listReports().filter(({ name }) => name !== "lineage" && name !== "access").map(({ name }): [string, Record<string, string>] => [name, {}]),
    ["lineage", { symbol: "aaa", date: "2024-03-05" }],
    ["lineage", { symbol: "AAA", feature: "qlib14.kmid" }],
    ["lineage", { prediction }],
    ["completeness", { symbol: "AAA", from: "2024-03-10", to: "2024-03-20" }],
    ["corrections", { symbol: "AAA", from: "2000-01-01" }],
    ["var_backtests", { portfolio: "book", from: "2022-06-01" }],
  ];
  const before = new Map<string, string>();
  for (const [name, variables] of requests) before.set(`${name} ${JSON.stringify(variables)}`, await interpreted(w.db, name, { ...variables, as_of: asOf }));

  t.test("has something in every section, so that the tests below compare something", async (t) => {
    const filled = new Map<string, boolean>();
    for (const [name, variables] of requests) {
      const { sections } = JSON.parse(await interpreted(w.db, name, { ...variables, as_of: asOf }, "json")) as { sections: { title: string; rows: unknown[] }[] };
      for (const { title, rows } of sections) filled.set(`${name} ${title}`, filled.get(`${name} ${title}`) === true || rows.length > 0);
    }
    t.same([...filled].filter(([, isFilled]) => !isFilled).map(([title]) => title), []);
  });

  t.test("says what there is, within 120 columns", async (t) => {
    const all = [...before.values()].join("\n") + (await interpreted(w.db, "access"));
    t.same(all.split("\n").filter((line) => line.length > 120), []);
    for (const [what, line] of Object.entries({
      "a gap is one span": / AAA +\| XNYS \| 2024-03-20 +\| 2024-03-21 +\| +2\n/,
      "a bar on a holiday": / AAA +\| XNYS \| 2024-03-29 +\| Fri\n/,
      "a correction with both sides": / AAA +\| 2024-03-05 \| 1 \| volume \| +1 \| +77 \| /,
      "the chain of a price": /\n market\.price_data +\| AAA +\| 2024-03-05 \| 2024-03-05 \| +1 \| version 2 +\| .*\n {3}ingest\.raw_response \|/,
      "the chain of a prediction": /\n ml\.model_prediction +\|.*\n {3}ml\.model_training_run +\|.*\n {5}ml\.training_set +\|.*\n {7}feature\.feature_vector +\|.*\n {9}market\.price_data +\|/,
      "bytes that still have their hash": /[0-9a-f]{64} \| yes\n/,
      "coverage of value at risk": / book +\| historical 0\.99, 500 days \| +400 \| 2022-01-04 \| 2023-02-07 \| +4\.0 \| +3 \| +0\.276 \| +0\.5991\n/,
      "a training": / next_return_ridge \| \d{4}-\d\d-\d\d \d\d:\d\d \| c0de +\| 0\.5000 \| 0\.2500 /,
      "a principle with its figure": / 4 \| Completeness +\| sessions with a bar, % of those expected +\| +\d+\.\d{4} \| completeness\n/,
      "all versions are there": / market\.price_data +\| +3 \| +4 \| +4 \| +0\n/,
      "who may write": / marketbase_worker \| risk +\| +1 \| +1 \| +1 \| +0 \| +0 \| +0\n/,
      "an acknowledged finding, with who and why": / price_volume_present \| +1 \| \d{4}-\d\d-\d\d \| Ada Lovelace \| 2999-12-31 \| a halt, says the exchange\n/,
      "a known incident": / price_data \| AAA +\| 2024-03-13 00:00 \| 2024-03-13 00:00 \| +1 \| the feed was down\n/,
      "what it masks": / price_volume_present +\| +1 \| +2\d \| +[1-9] \| +1\n/,
      "and how many of the rows are acknowledged": / price_volume_present +\| AAA +\| +[1-9] \| +1 \| /,
      "definer functions": / feature\.define_set +\| marketbase_owner \| search_path=/,
    })) {
      t.match(all, line, what);
    }
  });

  t.test("says the same of the same moment, whatever has happened since", async (t) => {
    const later = await w.instrument("ZZZ");
    await w.bars(later, [{ date: "2024-03-04" }]);
    await w.bars(id, [{ date: "2024-06-03" }]);
    await w.db.query("update market.price_data set volume = 78 where instrument_id = $1 and session_date in ('2024-03-05', '2024-03-06')", [id]);
    await w.db.query("delete from market.price_data where instrument_id = $1 and session_date = '2024-03-07'", [id]);
    await w.db.query("update market.company_fundamental set value = value + 1 where instrument_id = $1", [id]);
    await w.action(id, "dividend", "2024-03-20", 1);
    await w.db.query("select quality.withdraw_incident(known_incident_id) from quality.known_incident", [], "author");
    await w.db.query("select quality.reopen(array_agg(finding_id), 'Bea', 'no halt') from quality.finding where state = 'acknowledged'", [], "author");
    await w.validate(id);
    await w.judge(await w.candidateBars(id, [{ date: "2024-06-04", volume: -1 }]));
    await w.db.query("select quality.define_rule(rule, dataset, family, 'error', parameters, description, remedy, population) from quality.rule_in_force where rule = 'price_spike'");
    await w.db.query("select quality.retire_rule('price_fresh')");
    await w.db.query("select market.rename_instrument($1, 'AAA', 'BBB', '2024-05-01')", [w.runId]);
    // A calendar that is corrected, a model that is changed, figures that are computed again, an exchange, a vector, a run.
    await w.db.query("delete from market.trading_session where mic = 'XNYS' and session_date = '2024-03-12'");
    await w.db.query("insert into market.trading_session (mic, session_date, open_at, close_at) values ('XNYS', '2024-03-16', '2024-03-16 13:30Z', '2024-03-16 20:00Z')");
    await w.db.query("update market.trading_session set is_half_day = true where mic = 'XNYS' and session_date = '2024-03-13'");
    await w.db.query("update market.exchange set calendar = 'weekdays' where mic = 'XNYS'");
    await w.db.query("update ml.model set label = label, description = 'another', parameters = '{}'");
    await w.db.query("update risk.var_calculation set value_at_risk = 0.0001, recorded_at = now() where session_date < '2022-06-01'");
    await w.db.query("update portfolio.performance_metric set value = -0.5, recorded_at = now() where session_date > '2023-01-01'");
    await w.db.query("update risk.var_calculation set value_at_risk = 0.0002, recorded_at = now() where session_date < '2022-02-01'");
    await w.db.query("delete from portfolio.performance_metric where session_date = '2022-08-01'");
    await w.db.query("update ingest.held_response set released_at = now(), released_by = 'somebody', reason = 'a test', accept_run_id = $1", [w.runId]);
    await w.db.query("update feature.feature_vector set values = array_fill(0.25::float8, array[cardinality(values)])");
    await w.db.query("update pipeline.pipeline_run set status = 'failed', error_code = 'MB008', message = 'lost', started_at = now(), finished_at = now(), attempt = attempt + 1");
    for (const [name, variables] of requests) {
      t.equal(await interpreted(w.db, name, { ...variables, as_of: asOf }), before.get(`${name} ${JSON.stringify(variables)}`), `${name} ${JSON.stringify(variables)}`);
    }
    t.match(await interpreted(w.db, "completeness"), / BBB +\| XNYS /, "now it has another name");
    t.match(await interpreted(w.db, "var_backtests"), / book +\| historical 0\.99, 500 days \| +39\d \| .*\n/);
    t.match(await interpreted(w.db, "record_keeping"), / risk\.var_calculation +\| +0 \| +178 \| +0 \| /, "changes in place are in the trail");
  });

  t.test("refuses what it cannot be asked for, in one sentence", async (t) => {
    const cases: [string, Record<string, string>, string, RegExp][] = [
      ["compliance", { symbol: "AAA" }, "MB001", /^The report compliance takes no symbol; it takes as_of, lines\.$/],
      ["access", { as_of: "2020-01-01" }, "MB001", /^The report access says what is so now and cannot look back: leave as_of out\.$/],
      ["completeness", { symbol: "NOBODY" }, "MB002", /^There was no instrument with the symbol 'NOBODY' at that moment\.$/],
      ["completeness", { from: "today" }, "MB001", /^'today' is not a day; write it as 2026-01-31\.$/],
      ["completeness", { to: "2024-02-30" }, "MB001", /^'2024-02-30' is not a day/],
      ["completeness", { from: "2024-02-02", to: "2024-02-01" }, "MB001", /^from 2024-02-02 lies after to 2024-02-01\.$/],
      ["completeness", { from: "" }, "MB001", /^from is empty; give it a value, or leave it out\.$/],
      ["compliance", { as_of: "" }, "MB001", /^as_of is empty; give it a value, or leave it out\.$/],
      ["access", { symbol: "" }, "MB001", /^The report access takes no symbol; it takes lines\.$/],
      ["completeness", { lines: "many" }, "MB001", /^'many' is not a number of lines/],
      ["completeness", { lines: "0" }, "MB001", /^'0' is not a number of lines/],
      ["lineage", {}, "MB001", /^Whose number\? Give symbol/],
      ["lineage", { prediction: "x" }, "MB001", /^'x' is not the number of a prediction/],
      ["lineage", { prediction: "99999999" }, "MB002", /^There was no prediction 99999999 at that moment\.$/],
      ["lineage", { symbol: "BBB", feature: "qlib14.nothing" }, "MB003", /^There was no feature 'qlib14\.nothing'/],
      ["lineage", { symbol: "BBB", date: "1999-01-01" }, "MB002", /^Nothing was stored at that moment for that instrument on 1999-01-01\.$/],
      ["var_backtests", { portfolio: "nobody" }, "MB003", /^there is no portfolio 'nobody'$/],
    ];
    for (const [name, variables, code, message] of cases) await t.rejects(interpreted(w.db, name, variables), { code, message }, `${name} ${JSON.stringify(variables)}`);
  });

  t.test("as JSON and as a page", async (t) => {
    const json = JSON.parse(await interpreted(w.db, "var_backtests", { as_of: asOf }, "json"));
    t.match(json, { report: "var_backtests", title: "backtests of value at risk", database: w.db.name, sessions: "all" });
    t.match(json.sections[0], {
      title: /^1\. Coverage/,
      columns: [{ name: "portfolio", type: "text" }, { name: "model", type: "text" }, { name: "sessions", type: "number" }],
      rows: [{ portfolio: "book", sessions: 400, exceptions: 3, lr: 0.276 }],
    });
    for (const { name } of listReports().filter((report) => report.name !== "lineage")) {
      const page = await interpreted(w.db, name, {}, "html");
      t.match(page, /^<!doctype html>\n<html lang="en">[^]*<\/html>\n$/);
      t.notMatch(page, /<script|<link|<img|https?:|src=|[\u0000-\u0008]/, `${name} needs nothing else`);
      const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, found]) => found);
      t.equal(new Set(ids).size, ids.length, `${name}: every id once`);
    }
    const page = await interpreted(w.db, "var_backtests", { as_of: asOf }, "html");
    t.match(page, /<svg role="img" aria-labelledby="c6-1-0"[^]*<polyline/);
    t.match(page, /<th scope="col" class="number">exceptions<\/th>/);
    t.match(await interpreted(w.db, "compliance", {}, "html"), /a line broken, 東京 日経 cafe\u0301 {3}\\ &quot;quoted&quot;/);
  });
});
