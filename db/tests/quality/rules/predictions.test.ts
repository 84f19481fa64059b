import t from "tap";
import { world, type World } from "../support.ts";

/** A training of a model over a set of one feature, `a`. */
async function training(w: World, id: number): Promise<{ version: number; training: number } | undefined> {
  const [made] = await w.db.query<{ version: number; training: number }>(
    `with feature_set as (insert into feature.feature_set (name, description) values ('test_set', 'test') returning feature_set_id),
    version as (
      insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, lookback, compiled_sql)
      select feature_set_id, '0123456789ab', '{a}', '{}', 0, '' from feature_set returning feature_set_version_id, feature_set_id
    ),
    model as (
      insert into ml.model (name, algorithm, feature_set_id, label, parameters, description)
      select 'test_model', 'ridge', feature_set_id, 'next_return', '{}', 'test' from version returning model_id
    ),
    training_set as (
      insert into ml.training_set (feature_set_version_id, label, instrument_ids, from_ts, to_ts, known_at, row_count, data_hash, run_id)
      select feature_set_version_id, 'next_return', array[$1::bigint], '2020-01-01', '2020-01-02', now(), 1, repeat('0', 64), $2 from version returning training_set_id
    )
    insert into ml.model_training_run (model_id, training_set_id, parameters, metrics_in_sample, metrics_out_of_sample, folds, feature_names, feature_means,
      feature_scales, coefficients, intercept, trained_from, trained_to, out_of_sample_from, data_hash, code_version, started_at, finished_at, run_id)
    select model_id, training_set_id, '{}', '{}', '{}', '[]', '{a}', '{0}', '{1}', '{1}', 0, '2019-01-01', '2019-12-31', '2020-01-01', repeat('0', 64), 'test', now(), now(), $2
    from model, training_set
    returning model_training_run_id::int as training, (select feature_set_version_id::int from version) as version`,
    [id, w.runId],
  );
  return made;
}

t.test("rules on predictions", async (t) => {
  const w = await world(t);
  const id = await w.instrument("PRED");
  await w.bars(id, [{ date: "2020-01-02" }]);
  const made = await training(w, id);
  const vector = (ts: string, knownFrom: string) =>
    w.db.query(
      "insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id) values ($1, $2, $3, '{1}', $4, $5)",
      [id, made?.version, ts, knownFrom, w.runId],
    );
  const predict = (ts: string, decision: string, predicted: string, revision = 1) =>
    w.db.query(
      `insert into ml.model_prediction (instrument_id, model_training_run_id, ts, decision_time, predicted, is_out_of_sample, feature_set_version_id, feature_revision, run_id)
      values ($1, $2, $3, $4, $5, true, $6, $7, $8)`,
      [id, made?.training, ts, decision, predicted, made?.version, revision, w.runId],
    );
  await vector("2020-01-01T00:00Z", "2020-01-01T21:00Z");
  await vector("2020-01-02T00:00Z", "2020-01-02T21:00Z");
  await vector("2020-01-03T00:00Z", "2020-01-03T21:00Z");
  await predict("2020-01-01T00:00Z", "2020-01-01T21:00Z", "0.01");
  const good = await w.validate(id);
  t.match(good.get("prediction_finite"), { status: "passed", checked: 1 });
  t.match(good.get("prediction_point_in_time"), { status: "passed", checked: 1 }, "what is known at the moment of the decision may be used");

  await predict("2020-01-02T00:00Z", "2020-01-02T20:59Z", "NaN");
  await predict("2020-01-03T00:00Z", "2020-01-03T21:00Z", "0", 2);
  const bad = await w.validate(id);
  t.match(bad.get("prediction_finite"), { status: "failed", checked: 3, failed: 1, dates: ["2020-01-02"] });
  t.match(bad.get("prediction_point_in_time"), {
    failed: 2,
    messages: [/could be known from 2020-01-02 21:00:00 UTC, after the decision at 2020-01-02 20:59:00 UTC/, /revision 2, are not stored/],
  });

  // A restated vector: the prediction keeps the revision that it used, which is then in the history.
  await w.db.query("update feature.feature_vector set values = '{2}', known_from = '2020-02-01' where ts = '2020-01-01T00:00Z'");
  t.match((await w.validate(id)).get("prediction_point_in_time"), { failed: 2 }, "the revision that was used counts, not the one that replaced it");
});

t.test("prediction_calibrated and prediction_score_drift", async (t) => {
  const w = await world(t);
  const symbols = await Promise.all(["FAIR", "BIASED", "BOLD", "SHIFTED"].map((symbol) => w.instrument(symbol)));
  const [fair, biased, bold, shifted] = symbols;
  const made = await training(w, fair ?? 0);
  // 1,000 days; predictions repeat every 40 days, errors every 7, so that the two do not go together.
  await w.db.query(
    `insert into ml.model_prediction (instrument_id, model_training_run_id, ts, decision_time, predicted, is_out_of_sample, feature_set_version_id, feature_revision,
       outcome, outcome_known_from, outcome_run_id, run_id)
     select id, $5, ts, ts, predicted, true, $6, 1, outcome, case when outcome is not null then ts + interval '1 day' end,
       case when outcome is not null then $7::bigint end, $7
     from generate_series(1, 1000) as n
     cross join lateral (select timestamptz '2015-01-01T00:00Z' + n * interval '1 day' as ts, (n % 40 - 19.5) / 1000.0 as usual, (n % 7 - 3) / 100.0 as error) as day
     cross join lateral (
       values ($1::bigint, usual, usual + error), ($2, usual, usual + error + 0.004), ($3, usual, usual / 5 + error), ($4, usual + case when n > 750 then 0.03 else 0 end, null)
     ) as series (id, predicted, outcome)`,
    [fair, biased, bold, shifted, made?.training, made?.version, w.runId],
  );
  const said = async (id: number | undefined) => {
    const outcomes = await w.validate(id ?? 0);
    return [outcomes.get("prediction_calibrated"), outcomes.get("prediction_score_drift")];
  };
  t.match(await said(fair), [{ status: "passed", checked: 1 }, { status: "passed", checked: 1 }]);
  t.match(await said(biased), [{ status: "failed", failed: 1, messages: [/over 1000 outcomes the mean error is 0\.004\d+ \(6\.\d deviations from 0\)/] }, { status: "passed" }]);
  t.match(await said(bold), [{ status: "failed", failed: 1, messages: [/the slope of outcomes on predictions 0\.[12]\d \(\d+\.\d deviations from 1\)/] }, { status: "passed" }]);
  t.match(await said(shifted), [{ status: "passed" }, { status: "failed", failed: 1, messages: [/the last 250 predictions are distributed otherwise than the 750 before them/] }], "outcomes are not needed to see that predictions moved");
});
