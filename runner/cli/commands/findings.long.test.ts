import t from "tap";
import { weekdays, world } from "../../../db/tests/quality/support.ts";
import { runCli } from "../../testing/cli.ts";

t.setTimeout(200_000);

t.test("findings and gates on the command line", async (t) => {
  const w = await world(t);
  const id = await w.instrument("CLI");
  await w.db.query("select quality.define_rule(rule, dataset, family, 'critical', parameters, description, remedy, population) from quality.rule_in_force where rule = 'price_volume_present'");
  await w.bars(id, weekdays("2024-03-04", 4).map((date, i) => ({ date, close: 100 + i, volume: i === 2 ? 0 : 9 })));
  const env = { DATABASE_URL: w.db.url("admin") };
  t.match(await runCli(["findings", "list"], env), { status: 0, stdout: "No finding.\n" });
  await w.validate(id);
  const finding = await w.db.value<string>("select finding_id::text from quality.finding where rule = 'price_volume_present'");

  const listed = await runCli(["findings", "list", "--symbol", "CLI", "--severity", "critical", "--json"], env);
  t.equal(listed.status, 3, listed.stderr);
  t.match(JSON.parse(listed.stdout), { findings: [{ finding_id: Number(finding), state: "open", rule: "price_volume_present", about: "CLI", at: "2024-03-06" }], suppressed: 0, more: false });
  t.match(await runCli(["gates", "list"], env), { status: 3, stdout: /features +critical +price_data, company_fundamental[^]*features +CLI +1 +price_volume_present \(1\)/ });
  t.match(await runCli(["gates", "release", "--symbol", "CLI", "--step", "predict", "--by", "Ada", "--reason", "checked"], env), { status: 0, stdout: /^release \d+: 1 finding holds back no longer\n$/ });
  t.match(await runCli(["gates", "release", "--symbol", "CLI", "--step", "predict", "--by", "Ada", "--reason", "checked"], env), { status: 1, stderr: /Nothing is held back for step predict, CLI\./ });

  t.match(await runCli(["findings", "acknowledge", finding, "--by", "Ada", "--reason", "a halt", "--until", "2999-12-31"], env), { status: 0, stdout: `finding ${finding} is acknowledged until 2999-12-31T00:00Z\n` });
  t.match(await runCli(["findings", "acknowledge", finding, "--by", "Ada", "--reason", "a halt", "--until", "2999-12-31"], env), { status: 0, stdout: "1 were acknowledged so before\n" });
  t.match(await runCli(["findings", "list", "--rule", "price_volume_present"], env), { status: 0, stdout: "No finding.\n1 acknowledged, not shown: --state acknowledged.\n" });
  t.match(await runCli(["findings", "list", "--state", "acknowledged"], env), { status: 0, stdout: /acknowledged +critical +price_volume_present +CLI +2024-03-06 .* Ada/ });
  t.match(await runCli(["gates", "list"], env), { status: 0, stdout: /Nothing is held back\./ });
  t.match(await runCli(["findings", "reopen", finding, "--by", "Bea", "--reason", "no halt"], env), { status: 0, stdout: `finding ${finding} is reopened\n` });
  const shown = await runCli(["findings", "show", finding], env);
  t.match(shown, { status: 0, stdout: /: reopened, critical\nrule     price_volume_present \w+\nabout    CLI, 2024-03-06 00:00Z\n[^]*opened +run \d+[^]*acknowledged +Ada +a halt +2999-12-31 00:00Z\n[^]*reopened +Bea +no halt/ });
  t.match(await runCli(["findings", "show", "999999"], env), { status: 1, stdout: "", stderr: /There is no finding 999999\./ });
});

