import t from "tap";
import { weekdays, world, type World } from "./support.ts";

/** A world with two instruments whose bars are right, and a critical rule on the volume of stored bars. */
async function gatedWorld(test: Parameters<typeof world>[0], bars = 60): Promise<{ w: World; good: number; bad: number }> {
  const w = await world(test);
  await w.db.query("select quality.define_rule(rule, dataset, family, 'critical', parameters, description, remedy, population) from quality.rule_in_force where rule = 'price_volume_present'");
  const [good, bad] = [await w.instrument("GOOD"), await w.instrument("BAD")];
  const dates = weekdays("2023-01-02", bars);
  const bar = (date: string, i: number, price: number) => {
    const close = price + ((i * 7919) % 97) / 10;
    return { date, open: close - ((i * 31) % 7) / 10, close, high: close + 1 + (i % 3) / 10, low: close - 2 - (i % 5) / 10, volume: 1000 + ((i * 104729) % 613) };
  };
  await w.bars(good, dates.map((date, i) => bar(date, i, 100)));
  await w.bars(bad, dates.map((date, i) => ({ ...bar(date, i, 50), ...(i === bars - 5 ? { volume: 0 } : {}) })));
  return { w, good, bad };
}

/** Carries out a step as a run of its own. */
const step = (w: World, name: string) =>
  w.db.query<{ status: string; message: string; summary: Record<string, unknown> }>("select status, message, summary from pipeline.run_step(pipeline.start_run($1, $1))", [name], "worker").then(([run]) => run);
const vectors = (w: World, id: number) => w.db.value<number>("select count(*)::int from feature.feature_vector where instrument_id = $1", [id]);
const held = (w: World) => w.db.query("select step, symbol, rules, finding_count::int as findings, reason from quality.held_back order by step, symbol", [], "reader");

t.test("a critical finding holds its instrument back until it is released, acknowledged or corrected", async (t) => {
  const { w, good, bad } = await gatedWorld(t);
  await w.db.query("select pipeline.run_step(pipeline.start_run('validate', 'validate'))", [], "worker");
  const reason = "price_volume_present (1)";
  t.same(await held(w), ["features", "predict", "train"].map((name) => ({ step: name, symbol: "BAD", rules: ["price_volume_present"], findings: 1, reason })));

  const first = await step(w, "features");
  t.match(first, { status: "succeeded", message: /; 1 held back: BAD: price_volume_present \(1\)$/, summary: { held_back: 1, held_back_findings: 1 } });
  t.ok((await vectors(w, good)) > 0, "the other one is computed");
  t.equal(await vectors(w, bad), 0);
  t.ok((await w.db.value<number>("select count(*)::int from pipeline.stale_range where consumer = 'feature' and instrument_id = $1", [bad])) > 0, "its marks wait");
  t.same(await w.db.query("select step from pipeline.pending_work('demo') where step = 'features'"), [], "what is held back is not work");

  await t.test("it is released by name", async (t) => {
    const release = (values: unknown[]) => w.db.refused("select quality.release_gate($1, $2, $3, $4, $5, $6)", values, "author");
    t.equal((await release(["Ada", "why", null, null, null, null])).code, "MB001", "nothing is named");
    t.equal((await release(["Ada", "", "features", null, null, null])).code, "MB001");
    t.equal((await release(["Ada", "why", "features", null, "NOBODY", null])).code, "MB002");
    t.match(await release(["Ada", "why", "features", null, "GOOD", null]), { code: "MB008", message: "Nothing is held back for step features, GOOD." });
    t.equal((await release(["Ada", "why", "features", null, null, "2000-01-01"])).code, "MB001");
    t.equal((await w.db.refused("select quality.release_gate('Ada', 'why', 'features')", [], "analyst")).code, "42501");
    t.match(
      (await w.db.query("select step, decided_by, reason, finding_count::int as findings, recorded_by from quality.release_gate('Ada', 'the exchange confirmed it', 'features', null, 'BAD')", [], "author"))[0],
      { step: "features", decided_by: "Ada", reason: "the exchange confirmed it", findings: 1, recorded_by: "marketbase_author" },
    );
    t.match(await release(["Ada", "again", "features", null, "BAD", null]), { code: "MB008" }, "a second release finds nothing");
    t.same((await held(w)).map((one) => one["step"]), ["predict", "train"], "the other steps stay closed");
    t.match(await step(w, "features"), { status: "succeeded", message: /^(?!.*held back)/ });
    t.equal(await vectors(w, bad), await vectors(w, good), "its marks were there");
  });

  await t.test("what is found later holds it back again", async (t) => {
    await w.db.query("update market.price_data set volume = 0 where instrument_id = $1 and ts = (select max(ts) from market.price_data where instrument_id = $1)", [bad]);
    await step(w, "validate");
    t.match(await held(w), [{ step: "features", findings: 1 }, { step: "predict", findings: 2, reason: "price_volume_present (2)" }, { step: "train", findings: 2 }]);
    const { message } = (await step(w, "features")) ?? {};
    t.match(message, /1 held back: BAD: price_volume_present \(1\)/);
  });

  await t.test("acknowledged findings hold nothing back, corrected ones neither", async (t) => {
    await w.db.query("select quality.acknowledge(array[(select min(finding_id) from quality.finding where rule = 'price_volume_present')], 'Ada', 'known')");
    t.match(await held(w), [{ findings: 1 }, { findings: 1 }, { findings: 1 }]);
    await w.db.query("update market.price_data set volume = 8 where instrument_id = $1 and volume = 0", [bad]);
    await step(w, "validate");
    t.same(await held(w), []);
  });
});

