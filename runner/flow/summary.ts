import type pg from "pg";
import { rows } from "../database/pool.ts";
import { count, table } from "../output/table.ts";
import type { Style } from "../output/style.ts";

/** What the database holds, as figures: what the summary shows and `--json` prints. */
export interface Summary {
  readonly tables: readonly { table: string; rows: number; what: string }[];
  readonly changes: readonly { step: string; status: string; rows_written: number; message: string | null }[];
  readonly checks: readonly { rule: string; severity: string; passed: number; failed: number; findings: number }[];
  readonly quarantined: number;
  readonly features: readonly { set: string; version: string; features: number; instruments: number; vectors: number }[];
  readonly models: readonly {
    model: string;
    training_rows: number;
    rows_out_of_sample: number;
    information_coefficient: number | null;
    hit_rate: number | null;
    r2: number | null;
    rmse: number | null;
    predictions: number;
    data_hash: string;
  }[];
  readonly portfolios: readonly { portfolio: string; session_date: string; metric: string; value: number | null }[];
  readonly risk: readonly { portfolio: string; session_date: string; confidence: number; value_at_risk: number; expected_shortfall: number }[];
  readonly prediction: { id: string; symbol: string; ts: string; predicted: number; bodies: readonly string[] } | undefined;
}

/** The tables of the summary, in the order of the flow. */
const TABLES: readonly [table: string, what: string][] = [
  ["ingest.raw_response", "bodies, byte for byte"],
  ["ingest.quarantine", "rows refused by a critical rule"],
  ["market.instrument", "instruments"],
  ["market.price_data", "bars as now known"],
  ["market.price_data_history", "closed versions of bars"],
  ["market.company_fundamental", "reported facts"],
  ["quality.validation_result", "checks, passed and failed"],
  ["quality.validation_finding", "rows that failed a check"],
  ["feature.feature_vector", "feature vectors"],
  ["ml.model_training_run", "trainings"],
  ["ml.model_prediction", "predictions"],
  ["portfolio.trade", "trades"],
  ["portfolio.portfolio_position", "daily positions"],
  ["portfolio.performance_metric", "daily performance metrics"],
  ["portfolio.portfolio_optimization", "optimised weights"],
  ["risk.var_calculation", "values at risk"],
  ["search.document", "documents"],
  ["pipeline.pipeline_run", "runs"],
  ["lineage.data_lineage", "lineage edges"],
];

