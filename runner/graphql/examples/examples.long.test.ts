import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testDatabase } from "../../../db/tests/support/database.ts";
import { repositoryRoot } from "../../config/config.ts";
import { value } from "../../database/pool.ts";
import { fetchAndLand } from "../../providers/fetch-and-land.ts";
import { startApi } from "../testing/api.ts";

interface Connection<T> {
  readonly nodes: readonly T[];
}

interface Answer {
  readonly instrumentBySymbol: {
    readonly symbol: string;
    readonly priceData: Connection<{
      readonly sessionDate: string;
      readonly close: number;
      readonly version: number;
      readonly featureData: Connection<{ featureName: string; value: number; version: string }>;
      readonly rawResponse: { readonly sha256: string; readonly validationResults: Connection<{ rule: string; status: string; severity: string; checkedCount: string }> };
      readonly run: { readonly runId: string };
    }>;
    readonly modelPredictions: Connection<{
      readonly predicted: number;
      readonly modelTrainingRun: { readonly model: { readonly name: string } };
      readonly trace: Connection<{ depth: number; relation: string; sha256: string | null }>;
    }>;
  };
}

t.test("one question has a symbol's bars, their features, what the rules said, and a prediction with its trace", async (t) => {
  const db = await testDatabase(t);
  const run = await value<string>(db.worker, "select pipeline.start_run('test', 'test')");
  const { rawResponseId } = await fetchAndLand(db.worker, { runId: run, provider: "sample", dataset: "bars", subject: "AAPL" });
  await db.query("select pipeline.normalise_response($1, $2)", [run, rawResponseId], "worker");
  await db.query("select feature.compute($1, 'qlib14', array[market.instrument_id('AAPL')])", [run], "worker");
  const model = await value<string>(db.worker, "select name from ml.model order by model_id limit 1");
  await db.query("select ml.train($1, $2)", [run, model], "worker");
  await db.query("select ml.predict($1, $2)", [run, model], "worker");

  const api = await startApi(t, db);
  const { data, errors, milliseconds } = await api.ask(readFileSync(join(import.meta.dirname, "symbol.graphql"), "utf8"), { symbol: "AAPL", bars: 2 });
  t.equal(errors, undefined);
  t.ok(milliseconds < 5_000, `${milliseconds.toFixed(0)} ms`);
  const { symbol, priceData, modelPredictions } = (data as unknown as Answer).instrumentBySymbol;
  t.equal(symbol, "AAPL");

  // The last two lines of the package's file.
  const file = readFileSync(join(repositoryRoot, "node_modules/@observablehq/sample-datasets/aapl.csv"));
  const [header = "", ...lines] = file.toString().trim().split(/\r?\n/);
  const columns = header.split(",");
  const last = lines.slice(-2).map((line) => {
    const cells = line.split(",");
    return { sessionDate: cells[columns.indexOf("Date")], close: Number(cells[columns.indexOf("Close")]) };
  });
  t.strictSame(priceData.nodes.map(({ sessionDate, close }) => ({ sessionDate, close })), last);

  const sha256 = createHash("sha256").update(file).digest("hex");
  const version = await db.value("select version.version from feature.feature_set_version version join feature.feature_set using (feature_set_id) where name = 'qlib14' and is_current");
  for (const bar of priceData.nodes) {
    t.equal(bar.version, 1);
    t.equal(bar.run.runId, run);
    t.equal(bar.rawResponse.sha256, sha256);
    t.strictSame(
      bar.featureData.nodes.map(({ featureName }) => featureName).sort(),
      ["corr20", "klen", "kmid", "ma20", "ma5", "max20", "min20", "roc20", "roc5", "rsv20", "std20", "std5", "vma20", "vstd20"],
    );
    for (const feature of bar.featureData.nodes) t.ok(Number.isFinite(feature.value) && feature.version === version, feature.featureName);
    const results = bar.rawResponse.validationResults.nodes;
    t.ok(results.length >= 5, "the critical rules were applied");
    for (const { rule, status, checkedCount } of results.filter(({ rule }) => rule.startsWith("bar_"))) t.strictSame([status, checkedCount], ["passed", String(lines.length)], rule);
  }

  const [prediction] = modelPredictions.nodes;
  t.equal(prediction?.modelTrainingRun.model.name, model);
  t.ok(Number.isFinite(prediction?.predicted));
  const stations = prediction?.trace.nodes ?? [];
  t.equal(stations[0]?.relation, "ml.model_prediction");
  t.equal(stations[0]?.depth, 0);
  t.strictSame([...new Set(stations.filter(({ relation }) => relation === "ingest.raw_response").map((station) => station.sha256))], [sha256], "the trace ends at the body that was fetched");
});
