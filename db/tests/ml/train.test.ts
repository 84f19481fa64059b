import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { addBars, addFeatureSet, addInstrument, addVectors, normals, startRun, weekdays, type Id } from "./fixture.ts";
import { correlation, predictBy, ridgeByQr } from "./reference.ts";

const bars = 240;
const days = weekdays("2019-01-01", bars);

interface World {
  readonly db: TestDatabase;
  readonly run: Id;
  readonly version: Id;
  readonly instruments: readonly Id[];
}

/** Two instruments whose next return follows the first of three features, with two bars of warm-up. */
async function world(test: Parameters<typeof testDatabase>[0], parameters: object = { lambda: 5, folds: 4 }): Promise<World> {
  const db = await testDatabase(test);
  const run = await startRun(db);
  const version = await addFeatureSet(db, "test_set", ["a", "b", "c"]);
  const instruments: Id[] = [];
  for (const [position, symbol] of ["TESTA", "TESTB"].entries()) {
    const normal = normals(11 + position);
    const instrument = await addInstrument(db, symbol);
    instruments.push(instrument);
    const vectors = days.map((date, i) => ({ date, values: [i < 2 ? null : normal(), normal(), 5] }));
    let close = 100;
    const series = days.map((date, i) => {
      const before = vectors[i - 1]?.values[0] ?? 0;
      close *= 1 + 0.01 * (0.5 * before + normal());
      return { date, close };
    });
    await addBars(db, run, instrument, series);
    await addVectors(db, run, instrument, version, vectors);
  }
  await db.query("select ml.define_model('test_model', 'test_set', 'For a test.', $1)", [parameters]);
  return { db, run, version, instruments };
}

interface Row {
  instrument_id: Id;
  ts: Date;
  decision_time: Date;
  feature_revision: number;
  features: number[];
  label: number;
  label_end: Date;
  label_known_from: Date;
}

interface Difference {
  symbol: string;
  ts: string;
  change: string;
  name: string | null;
  old_value: number | null;
  new_value: number | null;
}

interface Replay extends Record<string, unknown> {
  is_same: boolean;
  difference_count: number;
  differences: Difference[];
}

interface Training extends Record<string, unknown> {
  model_training_run_id: Id;
  training_set_id: Id;
  run_id: Id;
  is_current: boolean;
  data_hash: string;
  metrics_in_sample: Record<string, number>;
  metrics_out_of_sample: Record<string, number>;
  folds: { train_rows: number; purged_rows: number; test_rows: number; train_to: string; test_from: string; in_sample: Record<string, number>; out_of_sample: Record<string, number> }[];
  coefficients: number[];
  feature_scales: number[];
  intercept: number;
  trained_to: Date;
  out_of_sample_from: Date;
}

const rowsOf = (db: TestDatabase, set: Id) => db.query<Row & Record<string, unknown>>("select * from ml.training_rows($1)", [set]);
const train = async ({ db }: World, run: Id) => (await db.query<Training>("select * from ml.train($1, 'test_model')", [run], "worker"))[0] as Training;