t.test("where everything is held back the step is blocked, and the flow goes on", async (t) => {
  const { w, good } = await gatedWorld(t);
  await w.db.query("update market.price_data set volume = 0 where instrument_id = $1", [good]);
  const root = await w.db.value<string>("select pipeline.start_flow('demo')", [], "worker");
  // As if the steps before had been done.
  await step(w, "validate");
  await w.db.query("update pipeline.pipeline_run set status = 'succeeded', finished_at = clock_timestamp() where parent_run_id = $1 and (stage < 4 or step = 'portfolio')", [root]);
  const run = await w.db.value<string>("select run_id from pipeline.pipeline_run where parent_run_id = $1 and step = 'features'", [root]);
  await w.db.query("select pipeline.begin_run($1)", [run], "worker");
  t.match((await w.db.query("select status, message, error_code, rows_written::int from pipeline.run_step($1)", [run], "worker"))[0], {
    status: "blocked", error_code: null, rows_written: 0,
    message: "blocked: findings hold every instrument back: BAD: price_volume_present (1); GOOD: price_volume_present (60)",
  });
  t.equal(await w.db.value("select count(*)::int from feature.feature_vector"), 0);
  await w.db.query("select pipeline.advance_flow($1)", [root], "worker");
  t.equal(await w.db.value("select count(*)::int from graphile_worker.jobs where key in (select 'run:' || run_id from pipeline.pipeline_run where parent_run_id = $1 and step = 'train')", [root], "worker"), 1, "the next stage is handed out");
  t.match(await step(w, "train"), { status: "blocked" });
  await w.db.query("update pipeline.pipeline_run set status = 'succeeded', finished_at = clock_timestamp() where parent_run_id = $1 and status = 'queued'", [root]);
  await w.db.query("select pipeline.advance_flow($1)", [root], "worker");
  t.match((await w.db.query("select status, message from pipeline.pipeline_run where run_id = $1", [root]))[0], { status: "succeeded", message: /; features blocked: findings hold every instrument back/ });
});

