import t from "tap";
import { world } from "../quality/support.ts";
import { fill, interpreted, psql } from "./support.ts";

t.test("psql and marketbase report print the same bytes", async (t) => {
  const w = await world(t);
  await fill(w);
  const asOf = await w.db.value<string>("select clock_timestamp()::text");
  const requests: Record<string, string>[] = [{ as_of: asOf }, { as_of: asOf, lines: "1" }, { as_of: "2020-01-01" }];
  for (const variables of requests) {
    const expected = await psql(t, w.db, "compliance", variables);
    if (expected === undefined) return;
    t.match(expected, { status: 0, stderr: "" });
    t.equal(await interpreted(w.db, "compliance", variables), expected.stdout, JSON.stringify(variables));
  }
});

t.test("what the report says", async (t) => {
  const w = await world(t);
  await fill(w);
  const text = await interpreted(w.db, "compliance");
  const wide = text.split("\n").filter((line) => line.length > 120);
  t.same(wide, [], "no line is wider than 120 columns");
  for (const [what, line] of Object.entries({
    "a body": /\| test bars TEST +\| [0-9a-f]{64}\n/,
    "a normaliser": / ingest\.normalise_test_bars \| 0123456789ab \| +2 \| +1 \| +2 \| +0 \| +0 \| +2\n/,
    "a refused body": /\| MB004 \| The body is HTML\.\n/,
    "rows and closed versions": / market\.price_data +\| +30 \| +1 \| /,
    "a rule in force": / price_volume_present +\| [0-9a-f]{12} \| price_data +\| warning +\| \d{4}-/,
    "checks that passed": / price_spike +\| [0-9a-f]{12} \| warning +\| +1 \| +0 \| +0 \| +0 \| +30 \| +0\n/,
    "a failure": / error +\| fundamental_balance +\| AAA +\| +1 \| +0 \| Assets of 2020-12-31 are 10 USD/,
    "the quarantine": / bar_ohlc_order +\| bars +\| +2 \| +1 \| +1 \| 2024-05-01 \| 2024-05-01\n/,
    "a row of the quarantine": /\| AAA +\| 2024-05-01 \| +1 \| a line broken, 東京/,
    "nothing for what is not known": /\| {8}\| {12}\| +2 \| no time\n/,
    "a correction": / market\.price_data \| AAA +\| +1 \| 2024-03-05 \| 2024-03-05 \| /,
    "lineage of every bar": / market\.price_data \| +30 \| +1 \| +30 \| +0\n/,
  })) {
    t.match(text, line, what);
  }

  const { sections } = JSON.parse(await interpreted(w.db, "compliance", {}, "json")) as { sections: { title: string; rows: Record<string, unknown>[] }[] };
  t.equal(sections.length, 18);
  t.match(sections.find(({ title }) => title.startsWith("9."))?.rows[0], { rule: "bar_ohlc_order", rows: 2 });
  const csv = await interpreted(w.db, "compliance", {}, "csv");
  t.match(csv, /\n# 1\. What came in, from where\nprovider,dataset,subjects,bodies,bytes,first_fetched,last_fetched\n/);
  t.match(csv, /,"a line broken, 東京 日経 cafe\u0301 {3}\\ ""quoted"""\n/u);
});

t.test("the same moment gives the same bytes, whatever arrives later", async (t) => {
  const w = await world(t);
  const id = await fill(w);
  const asOf = await w.db.value<string>("select clock_timestamp()::text");
  const before = await interpreted(w.db, "compliance", { as_of: asOf });

  const later = await w.instrument("ZZZ");
  await w.bars(later, [{ date: "2024-03-04" }]);
  await w.bars(id, [{ date: "2024-06-03" }]);
  await w.db.query("update market.price_data set volume = 78 where instrument_id = $1 and session_date in ('2024-03-05', '2024-03-06')", [id]);
  await w.db.query("delete from market.price_data where instrument_id = $1 and session_date = '2024-03-07'", [id]);
  await w.validate(id);
  await w.judge(await w.candidateBars(id, [{ date: "2024-06-04", volume: -1 }]));
  await w.db.query("select quality.define_rule(rule, dataset, family, 'error', parameters, description, remedy, population) from quality.rule_in_force where rule = 'price_spike'");
  await w.db.query("select quality.retire_rule('price_fresh')");

  t.equal(await interpreted(w.db, "compliance", { as_of: asOf }), before);
  const now = await interpreted(w.db, "compliance");
  t.not(now.split("\n").slice(5).join("\n"), before.split("\n").slice(5).join("\n"), "as of now it says something else");
  t.match(now, / price_spike +\| [0-9a-f]{12} \| price_data +\| error /);
});

t.test("a moment that is none is one clear line", async (t) => {
  const w = await world(t);
  const cases: [string, string][] = [
    ["yesterday-ish", "'yesterday-ish' is not a moment; write it as 2026-01-01 or '2026-01-01 18:00+00'."],
    ["'; drop table quality.validation_result; --", "'''; drop table quality.validation_result; --' is not a moment; write it as 2026-01-01 or '2026-01-01 18:00+00'."],
    ["2999-01-01", "'2999-01-01' lies in the future: what will be recorded until then cannot be reported."],
    ["infinity", "'infinity' lies in the future: what will be recorded until then cannot be reported."],
  ];
  for (const [asOf, message] of cases) {
    await t.rejects(interpreted(w.db, "compliance", { as_of: asOf }), { code: "MB001", message }, asOf);
    const said = await psql(t, w.db, "compliance", { as_of: asOf });
    if (said === undefined) return;
    t.match(said, { status: 3, stdout: "" });
    t.match(said.stderr, /^psql:[^\n]*begin\.sql:\d+: ERROR: {2}[^\n]*\n$/, "psql prints it on one line and exits with 3");
    t.ok(said.stderr.includes(message));
  }
});

t.test("only who may read runs and rules may make the report", async (t) => {
  const w = await world(t);
  t.match(await w.db.refused("select quality.report_moment(null)", [], "reader"), { code: "42501" });
  t.ok(await w.db.value("select quality.report_moment('')", [], "analyst"));
});