t.test("a training set uses what was known at each decision, and can be made again", async (t) => {
  const { db, run, instruments: [a, b] } = await world(t);
  // Bar 50 of A: a correction of its vector becomes known later. Bar 60: its vector was known too late. Bar 70: a feature is no number.
  await db.query("update feature.feature_vector set values = array[9, 9, 9], known_from = '2026-01-01' where instrument_id = $1 and ts = $2", [a, days[50]]);
  await db.query("alter table feature.feature_vector disable trigger user");
  await db.query("update feature.feature_vector set known_from = '2026-01-01' where instrument_id = $1 and ts = $2", [a, days[60]]);
  await db.query("update feature.feature_vector set values = array['NaN', 1, 1]::double precision[] where instrument_id = $1 and ts = $2", [a, days[70]]);
  await db.query("alter table feature.feature_vector enable trigger user");

  const [set] = await db.query<{ training_set_id: Id; row_count: string; left_out: object; data_hash: string; known_at: Date }>("select * from ml.make_training_set($1, 'test_model')", [run], "worker");
  t.ok(set);
  if (set === undefined) return;
  t.same(set.left_out, { no_vector: 1, missing_feature: 5, no_label: 2 }, "warm-up, the late vector, the one that is no number and the last bars are left out and counted");
  t.equal(set.row_count, String(2 * bars - 8));

  const rows = await rowsOf(db, set.training_set_id);
  t.equal(rows.length, 2 * bars - 8);
  t.notOk(rows.some((row) => row.features[0] === 9), "no value that became known after the decision is used");
  const at50 = rows.find((row) => row.instrument_id === a && row.ts.toISOString().startsWith(days[50] as string));
  t.equal(at50?.feature_revision, 1, "a corrected vector is used as it was at the decision");
  t.equal(
    await db.value<number>(`
      select count(*)::int from ml.training_rows($1) as training
      where not exists (
        select from (
          select instrument_id, ts, revision, known_from from feature.feature_vector
          union all select instrument_id, ts, revision, known_from from feature.feature_vector_history
        ) as vector
        where (vector.instrument_id, vector.ts, vector.revision) = (training.instrument_id, training.ts, training.feature_revision)
          and vector.known_from <= training.decision_time)`, [set.training_set_id]),
    0, "every row's vector was known at its decision time",
  );
  t.ok(rows.every((row) => row.label_end > row.decision_time), "every label lies after its decision");
  t.ok(rows.every((row) => row.decision_time.toISOString() === row.ts.toISOString().replace("00:00:00", "21:00:00")), "the decision is at the close of the session");
  const closes = await db.query<{ close: number }>("select close from market.price_data where instrument_id = $1 order by ts", [b]);
  const firstOfB = rows.find((row) => row.instrument_id === b);
  t.equal(firstOfB?.label, (closes[3]?.close as number) / (closes[2]?.close as number) - 1, "the label is the return to the next close");

  t.equal(await db.value("select (ml.replay($1)).is_same", [set.training_set_id], "analyst"), true, "made again it has the same hash");
  const [same] = await db.query<{ training_set_id: Id }>("select * from ml.make_training_set($1, 'test_model')", [await startRun(db)]);
  t.equal(same?.training_set_id, set.training_set_id, "the same rows are the same training set");
  const client = await db.owner.connect();
  await client.query("set timezone to 'Asia/Tokyo'; set extra_float_digits to -5; set datestyle to 'German'");
  t.equal((await client.query("select (ml.replay($1)).is_same", [set.training_set_id])).rows[0].is_same, true, "settings of the session do not touch the hash");
  client.release(true);

  // Volume alone: another version of the bar, but the rows are the same.
  await db.query("update market.price_data set volume = 5 where instrument_id = $1 and ts = $2", [b, days[100]]);
  t.equal((await db.query<{ training_set_id: Id }>("select * from ml.make_training_set($1, 'test_model')", [run]))[0]?.training_set_id, set.training_set_id, "a correction that changes no row changes no set");

  // A corrected close moves two labels: another set, while the first can still be made again as it was.
  await db.query("update market.price_data set open = close * 1.01, high = close * 1.01, low = close * 1.01, close = close * 1.01 where instrument_id = $1 and ts = $2", [b, days[100]]);
  const [corrected] = await db.query<{ training_set_id: Id; data_hash: string }>("select * from ml.make_training_set($1, 'test_model')", [run]);
  t.not(corrected?.data_hash, set.data_hash, "a corrected close makes another training set");
  const after = await rowsOf(db, corrected?.training_set_id as Id);
  const changed = after.filter((row, i) => row.label !== rows[i]?.label);
  t.same(changed.map((row) => [row.instrument_id, row.ts.toISOString().slice(0, 10)]), [[b, days[99]], [b, days[100]]], "only the labels that touch the bar changed");
  t.ok(changed.every((row) => row.label_known_from > row.label_end), "and they say that they became known later");
  t.ok(after.every((row, i) => row.decision_time.getTime() === rows[i]?.decision_time.getTime()), "no decision moved");
  const replay = async (id: Id, knownAt: string | null = null, limit = 100) =>
    (await db.query<Replay>(
      "select is_same, row_count::int, replayed_row_count::int, data_hash = replayed_hash as hashes_agree, difference_count::int, to_jsonb(differences) as differences from ml.replay($1, $2, $3)",
      [id, knownAt, limit], "analyst",
    ))[0] as Replay;
  const plain = (list: Difference[]) => list.map(({ symbol, ts, change, name, old_value, new_value }) => [symbol, ts.slice(0, 10), change, name, old_value, new_value]);
  t.same(await replay(set.training_set_id), { is_same: true, row_count: rows.length, replayed_row_count: rows.length, hashes_agree: true, difference_count: 0, differences: [] }, "the first set is still proved");
  // A late vector with an early known_from: what was recorded then stays, what would be drawn now is another row.
  await db.query("update feature.feature_vector set values = array[7, values[2], values[3]] where instrument_id = $1 and ts = $2", [a, days[52]]);
  await db.query("alter table feature.feature_vector disable trigger user");
  await db.query("update feature.feature_vector set known_from = ts + interval '21 hours' where instrument_id = $1 and ts = $2", [a, days[52]]);
  await db.query("alter table feature.feature_vector enable trigger user");
  t.match(await replay(set.training_set_id), { is_same: true, difference_count: 0 }, "and after a backfill");
  const now = await replay(set.training_set_id, "infinity");
  const before = new Map(rows.map((row) => [`${row.instrument_id} ${row.ts.toISOString().slice(0, 10)}`, row]));
  const label = (day: string, list: Row[]) => list.find((row) => row.instrument_id === b && row.ts.toISOString().slice(0, 10) === day)?.label;
  t.match(now, { is_same: false, row_count: rows.length, replayed_row_count: rows.length, difference_count: 3 });
  t.same(plain(now.differences), [
    ["TESTA", days[52], "changed", "a", before.get(`${a} ${days[52]}`)?.features[0], 7],
    ["TESTB", days[99], "changed", "label", label(days[99] as string, rows), label(days[99] as string, after)],
    ["TESTB", days[100], "changed", "label", label(days[100] as string, rows), label(days[100] as string, after)],
  ], "what later data would change is said by row, feature, old and new value");
  t.match(await replay(set.training_set_id, "infinity", 1), { difference_count: 3, differences: [{ symbol: "TESTA" }] }, "a list may be short, the count is not");

  // Somebody rewrites history behind the versions.
  await db.query("alter table market.price_data disable trigger user");
  await db.query("update market.price_data set close = close * 1.0001, high = high * 1.0001 where instrument_id = $1 and ts = $2", [b, days[20]]);
  await db.query("alter table market.price_data enable trigger user");
  const tampered = await replay(set.training_set_id);
  t.match(tampered, { is_same: false, difference_count: 2 });
  t.same(plain(tampered.differences), [["TESTB", days[19], "changed", null, null, null], ["TESTB", days[20], "changed", null, null, null]], "tampering with a bar is found, and the rows that it touched are named");
  await db.query("alter table feature.feature_vector disable trigger user");
  await db.query("delete from feature.feature_vector where instrument_id = $1 and ts = $2", [a, days[30]]);
  await db.query("alter table feature.feature_vector enable trigger user");
  t.same(plain((await replay(set.training_set_id)).differences)[0], ["TESTA", days[30], "missing", null, null, null], "so is a row that is gone");
  t.match(await db.refused("delete from ml.training_set_digest"), { code: "MB006" }, "the digests stay");

  t.match(await db.refused("select ml.replay(0)"), { code: "MB001" }, "an unknown set");
  t.match(await db.refused("select ml.make_training_set($1, 'nobody')", [run]), { code: "MB003", hint: /test_model/ }, "an unknown model");
  t.match(await db.refused("select ml.training_rows(1)", [], "reader"), { code: "42501" }, "readers may not draw training rows");
});