t.test("incidents, gates by hand and the quarantine on the command line", async (t) => {
  const w = await world(t);
  const id = await w.instrument("CLI");
  const dates = weekdays("2024-03-04", 4);
  await w.bars(id, dates.map((date, i) => ({ date, close: 100 + i, volume: i === 2 ? 0 : 9 })));
  const env = { DATABASE_URL: w.db.url("admin") };
  await w.validate(id);
  t.match(await runCli(["incidents", "list"], env), { status: 0, stdout: "No incident is known.\n" });
  const added = await runCli(["incidents", "add", "price_data", "--from", "2024-03-05", "--to", "2024-03-06", "--symbol", "CLI", "--reason", "the feed was down", "--json"], env);
  t.equal(added.status, 0, added.stderr);
  const incident = JSON.parse(added.stdout) as Record<string, unknown>;
  t.match(incident, { dataset: "price_data", instrument_id: id, to_ts: "2024-03-06T23:59:59.999Z", recorded_by: "marketbase_author" });
  const number = String(incident["known_incident_id"]);
  await w.validate(id);
  t.match(await runCli(["findings", "list", "--rule", "price_volume_present"], env), { status: 0, stdout: "No finding.\n1 masked by known incidents, not shown: --state masked.\n" });
  t.match(await runCli(["findings", "list", "--rule", "price_volume_present", "--state", "masked"], env), { status: 0, stdout: /masked +error|masked +warning|masked +critical/ });
  t.match(await runCli(["incidents", "list"], env), { status: 0, stdout: new RegExp(`${number} +price_data +CLI +2024-03-05 00:00Z +2024-03-06 23:59Z +the feed was down +marketbase_author`) });
  t.match(await runCli(["incidents", "end", number, "--at", "2024-03-05"], env), { status: 0, stdout: new RegExp(`^incident ${number} is ended; its span is on record as incident \\d+\n$`) });
  t.match(await runCli(["incidents", "end", number], env), { status: 1, stdout: "", stderr: /was withdrawn/ });
  t.match(await runCli(["incidents", "withdraw", String(Number(number) + 1)], env), { status: 0, stdout: `incident ${Number(number) + 1} is withdrawn\n` });
  t.match(await runCli(["incidents", "list", "--all"], env), { status: 0, stdout: /until\n[^]*the feed was down[^]*the feed was down/ });
  t.match(await runCli(["incidents", "add", "price_data", "--from", "2024-03-05", "--symbol", "NONE", "--reason", "x"], env), { status: 1, stdout: "", stderr: /NONE/ });
  t.match(await runCli(["incidents", "add", "nowhere", "--from", "2024-03-05", "--reason", "x"], env), { status: 1, stdout: "", stderr: /There is no table or view 'nowhere'/ });

  t.match(await runCli(["gates", "define", "features", "--severity", "error", "--severity", "critical", "--rule", "price_volume_present", "--description", "no wrong bars"], env), {
    status: 0, stdout: /^features is held back by error, critical, price_volume_present; /,
  });
  t.match(await runCli(["gates", "list", "--json"], env), { stdout: /"step": ?"features",\s*"datasets": ?\[\s*"price_data",\s*"company_fundamental"/ });
  t.match(await runCli(["gates", "define", "features", "--rule", "nothing", "--description", "x"], env), { status: 1, stderr: /There is no rule 'nothing'/ });
  t.match(await runCli(["gates", "remove", "features", "--reason", "for research only"], env), { status: 0, stdout: "nothing holds features back any more\n" });
  t.match(await runCli(["gates", "remove", "publish", "--reason", "x"], env), { status: 1, stderr: /The step 'publish' has no gate/ });

  const body = await w.candidateBars(id, [{ date: "2024-05-01", high: 1 }]);
  await w.db.query(
    `insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id)
     values ($1, 'bars', 1, 'CLI', $2, '2024-05-01Z', '{bar_ohlc_order}', 'high below low', '{"high": 1}', $3)`,
    [body, id, w.runId],
  );
  t.match(await runCli(["quarantine", "list", "--provider", "test", "--symbol", "cli"], env), { status: 0, stdout: /test bars +CLI +2024-05-01 +bar_ohlc_order +high below low[^]*marketbase ingest release ROW/ });
  t.match(await runCli(["quarantine", "list", "--rule", "bar_unique"], env), { status: 0, stdout: "No row is in quarantine.\n" });
});

t.test("wrong usage is one sentence and exit status 2, before anything is opened", async (t) => {
  for (const [argv, message] of [
    [["findings", "show", "x"], /x is not the number of a finding/],
    [["findings", "acknowledge", "1", "--by", "Ada"], /A decision is taken by somebody, for a reason/],
    [["findings", "acknowledge", "1", "--by", "Ada", "--reason", "x", "--until", "2026-02-30"], /--until takes a day or a moment/],
    [["findings", "list", "--state", "closed"], /closed/],
    [["findings", "list", "--limit", "0"], /--limit takes a whole number/],
    [["findings", "list", "--as-of", "yesterday"], /--as-of takes a day or a moment/],
    [["gates", "release", "--by", "Ada", "--reason", "x"], /A release names what it releases/],
    [["gates", "release", "--step", "ingest", "--by", "Ada", "--reason", "x"], /ingest/],
    [["incidents", "add", "price_data", "--from", "2026-01-01"], /An incident has a beginning and a reason/],
    [["incidents", "add", "price_data", "--from", "soon", "--reason", "x"], /--from takes a day or a moment/],
    [["incidents", "end", "x"], /x is not the number of an incident/],
    [["gates", "define", "features", "--description", "x"], /A gate names the findings that close it/],
    [["gates", "define", "features", "--severity", "error"], /A gate has a reason/],
    [["gates", "remove", "features"], /A gate is opened for a reason/],
    [["quarantine", "list", "--limit", "x"], /--limit takes a whole number/],
    [["ingest", "release", "x", "--by", "Ada", "--reason", "x"], /is not the number of a row in quarantine/],
  ] as const) t.match(await runCli([...argv], {}), { status: 2, stdout: "", stderr: message }, argv.join(" "));
  t.match(await runCli(["findings", "--help"], {}), { status: 0, stdout: /findings list[^]*findings acknowledge/ });
  t.match(await runCli(["findings", "list", "--help"], {}), { status: 0, stdout: /marketbase findings list --as-of 2026-11-01/ });
});
