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
    [["ingest", "release", "x", "--by", "Ada", "--reason", "x"], /is not the number of a row in quarantine/],
  ] as const) t.match(await runCli([...argv], {}), { status: 2, stdout: "", stderr: message }, argv.join(" "));
  t.match(await runCli(["findings", "--help"], {}), { status: 0, stdout: /findings list[^]*findings acknowledge/ });
  t.match(await runCli(["findings", "list", "--help"], {}), { status: 0, stdout: /marketbase findings list --as-of 2026-11-01/ });
});