t.test("training agrees with an independent implementation, fold by fold", async (t) => {
  const here = await world(t);
  const { db } = here;
  const training = await train(here, here.run);
  const rows = await rowsOf(db, training.training_set_id);
  const times = [...new Set(rows.map((row) => row.decision_time.getTime()))].sort((x, y) => x - y);
  const block = Math.floor(times.length / 5);
  t.equal(training.folds.length, 4);

  const pooled = { actual: [] as number[], predicted: [] as number[], baseline: [] as number[] };
  let lastFit: ReturnType<typeof ridgeByQr> | undefined;
  training.folds.forEach((fold, k) => {
    const testFrom = times[times.length - (4 - k) * block] as number;
    const testTo = times[times.length - (3 - k) * block - 1] as number;
    const learn = rows.filter((row) => row.label_end.getTime() < testFrom);
    const test = rows.filter((row) => row.decision_time.getTime() >= testFrom && row.decision_time.getTime() <= testTo);
    t.equal(fold.train_rows, learn.length, `fold ${k + 1}: rows of the training`);
    t.equal(fold.test_rows, test.length, `fold ${k + 1}: rows of the test`);
    t.equal(fold.purged_rows, 2, `fold ${k + 1}: the last row of each instrument is purged`);
    t.ok(fold.train_to < fold.test_from, `fold ${k + 1}: the training ends before the test`);

    // The third feature does not vary; the independent fit leaves it out.
    const varying = (row: Row) => row.features.slice(0, 2);
    const fit = ridgeByQr(learn.map(varying), learn.map((row) => row.label), 5);
    lastFit = fit;
    const actual = test.map((row) => row.label);
    const predicted = test.map((row) => predictBy(fit, varying(row)));
    pooled.actual.push(...actual);
    pooled.predicted.push(...predicted);
    pooled.baseline.push(...actual.map(() => fit.intercept));
    expectMetrics(t, fold.out_of_sample, actual, predicted, predicted.map(() => fit.intercept), `fold ${k + 1} out of sample`);
    expectMetrics(t, fold.in_sample, learn.map((row) => row.label), learn.map((row) => predictBy(fit, varying(row))), learn.map(() => fit.intercept), `fold ${k + 1} in sample`);
  });
  expectMetrics(t, training.metrics_out_of_sample, pooled.actual, pooled.predicted, pooled.baseline, "all test windows");
  t.same(training.metrics_in_sample, training.folds[3]?.in_sample, "the kept fit is that of the last fold");
  t.ok(lastFit);
  lastFit?.coefficients.forEach((value, j) => t.ok(Math.abs(value - (training.coefficients[j] as number)) < 1e-9, `coefficient ${j}`));
  t.equal(training.coefficients[2], 0, "a feature that does not vary has coefficient 0");
  t.ok((training.metrics_out_of_sample["information_coefficient"] as number) > 0.3, "the planted signal is found out of sample");
  t.ok(training.trained_to < training.out_of_sample_from);

  // Content decides.
  const second = await train(here, await startRun(db));
  t.equal(second.model_training_run_id, training.model_training_run_id, "the same data, parameters and code are the same training");
  t.equal(second.run_id, here.run, "made by the first run");
  await db.query("select ml.define_model('test_model', 'test_set', 'For a test.', '{\"lambda\": 50, \"folds\": 4}')", [], "worker");
  const other = await train(here, here.run);
  t.not(other.model_training_run_id, training.model_training_run_id, "another penalty is another training");
  t.equal(await db.value("select count(*)::int from ml.model_training_run where is_current"), 1, "one is current");
  await db.query("select ml.define_model('test_model', 'test_set', 'For a test.', '{\"lambda\": 5, \"folds\": 4}')", [], "worker");
  const back = await train(here, here.run);
  t.match(back, { model_training_run_id: training.model_training_run_id, is_current: true }, "going back makes the first one current again");
  t.equal(await db.value("select count(*)::int from ml.model_training_run"), 2);
  t.equal(await db.value("select count(*)::int from ml.training_set"), 1);
});

