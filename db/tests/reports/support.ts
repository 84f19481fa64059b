import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { findReport } from "../../../runner/report/catalogue.ts";
import { runScript } from "../../../runner/report/run.ts";
import { writeReport, type Format } from "../../../runner/report/write.ts";
import { defineSet } from "../feature/fixture.ts";
import type { TestDatabase } from "../support/database.ts";
import { weekdays, type World } from "../quality/support.ts";

const run = promisify(execFile);

/** What our interpreter makes of a report. */
export async function interpreted(db: TestDatabase, name: string, variables: Record<string, string> = {}, format: Format = "text"): Promise<string> {
  const client = await db.auditor.connect();
  try {
    const pieces: string[] = [];
    for await (const piece of writeReport(runScript(client, findReport(name).steps, variables), format, name)) pieces.push(piece);
    return pieces.join("");
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

/** What the real psql prints; undefined where there is none. */
export async function psql(
  test: { pass(message: string, extra: { skip: string }): unknown; fail(message: string): unknown },
  db: TestDatabase,
  name: string,
  variables: Record<string, string> = {},
  flags: readonly string[] = [],
) {
  const assignments = Object.entries(variables).flatMap(([variable, value]) => ["-v", `${variable}=${value}`]);
  const file = join(repositoryRoot, `db/reports/${name}.sql`);
  try {
    const { stdout } = await run("psql", [db.url("auditor"), "-X", ...flags, ...assignments, "-f", file], { env: { ...process.env, LC_ALL: "C.UTF-8" }, maxBuffer: 1 << 26 });
    return { status: 0, stdout, stderr: "" };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (code !== "ENOENT") return { status: code, stdout, stderr };
    if (process.env["CI"] === "true") test.fail("psql is not installed; CI needs postgresql-client");
    else test.pass("compare with psql", { skip: "psql is not installed" });
    return undefined;
  }
}

/** Something in every section: bars, a correction, quarantine, findings, facts, text that a terminal could choke on. */
export async function fill(w: World): Promise<number> {
  const id = await w.instrument("AAA");
  const dates = weekdays("2024-03-04", 30);
  await w.bars(id, dates.map((date, i) => ({ date, close: 100 + (i % 3), volume: i % 7 })));
  await w.facts(id, [{ concept: "Assets", value: 10 }, { concept: "LiabilitiesAndStockholdersEquity", value: 9 }]);
  const body = await w.candidateBars(id, [{ date: "2024-05-01", high: 1 }, { date: "2024-05-02", volume: -1 }]);
  await w.judge(body);
  await w.db.query(
    `insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id)
    values ($1, 'bars', 1, 'AAA', $2, '2024-05-01', '{bar_ohlc_order}', E'a\\nline\\tbroken, 東京 日経 cafe\\u0301 \\u202e \\\\ "quoted"', '{}', $3),
      ($1, 'bars', 2, null, null, null, '{bar_volume_valid,bar_ohlc_order}', 'no time', '{}', $3)`,
    [body, id, w.runId],
  );
  await w.db.query("delete from ingest.candidate_bar");
  await w.db.query(
    `insert into ingest.normalisation (raw_response_id, normaliser, normaliser_version, outcome, row_count, accepted_count, quarantined_count, error_code, message, run_id)
    values ($1, 'ingest.normalise_test_bars', '0123456789ab', 'normalised', 2, 0, 2, null, null, $2),
      ($3, 'ingest.normalise_test_bars', '0123456789ab', 'refused', 0, 0, 0, 'MB004', 'The body is HTML.', $2)`,
    [body, w.runId, await w.body()],
  );
  await w.db.query("update market.price_data set volume = 77 where instrument_id = $1 and session_date = '2024-03-05'", [id]);
  await w.validate(id);
  return id;
}

/** A feature vector, a training, a prediction, and two years of value at risk with exceptions, for an instrument that has bars. */
export async function derive(w: World, instrumentId: number): Promise<void> {
  await w.db.query(
    `insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, revision, known_from, run_id)
    select $1, version.feature_set_version_id, '2024-04-01', array_fill(0.5::float8, array[cardinality(version.feature_names)]), 1, '2024-04-01 21:00Z', $2
    from feature.current_set('qlib14') as version`,
    [instrumentId, w.runId],
  );
  await w.db.query(
    `with made as (
      insert into ml.training_set (feature_set_version_id, label, instrument_ids, from_ts, to_ts, known_at, row_count, left_out, data_hash, run_id)
      select version.feature_set_version_id, 'next_return', array[$1::bigint], '2024-03-04', '2024-04-01', now(), 20, '{}', repeat('ab', 32), $2
      from feature.current_set('qlib14') as version
      returning *
    ), trained as (
      insert into ml.model_training_run (model_id, training_set_id, parameters, metrics_in_sample, metrics_out_of_sample, folds, feature_names, feature_means,
        feature_scales, coefficients, intercept, trained_from, trained_to, out_of_sample_from, data_hash, code_version, is_current, started_at, finished_at, run_id)
      select model.model_id, made.training_set_id, '{"folds": 5}', '{"r2": 0.5}', '{"r2": 0.25, "hit_rate": 0.5}', '[]', array['kmid'], array[0.0], array[1.0], array[0.1], 0,
        '2024-03-04', '2024-03-20', '2024-03-21', made.data_hash, 'c0de', true, now(), now(), $2
      from made, ml.model where model.name = 'next_return_ridge'
      returning *
    )
    insert into ml.model_prediction (instrument_id, model_training_run_id, ts, decision_time, predicted, is_out_of_sample, feature_set_version_id, feature_revision, run_id)
    select $1, trained.model_training_run_id, '2024-04-01', '2024-04-01 21:00Z', 0.0123, true, made.feature_set_version_id, 1, $2
    from trained, made`,
    [instrumentId, w.runId],
  );
  await w.db.query(
    `with book as (
      insert into portfolio.portfolio (name, base_currency, initial_cash, inception_date) values ('book', 'USD', 1000, '2022-01-03') returning portfolio_id
    ), day as (
      select portfolio_id, '2022-01-03'::date + n as session_date, n from book, generate_series(0, 400) as n
    ), metric as (
      insert into portfolio.performance_metric (portfolio_id, session_date, metric, value, observation_count, run_id)
      select portfolio_id, session_date, 'daily_return', case when n in (100, 101, 300) then -0.05 else 0.001 end, 10, $1 from day
    )
    insert into risk.var_calculation (portfolio_id, session_date, method, confidence, horizon_days, window_days, observation_count, value_at_risk, expected_shortfall,
      portfolio_value, run_id)
    select portfolio_id, session_date, 'historical', 0.99, 1, 500, 500, 0.02, 0.03, 1000, $1 from day`,
    [w.runId],
  );
}

/** What `fill` and `derive` leave empty: restated facts, corrected actions, vectors computed again, an earlier version of a set, a held body, a retired rule. */
export async function enrich(w: World, instrumentId: number): Promise<void> {
  await w.instrument("EMPTY");
  await w.db.query("update market.company_fundamental set value = value + 1, run_id = $2 where instrument_id = $1 and concept = 'Assets'", [instrumentId, w.runId]);
  await w.action(instrumentId, "dividend", "2024-03-06", 1);
  await w.db.query("update market.corporate_action set amount = 2 where instrument_id = $1", [instrumentId]);
  await defineSet(w.db, "report_set", { mean: "ta.rolling_mean(close, 3)" });
  const vector = `insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
    select $1, version.feature_set_version_id, '2024-04-02', '{1}', '2024-04-02 21:00Z', $2 from feature.current_set('report_set') as version`;
  await w.db.query(vector, [instrumentId, w.runId]);
  await defineSet(w.db, "report_set", { mean: "ta.rolling_mean(close, 4)" });
  await w.db.query(vector, [instrumentId, w.runId]);
  await w.db.query("update feature.feature_vector set values = '{2}' where ts = '2024-04-02'");
  await w.db.query(
    `insert into ingest.held_response (raw_response_id, run_id, changed_count, instrument_count, bar_count, fact_count, feature_value_count, training_set_count, prediction_count)
    values ($1, $2, 500, 1, 500, 0, 7000, 1, 3)`,
    [await w.body(), w.runId],
  );
  await w.db.query("select quality.retire_rule('price_level_shift')");
  // The same fault in five symbols on one day, all in one body.
  const ids: number[] = [];
  for (const symbol of ["FAULT1", "FAULT2", "FAULT3", "FAULT4", "FAULT5"]) ids.push(await w.instrument(symbol));
  const body = await w.candidateBars(null, ids.map(() => ({ date: "2024-03-07", high: 1 })));
  await w.db.query("update ingest.candidate_bar set instrument_id = ($2::bigint[])[row_no] where raw_response_id = $1", [body, ids]);
  await w.judge(body);
}
