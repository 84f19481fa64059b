import t from "tap";
import { addBars, addInstrument, dayAfter, openBench, randomBar, randomNumbers } from "../../db/tests/feature/fixture.ts";
import { testDatabase } from "../../db/tests/support/database.ts";
import { probeSet } from "./probe.ts";

t.test("a probe is a run of its own, with what it found", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const random = randomNumbers(5);
  for (const symbol of ["AAA", "BBB"]) await addBars(bench, await addInstrument(bench, symbol), Array.from({ length: 40 }, (_, i) => randomBar(random, dayAfter(i), 100)));
  const clean = await probeSet(db.worker, { set: "qlib14", samples: 5, seed: 3, symbols: [] });
  t.match(clean, { feature_set: "qlib14", status: "passed", checked: 10, failed: 0, findings: [] });
  t.match(await db.query("select step, status, message from pipeline.pipeline_run where run_id = $1", [clean.run_id]), [{ step: "probe", status: "succeeded", message: /^10 checked, none failed\. Seed 3/ }]);

  await db.query(`create function ta.next_value(series double precision[]) returns double precision[] language sql immutable return series[2:] || null::double precision`);
  await db.query("comment on function ta.next_value is E'Planted.\\nlookback: 0'; grant execute on function ta.next_value to marketbase_reader");
  await db.query("select feature.define_set('leaky', 'For a test.', array[row('next', 'ta.next_value(close)', 'The next close.')::feature.definition])");
  const leaky = await probeSet(db.worker, { set: "leaky", samples: 5, seed: 3, symbols: ["bbb"] });
  t.match(leaky, { status: "failed", checked: 5, failed: 5 });
  t.match(leaky.findings[0], { symbol: "BBB", features: { next: { with_future: /^\d/, without_future: null } } });

  await t.rejects(probeSet(db.worker, { set: "leaky", samples: 5, seed: 3, symbols: ["CCC"] }), { code: "MB002" });
  t.match(await db.query("select status, error_code from pipeline.pipeline_run order by run_id desc limit 1"), [{ status: "failed", error_code: "MB002" }]);
});