function expectMetrics(test: { ok(value: unknown, message: string): unknown }, found: Record<string, number>, actual: number[], predicted: number[], baseline: number[], what: string): void {
  const squares = (values: number[]) => values.reduce((sum, value, i) => sum + ((actual[i] as number) - value) ** 2, 0);
  const expected: Record<string, number> = {
    rows: actual.length,
    r2: 1 - squares(predicted) / squares(baseline),
    rmse: Math.sqrt(squares(predicted) / actual.length),
    information_coefficient: correlation(actual, predicted),
    rank_information_coefficient: correlation(ranks(actual), ranks(predicted)),
    hit_rate: actual.filter((value, i) => Math.sign(value) === Math.sign(predicted[i] as number)).length / actual.length,
  };
  for (const [name, value] of Object.entries(expected)) {
    test.ok(Math.abs((found[name] as number) - value) < 1e-9, `${what}: ${name} ${found[name]} is ${value}`);
  }
}

const ranks = (values: number[]) => {
  const sorted = [...values].sort((x, y) => x - y);
  return values.map((value) => sorted.indexOf(value));
};

t.test("predictions are made once, and outcomes follow the bars", async (t) => {
  const here = await world(t);
  const { db, run, version, instruments: [a, b] } = here;
  const predict = (as = "worker" as const) => db.value<string>("select ml.predict($1, 'test_model')", [run], as);
  const join = () => db.value<string>("select ml.join_outcomes($1)", [run], "worker");
  t.match(await db.refused("select ml.predict($1, 'test_model')", [run]), { code: "MB008" }, "a model that is not trained does not predict");
  const training = await train(here, run);

  const block = Math.floor((bars - 3) / 5);
  t.equal(await predict(), String(2 * (block + 1)), "the last test window and the newest bars");
  t.equal(await predict(), "0", "again: nothing");
  t.equal(await db.value("select bool_and(is_out_of_sample) from ml.model_prediction"), true);
  t.equal(await db.value("select count(*)::int from ml.model_prediction where decision_time < $1", [training.out_of_sample_from]), 0);

  // What was predicted is what the independent fit predicts.
  const rows = await rowsOf(db, training.training_set_id);
  const learn = rows.filter((row) => row.label_end < training.out_of_sample_from);
  const fit = ridgeByQr(learn.map((row) => row.features.slice(0, 2)), learn.map((row) => row.label), 5);
  const made = await db.query<{ instrument_id: Id; ts: Date; predicted: number; feature_revision: number }>("select * from ml.model_prediction order by ts, instrument_id");
  for (const row of rows.filter((row) => row.decision_time >= training.out_of_sample_from).slice(0, 20)) {
    const prediction = made.find((one) => one.instrument_id === row.instrument_id && one.ts.getTime() === row.ts.getTime());
    t.ok(Math.abs((prediction?.predicted as number) - predictBy(fit, row.features.slice(0, 2))) < 1e-9, `the prediction of ${row.ts.toISOString()}`);
  }

  t.equal(await join(), String(2 * block), "every outcome but that of the newest bars is known");
  t.equal(await join(), "0", "again: nothing");
  t.equal(await db.value("select count(*)::int from ml.prediction where outcome is null and ts = $1", [days[bars - 1]]), 2);
  t.equal(
    await db.value("select count(*)::int from ml.model_prediction join ml.training_rows($1) training using (instrument_id, ts) where outcome is distinct from training.label or outcome_known_from <> training.label_known_from", [training.training_set_id]),
    0, "the outcome is the label",
  );

  const [score] = await db.query("select * from ml.prediction_score", [], "reader");
  const last = training.folds[3]?.out_of_sample as Record<string, number>;
  t.match(score, { model: "test_model", is_current: true, is_out_of_sample: true, prediction_count: String(2 * block) });
  for (const name of ["r2", "rmse", "information_coefficient", "rank_information_coefficient", "hit_rate"]) {
    t.ok(Math.abs(Number(score?.[name]) - (last[name] as number)) < 1e-12, `${name} of the predictions is that of the last test window`);
  }

  // A vector that changes after the decision changes no prediction; a corrected close changes two outcomes.
  const before = await db.query("select * from ml.model_prediction order by model_prediction_id");
  await db.query("update feature.feature_vector set values = array[1, 1, 5] where instrument_id = $1 and ts = $2", [a, days[bars - 5]]);
  t.equal(await predict(), "0", "a prediction made stays made");
  await db.query("update market.price_data set open = 50, high = 50, low = 50, close = 50 where instrument_id = $1 and ts = $2", [b, days[bars - 5]]);
  t.equal(await join(), "2", "a corrected bar corrects the two outcomes that it touches");
  const after = await db.query("select * from ml.model_prediction order by model_prediction_id");
  t.same(after.map((row) => row["predicted"]), before.map((row) => row["predicted"]), "and no prediction");

  // The next bar arrives.
  const next = weekdays("2019-01-01", bars + 1)[bars] as string;
  await db.query(`
    insert into market.price_data (instrument_id, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
    select instrument_id, $2::date::timestamp at time zone 'UTC', $2::date, close, close, close, close, volume, ($2::date + time '21:00') at time zone 'UTC', provider, raw_response_id, run_id
    from market.price_data where instrument_id = $1 and session_date = $3`, [a, next, days[bars - 1]]);
  await addVectors(db, run, a as Id, version, [{ date: next, values: [0.5, 0.5, 5] }]);
  t.equal(await predict(), "1", "one new bar, one new prediction, before any outcome");
  t.equal(await join(), "1", "and the one before it has its outcome");

  const inSample = await db.value<string>("select ml.predict($1, 'test_model', '-infinity')", [run]);
  t.equal(inSample, String(await db.value("select count(*) from ml.decision_rows($1, array[$2, $3]::bigint[]) where ml.is_complete(features) and decision_time < $4", [version, a, b, training.out_of_sample_from])), "earlier bars only when asked for");
  t.equal(await db.value("select count(*)::int from ml.model_prediction where not is_out_of_sample"), Number(inSample), "and marked as in sample");

  t.match(await db.refused("select ml.predict($1, 'test_model')", [run], "analyst"), { code: "42501" }, "only the worker writes");
  t.match(await db.refused("select ml.train($1, 'test_model')", [run], "analyst"), { code: "42501" });
  t.match(await db.refused("select ml.train($1, 'nobody')", [run]), { code: "MB003" });
});

t.test("too little data is said in one sentence", async (t) => {
  const db = await testDatabase(t);
  const run = await startRun(db);
  const version = await addFeatureSet(db, "test_set", ["a"]);
  await db.query("select ml.define_model('test_model', 'test_set', 'For a test.')");
  t.match(await db.refused("select ml.train($1, 'test_model')", [run]), { code: "MB007", hint: /compute the features/ }, "no rows at all");
  const a = await addInstrument(db, "TESTA");
  await addBars(db, run, a, days.slice(0, 9).map((date, i) => ({ date, close: 100 + (i % 3) })));
  await addVectors(db, run, a, version, days.slice(0, 9).map((date, i) => ({ date, values: [i % 4] })));
  t.match(await db.refused("select ml.train($1, 'test_model')", [run]), { code: "MB007", message: /needs 12 decision times.*there are 8/ }, "too few for the folds");
  t.equal(await db.value("select count(*)::int from ml.training_set"), 0, "and nothing is left behind");
  await db.query("select ml.define_model('test_model', 'test_set', 'For a test.', '{\"folds\": 1}')");
  t.equal(await db.value("select (metrics_out_of_sample -> 'rows')::int from ml.train($1, 'test_model')", [run]), 4, "one fold is enough for eight rows");
});
