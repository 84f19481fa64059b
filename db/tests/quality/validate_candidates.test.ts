import t from "tap";
import { world } from "./support.ts";

t.test("one result per rule and body, passed or failed", async (t) => {
  const w = await world(t);
  const id = await w.instrument("CAND");
  const body = await w.candidateBars(id, [
    { date: "2024-03-04", close: 10 },
    { date: "2024-03-05", close: 10, high: 9 },
    { date: "2024-03-06", close: 10, volume: -1 },
  ]);
  const rejected = await w.db.query("select row_no::int as row, rules, reason from quality.validate_candidates($1, $2)", [w.runId, body], "worker");
  t.same(rejected, [
    { row: 2, rules: ["bar_ohlc_order"], reason: "High 9 is below low 10. Open 10 is outside [10, 9]. Close 10 is outside [10, 9]." },
    { row: 3, rules: ["bar_volume_valid"], reason: "Volume -1 is negative or not finite." },
  ]);
  const verdicts = await w.verdicts(body);
  t.same([...verdicts.keys()].sort(), (await w.db.query<{ rule: string }>("select rule from quality.rule_in_force where dataset = 'candidate_bar' order by rule")).map(({ rule }) => rule));
  t.match(verdicts.get("bar_unique"), { status: "passed", checked: 3, failed: 0, message: "3 checked, none failed." });
  t.match(verdicts.get("bar_ohlc_order"), { status: "failed", checked: 3, failed: 1, dates: ["2024-03-05"], message: /^1 of 3 failed\. First: High 9/ });
  t.match(
    (await w.db.query("select instrument_id::int, from_ts, to_ts from quality.validation_result where raw_response_id = $1 limit 1", [body]))[0],
    { instrument_id: id, from_ts: new Date("2024-03-04T00:00:00Z"), to_ts: new Date("2024-03-06T00:00:00Z") },
    "a body of one instrument is a result of that instrument",
  );
});

t.test("only critical rules reject", async (t) => {
  const w = await world(t);
  const id = await w.instrument("SOFT");
  await w.db.query("select quality.define_rule(rule, dataset, family, 'warning', parameters, description, remedy) from quality.rule_in_force where rule = 'bar_volume_valid'");
  const body = await w.candidateBars(id, [{ date: "2024-03-04", volume: -1 }]);
  t.same(await w.judge(body), []);
  t.match((await w.verdicts(body)).get("bar_volume_valid"), { status: "failed", failed: 1 }, "but the failure is remembered");
});

t.test("bodies without rows, of more than one instrument, without candidates, and none", async (t) => {
  const w = await world(t);
  const empty = await w.candidateBars(await w.instrument("A"), []);
  t.same(await w.judge(empty), []);
  t.match((await w.verdicts(empty)).get("bar_unique"), { status: "not_applicable", checked: 0, message: "Nothing to check." });

  const two = await w.candidateBars(await w.instrument("A"), [{ date: "2024-03-04" }, { date: "2024-03-04", close: 50 }]);
  await w.db.query("update ingest.candidate_bar set instrument_id = $1 where raw_response_id = $2 and row_no = 2", [await w.instrument("B"), two]);
  t.same(await w.judge(two), [], "the same day of two instruments is no duplicate");
  t.equal(await w.db.value("select count(instrument_id)::int from quality.validation_result where raw_response_id = $1", [two]), 0);

  const trades = await w.body("trades");
  t.same(await w.judge(trades), []);
  t.equal((await w.verdicts(trades)).size, 0, "trades have no candidates");

  t.match(await w.db.refused("select quality.validate_candidates($1, -1)", [w.runId]), { code: "MB001", message: "There is no body -1." });
});

t.test("a rule that fails is named", async (t) => {
  const w = await world(t);
  await w.db.query(
    `create function quality.rule_broken(p_raw_response_id bigint, p_parameters jsonb) returns setof quality.violation language sql stable
    begin atomic
      select c.row_no, null::bigint, null::timestamptz, '{}'::jsonb, '{}'::jsonb, '', (1 / (c.row_no - 1))::text from ingest.candidate_bar c where c.raw_response_id = p_raw_response_id;
    end`,
  );
  await w.db.query("select quality.define_rule('broken', 'candidate_bar', 'structure', 'critical', '{}', 'd', 'r')");
  const body = await w.candidateBars(await w.instrument("A"), [{ date: "2024-03-04" }]);
  t.match(await w.db.refused("select quality.validate_candidates($1, $2)", [w.runId, body]), { code: "22012", message: /^Rule broken \(version \w{12}\) could not be applied: division by zero/ });
});
