import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { weekdays, world } from "../../../db/tests/quality/support.ts";
import { runCli } from "../../testing/cli.ts";

t.test("rules are tried, defined, listed, shown and retired on the command line", async (t) => {
  const w = await world(t);
  const id = await w.instrument("CENT");
  await w.bars(id, weekdays("2024-03-04", 4).map((date, i) => ({ date, close: i === 2 ? 0.005 : 10 })));
  const env = { DATABASE_URL: w.db.url("admin") };
  const file = join(t.testdir({}), "rules.json");
  const band = { rule: "close_band", dataset: "price_data", expectation: "values_between", parameters: { column: "close", min: 0.01 }, severity: "warning", description: "A close below a cent.", remedy: "Look at the unit." };
  writeFileSync(file, JSON.stringify([band, { rule: "inside", dataset: "price_data", expression: "close between low and high", description: "A close outside of its bar.", remedy: "Ask the provider." }]));

  const tried = await runCli(["rules", "test", file], env);
  t.match(tried, { status: 3, stdout: /^close_band: 0 passed, 0 warned, 1 failed; 4 checked, 1 not as expected, 0 masked\nsymbol +status[^]*CENT +failed +4 +1 +close 0\.005 on 2024-03-06: expected close at least 0\.01\.[^]*\ninside: 1 passed, 0 warned, 0 failed; 4 checked/ });
  t.equal(await w.db.value("select count(*)::int from quality.validation_rule where rule in ('close_band', 'inside')"), 0, "nothing is written");
  t.equal(await w.db.value("select count(*)::int from quality.validation_result"), 0);

  t.match(await runCli(["rules", "define", file], env), { status: 0, stdout: /^close_band@[0-9a-f]{12} is new\ninside@[0-9a-f]{12} is new\n$/ });
  t.match(await runCli(["rules", "define", file], env), { status: 0, stdout: /^close_band@\w+ is as it was\n/ });
  t.match(
    await runCli(["rules", "define", "close_band", "--dataset", "price_data", "--expectation", "values_between", "--parameters", "{\"column\": \"close\", \"min\": 0.001}", "--description", "d", "--remedy", "r"], env),
    { status: 0, stdout: /^close_band@\w+ has a new version \(before: \w+\)\n$/ },
  );
  t.match(await runCli(["rules", "test", "close_band", "--symbol", "CENT"], env), { status: 0, stdout: /^close_band: 1 passed/ });
  t.match(await runCli(["rules", "list", "--custom"], env), { status: 0, stdout: /^rule +dataset[^]*\nclose_band +price_data +custom +error +\w+ +values_between +0 +0 +0\ninside / });
  t.match(await runCli(["rules", "list", "--expectations"], env), { status: 0, stdout: /\nvalues_between +column \[max\] \[min\] / });
  t.match(await runCli(["rules", "retire", "close_band"], env), { status: 0, stdout: "close_band is out of force.\n" });
  const shown = await runCli(["rules", "show", "close_band", "--json"], env);
  t.match(JSON.parse(shown.stdout), { rule: "close_band", is_retired: true, parameters: { min: 0.001 }, history: [{ by: "marketbase_author" }, {}, { version: null }] });
  t.match(await runCli(["rules", "show", "price_spike"], env), { status: 0, stdout: /when it fails +\S[^]*\nfrom +version +by\n/ });

  for (const [args, said] of [
    [["rules", "retire", "price_spike"], /marketbase_author may not change rule price_spike/],
    [["rules", "define", "bad", "--dataset", "price_data", "--expression", "close > pg_sleep(1)", "--description", "d", "--remedy", "r"], /pg_sleep is not a function that a condition may use/],
    [["rules", "test", "price_spike"], /price_spike is a function and not an expectation/],
    [["rules", "test", "nothing"], /There is no rule "nothing" in force/],
    [["rules", "show", "nothing"], /There is no rule "nothing"/],
  ] as const) {
    const refused = await runCli(args, env);
    t.match(refused, { stdout: "", stderr: said }, args.join(" "));
    t.ok(refused.status === 1 || refused.status === 2, String(refused.status));
  }
});
