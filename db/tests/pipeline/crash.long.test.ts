import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { startWorker } from "../../../runner/worker/worker.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

/** What the flow makes, without the numbers of rows and the times, which differ from one run to another. */
const RESULT = `
  select md5(string_agg(line, e'\\n' order by line)) from (
    select format('bar %s %s %s %s %s %s', symbol, ts, open, close, volume, version) as line
    from market.price_data join market.instrument using (instrument_id)
    union all
    select format('vector %s %s %s %s', symbol, ts, revision, values::text)
    from feature.feature_vector join market.instrument using (instrument_id)
    union all
    select format('prediction %s %s %s', symbol, ts, predicted) from ml.model_prediction join market.instrument using (instrument_id)
    union all
    select format('position %s %s %s %s', symbol, session_date, quantity, market_value)
    from portfolio.portfolio_position join market.instrument using (instrument_id)
  ) made`;

function workerProcess(db: TestDatabase): ChildProcess {
  return spawn(process.execPath, [join(repositoryRoot, "db/tests/pipeline/worker-process.ts"), db.url("worker")], { stdio: ["ignore", "pipe", "inherit"] });
}

async function until(what: string, condition: () => Promise<boolean>, milliseconds = 120_000): Promise<void> {
  const limit = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`${what} did not happen within ${milliseconds / 1_000} s`);
    await sleep(50);
  }
}

const status = (db: TestDatabase, step: string) => db.value<string>("select status from pipeline.pipeline_run where step = $1 order by run_id desc limit 1", [step]);

t.setTimeout(600_000);

t.test("F1: kill -9 of the worker loses nothing and does nothing twice", { timeout: 600_000 }, async (t) => {
  const undisturbed = await testDatabase(t);
  const worker = await startWorker(undisturbed.url("worker"));
  await undisturbed.query("select pipeline.start_flow('demo')", [], "worker");
  await until("the end of the undisturbed flow", async () => (await status(undisturbed, "demo")) === "succeeded");
  await worker.stop();
  const expected = await undisturbed.value<string>(RESULT);

  const db = await testDatabase(t);
  await db.query("select pipeline.start_flow('demo')", [], "worker");
  for (const step of ["normalise", "features", "train"]) {
    const child = workerProcess(db);
    const gone = once(child, "exit");
    await until(`the start of ${step}`, async () => ["running", "succeeded"].includes(await status(db, step)));
    child.kill("SIGKILL");
    await gone;
  }
  const last = workerProcess(db);
  t.teardown(() => last.kill("SIGKILL"));
  await until("the end of the killed flow", async () => ["succeeded", "failed"].includes(await status(db, "demo")), 180_000);

  t.equal(await status(db, "demo"), "succeeded");
  t.equal(await db.value(RESULT), expected, "the same rows as without the kills");
  t.same(await db.query("select step from pipeline.pipeline_run where status <> 'succeeded'"), [], "no run is left open");
  t.ok((await db.value<number>("select max(attempt)::int from pipeline.pipeline_run")) > 1, "a run was taken up again");
  t.equal(await db.value("select count(*)::int from pipeline.stale_range"), 0, "nothing is left to do");
  t.equal(
    await db.value("select count(*)::int from (select target_relation, target_instrument_id, target_id, run_id, source_relation, source_id, source_instrument_id, target_from, operation, transformation_version from lineage.data_lineage group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having count(*) > 1) twice"),
    0,
    "no edge twice",
  );
});