t.test("a model that learns from what is held back keeps its training, predictions leave it out", async (t) => {
  const { w, good, bad } = await gatedWorld(t, 200);
  // The model that marketbase brings learns from all instruments; this one from the other.
  const [bundled] = await w.db.query<{ name: string; set: string }>("select model.name, feature_set.name as set from ml.model join feature.feature_set using (feature_set_id)");
  await w.db.query("select ml.define_model('alone', $1, 'For a test.', '{\"symbols\": [\"GOOD\"], \"folds\": 2}')", [bundled?.set]);
  await w.db.query("select ml.define_model('both', $1, 'For a test.', '{\"symbols\": [\"GOOD\", \"BAD\"], \"folds\": 2}')", [bundled?.set]);
  await w.db.query("select ml.define_model($1, $2, 'For a test.', '{\"symbols\": [\"GOOD\"], \"folds\": 2}')", [bundled?.name, bundled?.set]);
  await step(w, "validate");
  await w.db.query("select quality.release_gate('Ada', 'to have vectors', 'features')");
  await step(w, "features");
  t.match(await step(w, "train"), { status: "succeeded", message: /alone trained.*both held back; 1 held back: BAD/ });
  t.equal(await w.db.value("select count(*)::int from ml.model_training_run join ml.model using (model_id) where model.name = 'both'"), 0);
  t.ok((await w.db.value<number>("select count(*)::int from pipeline.stale_range where consumer = 'ml' and instrument_id = $1", [bad])) > 0, "its marks wait");

  await w.db.query("select quality.release_gate('Ada', 'enough', 'train', 'price_data', 'BAD', now() + interval '1 hour')");
  t.match(await step(w, "train"), { message: /both trained/ });
  const predictions = (id: number) => w.db.value<number>("select count(*)::int from ml.model_prediction join ml.model_training_run using (model_training_run_id) join ml.model using (model_id) where model.name = 'both' and instrument_id = $1", [id]);
  t.match(await step(w, "predict"), { message: /1 held back: BAD/ });
  t.ok((await predictions(good)) > 0, "the instrument beside it is predicted");
  t.equal(await predictions(bad), 0);
  await w.db.query("select quality.release_gate('Ada', 'enough', null, null, 'BAD')");
  await step(w, "predict");
  t.equal(await predictions(bad), await predictions(good), "released, it gets its predictions");
});

t.test("which findings hold a step back is said by step, and kept", async (t) => {
  const { w } = await gatedWorld(t);
  await step(w, "validate");
  const define = "select * from quality.define_gate($1, $2, $3, $4, $5)";
  await w.db.query(define, ["features", ["price_data"], [], [], "open for a test"], "author");
  t.same((await held(w)).map((one) => one["step"]), ["predict", "train"]);
  await w.db.query(define, ["features", ["price_data"], [], [], "open for a test"], "author");
  t.equal(await w.db.value("select count(*)::int from quality.gate where step = 'features'"), 2, "said twice, kept once");
  await w.db.query(define, ["features", [], null, ["price_volume_present"], "by name"], "author");
  t.same((await held(w)).map((one) => one["step"]), ["features", "predict", "train"]);
  for (const [values, code] of [
    [["ingest", [], [], [], "x"], "MB003"],
    [["train", [], ["fatal"], [], "x"], "MB001"],
    [["train", [], [], ["no_such_rule"], "x"], "MB003"],
    [["train", [], [], [], " "], "MB001"],
  ] as const) t.equal((await w.db.refused(define, [...values], "author")).code, code);
  t.equal((await w.db.refused(define, ["train", [], [], [], "x"], "analyst")).code, "42501");

  // A row that a critical rule refused is in quarantine: nothing depends on it, unless the gate names the rule.
  const id = await w.instrument("GOOD");
  await w.judge(await w.candidateBars(id, [{ date: "2024-03-04", high: 1, close: 100, low: 90 }]));
  t.same((await held(w)).filter((one) => one["symbol"] === "GOOD"), []);
  await w.db.query(define, ["predict", [], [], ["bar_ohlc_order"], "bodies too"], "author");
  t.match(await held(w), [{ step: "features" }, { step: "predict", symbol: "GOOD", reason: "bar_ohlc_order (1)" }, { step: "train" }]);
});