/** Reads the figures of the summary; `root` is the flow whose steps are listed as changes. */
export async function readSummary(pool: pg.Pool, root: string | undefined): Promise<Summary> {
  const counts = await rows<{ table: string; rows: number }>(
    pool,
    TABLES.map(([name]) => `select '${name}' as table, count(*)::float8 as rows from ${name}`).join(" union all "),
  );
  const rowCount = new Map(counts.map((entry) => [entry.table, entry.rows]));
  const [prediction] = await rows<{ id: string; symbol: string; ts: string; predicted: number }>(
    pool,
    `select prediction.model_prediction_id::text as id, instrument.symbol, to_char(prediction.ts, 'YYYY-MM-DD') as ts, prediction.predicted
     from ml.model_prediction prediction
     join ml.model_training_run training using (model_training_run_id)
     join market.instrument instrument using (instrument_id)
     where training.is_current
     order by prediction.ts desc, instrument.symbol
     limit 1`,
  );
  return {
    tables: TABLES.map(([name, what]) => ({ table: name, rows: rowCount.get(name) ?? 0, what })),
    changes:
      root === undefined
        ? []
        : await rows(
            pool,
            `select step, status, rows_written::float8 as rows_written, message from pipeline.pipeline_run where parent_run_id = $1 order by stage, step`,
            [root],
          ),
    checks: await rows(
      pool,
      `with latest as (
         select distinct on (rule, instrument_id, raw_response_id) rule, severity, status, failed_count
         from quality.validation_result
         order by rule, instrument_id, raw_response_id, validation_result_id desc
       )
       select rule, severity, count(*) filter (where status = 'passed')::float8 as passed,
         count(*) filter (where status = 'failed')::float8 as failed, sum(failed_count)::float8 as findings
       from latest
       group by rule, severity
       order by array_position(array['critical', 'error', 'warning', 'info'], severity), rule`,
    ),
    quarantined: rowCount.get("ingest.quarantine") ?? 0,
    features: await rows(
      pool,
      `select feature_set.name as set, version.version, cardinality(version.feature_names) as features,
         count(distinct vector.instrument_id)::float8 as instruments, count(vector.ts)::float8 as vectors
       from feature.feature_set_version version
       join feature.feature_set feature_set using (feature_set_id)
       left join feature.feature_vector vector using (feature_set_version_id)
       where version.is_current
       group by feature_set.name, version.version, version.feature_names
       order by feature_set.name`,
    ),
    models: await rows(
      pool,
      `select model.name as model, training_set.row_count::float8 as training_rows,
         (training.metrics_out_of_sample ->> 'rows')::float8 as rows_out_of_sample,
         (training.metrics_out_of_sample ->> 'information_coefficient')::float8 as information_coefficient,
         (training.metrics_out_of_sample ->> 'hit_rate')::float8 as hit_rate,
         (training.metrics_out_of_sample ->> 'r2')::float8 as r2,
         (training.metrics_out_of_sample ->> 'rmse')::float8 as rmse,
         (select count(*)::float8 from ml.model_prediction prediction where prediction.model_training_run_id = training.model_training_run_id) as predictions,
         training.data_hash
       from ml.model_training_run training
       join ml.model model using (model_id)
       join ml.training_set training_set using (training_set_id)
       where training.is_current
       order by model.name`,
    ),
    portfolios: await rows(
      pool,
      `select portfolio.name as portfolio, to_char(metric.session_date, 'YYYY-MM-DD') as session_date, metric.metric, metric.value
       from portfolio.performance_metric metric
       join portfolio.portfolio portfolio using (portfolio_id)
       where metric.session_date = (select max(last.session_date) from portfolio.performance_metric last where last.portfolio_id = metric.portfolio_id)
       order by portfolio.name, metric.metric`,
    ),
    risk: await rows(
      pool,
      `select distinct on (portfolio.name, calculation.confidence) portfolio.name as portfolio, to_char(calculation.session_date, 'YYYY-MM-DD') as session_date,
         calculation.confidence, calculation.value_at_risk, calculation.expected_shortfall
       from risk.var_calculation calculation
       join portfolio.portfolio portfolio using (portfolio_id)
       order by portfolio.name, calculation.confidence, calculation.session_date desc`,
    ),
    prediction: prediction === undefined ? undefined : { ...prediction, bodies: await bodiesOf(pool, prediction.id) },
  };
}

/** The sha256 of every body behind a prediction. */
async function bodiesOf(pool: pg.Pool, predictionId: string): Promise<string[]> {
  const traced = await rows<{ sha256: string }>(
    pool,
    `select distinct sha256 from lineage.trace('ml.model_prediction', $1) where relation = 'ingest.raw_response' order by sha256`,
    [predictionId],
  );
  return traced.map(({ sha256 }) => sha256);
}

const percent = (value: number | null, digits = 2) => (value === null ? "not defined" : `${(100 * value).toFixed(digits)} %`);
const figure = (value: number | null, digits = 4) => (value === null ? "not defined" : value.toFixed(digits));

