import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { demonstrate } from "../../../runner/flow/demonstrate.ts";
import { readSummary } from "../../../runner/flow/summary.ts";
import { silentProgress } from "../../../runner/output/progress.ts";
import { startWorker } from "../../../runner/worker/worker.ts";
import { testDatabase } from "../support/database.ts";

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const aapl = join(repositoryRoot, "node_modules/@observablehq/sample-datasets/aapl.csv");
const gspc = join(repositoryRoot, "node_modules/vega-datasets/data/sp500-2000.csv");

/** Rows that every table of the flow holds, with the newest time of recording: equal before and after means that nothing was written. */
const STATE = `
  select string_agg(format('%s %s', table_name, (xpath('/row/state/text()', query_to_xml(
    format('select count(*) || '' '' || coalesce(sum(hashtext(row_to_json(x)::text)::bigint), 0) as state from %s x', table_name), false, true, '')))[1]),
    e'\\n' order by table_name)
  from (
    select format('%I.%I', schemaname, tablename) as table_name
    from pg_tables
    where schemaname in ('market', 'ingest', 'feature', 'quality', 'pipeline', 'lineage', 'portfolio', 'risk', 'ml', 'search')
  ) tables`;

t.setTimeout(300_000);

t.test("the flow of the demonstration, twice, and after a correction", { timeout: 300_000 }, async (t) => {
  const db = await testDatabase(t);
  const worker = await startWorker(db.url("worker"));
  t.teardown(() => worker.stop());

  const root = await demonstrate(worker.pool, silentProgress());
  t.ok(root, "the first run finds work");
  t.same(
    await db.query("select step, status, message from pipeline.pipeline_run where parent_run_id = $1 and status <> 'succeeded'", [root]),
    [],
    "every step succeeded",
  );

  await t.test("rows come from real files and carry their run and their lineage", async (t) => {
    const lines = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n").length - 1;
    t.equal(
      await db.value("select count(*)::int from market.price_data join market.instrument using (instrument_id) where symbol = 'AAPL'"),
      lines(aapl),
      "a bar for every line of AAPL",
    );
    t.equal(
      await db.value("select count(*)::int from market.price_data join market.instrument using (instrument_id) where symbol = '^GSPC'"),
      lines(gspc),
      "a bar for every line of the S&P 500",
    );
    for (const [fact, key] of [
      ["market.price_data", "ts"],
      ["portfolio.trade", "traded_at"],
      ["search.document", "known_from"],
      ["portfolio.portfolio_position", "session_date::timestamp at time zone 'UTC'"],
      ["market.company_fundamental", "period_end::timestamp at time zone 'UTC'"],
      ["feature.feature_vector", "ts"],
      ["ml.model_prediction", "ts"],
    ] as const) {
      t.equal(
        await db.value(
          `select count(*)::int from ${fact} made where not exists (
             select from lineage.data_lineage edge
             where edge.run_id = made.run_id and edge.target_relation = '${fact}' and edge.target_instrument_id is not distinct from made.instrument_id
               and made.${key} between edge.target_from and edge.target_to)`,
        ),
        0,
        `every row of ${fact} has its edge`,
      );
    }
  });

  await t.test("a prediction is traced to the sha256 of the files on disk", async (t) => {
    const bodies = async (symbol: string) =>
      (
        await db.query<{ sha256: string }>(
          `select distinct sha256 from lineage.trace('ml.model_prediction', (
             select max(model_prediction_id) from ml.model_prediction join market.instrument using (instrument_id) where symbol = $1))
           where relation = 'ingest.raw_response'`,
          [symbol],
        )
      )
        .map((row) => row.sha256)
        .sort();
    // through the training run a prediction rests on both instruments
    t.same(await bodies("AAPL"), [sha256(aapl), sha256(gspc)].sort());
    const direct = await db.query<{ relation: string; depth: number; symbol: string | null }>(
      `select relation, depth, symbol from lineage.trace('ml.model_prediction', (select max(model_prediction_id) from ml.model_prediction)) where depth <= 1`,
    );
    t.same(
      direct.map(({ relation }) => relation),
      ["ml.model_prediction", "ml.model_training_run", "feature.feature_vector"],
      "the prediction, then its model and its features",
    );
  });

  await t.test("no feature, label or prediction uses what was known later", async (t) => {
    t.equal(
      await db.value(
        `select count(*)::int from ml.model_prediction prediction
         join feature.feature_vector vector using (instrument_id, feature_set_version_id, ts)
         where vector.known_from > prediction.decision_time`,
      ),
      0,
    );
  });

  await t.test("a second run writes nothing, not even a run", async (t) => {
    const before = await db.value(STATE);
    t.equal(await demonstrate(worker.pool, silentProgress()), undefined);
    t.equal(await db.value(STATE), before);
  });

  await t.test("F16: a corrected bar makes one version and recomputes only what depends on it", async (t) => {
    const corrected = "2016-03-01";
    const vectorsBefore = await db.query<{ set: string; ts: Date; values: string }>(
      `select feature_set_version_id::text as set, ts, values::text from feature.feature_vector join market.instrument using (instrument_id) where symbol = 'AAPL'`,
    );
    const oldPrediction = await db.value<string>("select max(model_prediction_id)::text from ml.model_prediction");
    const landing = await db.pool("worker").query<{ id: string }>(
      `with run as (select pipeline.start_run('ingest', 'import') as run_id)
       select raw_response_id::text as id from run, ingest.land(
         run.run_id, 'csv', 'bars', 'AAPL', 'file:correction.csv', 'READ', 200, '{}', 'text/csv',
         convert_to(e'date,open,high,low,close,volume,symbol\\n${corrected},97.650002,100.77,97.419998,100.6,50407100,AAPL\\n', 'UTF8'), now())`,
    );
    t.ok(landing.rows[0]?.id);

    const second = await demonstrate(worker.pool, silentProgress());
    t.ok(second, "the correction is work");
    t.same(
      await db.query(
        `select bar.version, bar.close, (select count(*)::int from market.price_data_history) as closed
         from market.price_data bar join market.instrument using (instrument_id) where symbol = 'AAPL' and session_date = $1`,
        [corrected],
      ),
      [{ version: 2, close: 100.6, closed: 1 }],
      "one new version, one closed",
    );

    const before = new Map(vectorsBefore.map((row) => [`${row.set} ${row.ts.toISOString()}`, row.values]));
    const changed = (
      await db.query<{ set: string; ts: Date; values: string; revision: number }>(
        `select feature_set_version_id::text as set, ts, values::text, revision from feature.feature_vector
         join market.instrument using (instrument_id) where symbol = 'AAPL'`,
      )
    ).filter((row) => row.revision > 1);
    t.ok(changed.length > 0, "vectors were revised");
    t.equal(changed.filter((row) => row.ts.toISOString().slice(0, 10) < corrected).length, 0, "none before the corrected bar");
    t.equal(changed.filter((row) => before.get(`${row.set} ${row.ts.toISOString()}`) === row.values).length, 0, "none without a difference");
    const qlib14 = await db.value<string>("select feature_set_version_id::text from feature.feature_set_version join feature.feature_set using (feature_set_id) where name = 'qlib14' and is_current");
    t.ok(changed.filter((row) => row.set === qlib14).length <= 21, "of qlib14 only the bar and the 20 after it");

    t.equal(
      await db.value("select count(*)::int from pipeline.pipeline_run where parent_run_id = $1 and step = 'features' and rows_written = $2", [second, changed.length]),
      1,
      "the run says how many",
    );
    const bodies = async (id: string) =>
      await db.value<number>(`select count(distinct id)::int from lineage.trace('ml.model_prediction', $1) where relation = 'ingest.raw_response'`, [id]);
    t.equal(await bodies(oldPrediction), 2, "a prediction made before still rests on the old bodies");
    t.equal(await bodies(await db.value<string>("select max(model_prediction_id)::text from ml.model_prediction")), 3, "a new one rests on the correction too");
  });

  await t.test("the summary reads what the flow made", async (t) => {
    const summary = await readSummary(db.pool("worker"), root);
    t.equal(summary.changes.length, 15);
    t.ok(summary.models.every((model) => model.information_coefficient !== null && model.rows_out_of_sample > 0));
    t.ok(summary.prediction?.bodies.length);
  });
});