/** The summary as a person reads it. */
export function formatSummary(summary: Summary, style: Style): string {
  const parts: string[] = [];
  const section = (title: string, text: string) => parts.push(`${style.bold(title)}\n${text}`);

  section(
    "What is in the database",
    table(["table", { heading: "rows", align: "right" }, "what"], summary.tables.map(({ table: name, rows: n, what }) => [name, count(n), what])),
  );

  const passed = summary.checks.reduce((sum, check) => sum + check.passed, 0);
  const failed = summary.checks.filter((check) => check.failed > 0);
  section(
    `Checks: ${count(passed)} passed, ${count(failed.reduce((sum, check) => sum + check.failed, 0))} failed, ${count(summary.quarantined)} rows in quarantine`,
    failed.length === 0
      ? `All ${summary.checks.length} rules passed.`
      : table(
          ["failed rule", "severity", { heading: "checks failed", align: "right" }, { heading: "rows", align: "right" }],
          failed.map((check) => [check.rule, check.severity, count(check.failed), count(check.findings)]),
        ),
  );

  section(
    "Features",
    table(
      ["set", "version", { heading: "features", align: "right" }, { heading: "instruments", align: "right" }, { heading: "vectors", align: "right" }],
      summary.features.map((set) => [set.set, set.version, count(set.features), count(set.instruments), count(set.vectors)]),
    ),
  );

  section(
    "Models, out of sample (walk-forward)",
    table(
      ["model", { heading: "rows", align: "right" }, { heading: "IC", align: "right" }, { heading: "hit rate", align: "right" }, { heading: "R²", align: "right" }, { heading: "RMSE", align: "right" }, "data hash"],
      summary.models.map((model) => [
        model.model,
        `${count(model.rows_out_of_sample)} of ${count(model.training_rows)}`,
        figure(model.information_coefficient),
        percent(model.hit_rate),
        figure(model.r2),
        figure(model.rmse, 5),
        model.data_hash.slice(0, 12),
      ]),
    ),
  );

  for (const [name, metrics] of Map.groupBy(summary.portfolios, ({ portfolio }) => portfolio)) {
    const value = (metric: string) => metrics.find((entry) => entry.metric === metric)?.value ?? null;
    const risk = summary.risk.filter(({ portfolio }) => portfolio === name);
    const nav = value("net_asset_value");
    section(
      `Portfolio ${name} at ${metrics[0]?.session_date ?? ""}`,
      [
        `net asset value ${nav === null ? "not defined" : count(Math.round(nav))}, cumulative return ${percent(value("cumulative_return"))}, ` +
          `Sharpe ratio ${figure(value("sharpe_ratio"), 2)}, maximum drawdown ${percent(value("max_drawdown"))}`,
        ...risk.map(
          (var_) => `one-day value at risk ${percent(var_.value_at_risk)} at ${percent(var_.confidence, 0)}, expected shortfall ${percent(var_.expected_shortfall)}`,
        ),
      ].join("\n"),
    );
  }

  if (summary.prediction !== undefined) {
    const { id, symbol, ts, predicted, bodies } = summary.prediction;
    section(
      "From a prediction back to what was fetched",
      `prediction ${id}: ${symbol} after ${ts}, next return ${percent(predicted, 3)}, comes from ${bodies.length === 1 ? "the body" : "the bodies"}\n` +
        bodies.map((sha256) => `  sha256 ${sha256}`).join("\n"),
    );
  }

  if (summary.changes.length > 0) {
    section(
      "What this run changed",
      table(
        ["step", { heading: "rows written", align: "right" }, "outcome"],
        summary.changes.map((change) => [change.step, count(change.rows_written), change.message ?? change.status]),
      ),
    );
  }
  return parts.join("\n\n");
}

/** Where a person goes from here. */
export function nextSteps(style: Style, graphqlUrl: string | undefined, predictionId: string | undefined): string {
  const lines: [string, string][] = [
    ...(graphqlUrl === undefined ? [["npm start", "the same, then GraphQL with its explorer"] as [string, string]] : [[graphqlUrl, "GraphQL and its explorer"] as [string, string]]),
    ['psql "$(npx marketbase db url)"', "SQL; try \\dt market.* and \\d+ market.price_data"],
    ["npx marketbase report compliance", "what came in, which rules passed, which versions were in force"],
    ["npx marketbase import FILE.csv --symbol AAPL", "your own bars, or a correction; then npm start"],
    ["npx marketbase doctor", "what is running, and what is wrong"],
  ];
  const trace =
    predictionId === undefined ? "" : `\nin SQL  select depth, relation, symbol, version, run_id, sha256 from lineage.trace('ml.model_prediction', ${predictionId});`;
  const longest = Math.max(...lines.map(([line]) => line.length));
  return `${style.bold("Where to look next")}\n${lines.map(([line, meaning]) => `${line.padEnd(longest)}  ${style.dim(meaning)}`).join("\n")}${trace}`;
}
