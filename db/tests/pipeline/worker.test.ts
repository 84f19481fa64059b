import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { testDatabase } from "../support/database.ts";

t.setTimeout(120_000);

t.test("F3: SIGTERM ends a worker within ten seconds, with its step finished or given back", { timeout: 120_000 }, async (t) => {
  const db = await testDatabase(t);
  await db.query("select pipeline.start_flow('demo')", [], "worker");
  const child = spawn(process.execPath, [join(repositoryRoot, "db/tests/pipeline/worker-process.ts"), db.url("worker")], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const begun = async () => (await db.value<string>("select status from pipeline.pipeline_run where step = 'normalise'")) !== "queued";
  for (let turn = 0; turn < 600 && !(await begun()); turn++) await sleep(50);
  t.ok(await begun(), "the worker is at work");
  const signalled = Date.now();
  child.kill("SIGTERM");
  await gone;
  t.ok(Date.now() - signalled < 10_000, `ended after ${Date.now() - signalled} ms`);
  t.equal(await db.value("select count(*)::int from pipeline.pipeline_run where status in ('failed', 'running') and stage > 0"), 0, "nothing failed, nothing is left running");
});

t.test("a step that fails says what failed, skips the rest, and a new start goes on", { timeout: 120_000 }, async (t) => {
  const db = await testDatabase(t);
  await db.query("insert into pipeline.flow_step values ('broken', 'no_such_step', 1, 'run_step', '{}', 'fails'), ('broken', 'validate', 2, 'run_step', '{}', 'follows')");
  const root = await db.value<string>("select pipeline.start_flow('broken')::text", [], "worker");
  await db.query("select pipeline.begin_run(run_id) from pipeline.pipeline_run where step = 'no_such_step'", [], "worker");
  const { code, message } = await db.refused("select pipeline.run_step(run_id) from pipeline.pipeline_run where step = 'no_such_step'", [], "worker");
  t.equal(code, "MB003");
  await db.query("select pipeline.fail_run(run_id, $1, $2) from pipeline.pipeline_run where step = 'no_such_step'", [code, message], "worker");
  await db.query("select pipeline.advance_flow($1)", [root], "worker");
  t.same(await db.query("select step, status, error_code from pipeline.pipeline_run order by run_id"), [
    { step: "broken", status: "failed", error_code: "MB003" },
    { step: "no_such_step", status: "failed", error_code: "MB003" },
    { step: "validate", status: "skipped", error_code: null },
  ]);
  t.not(await db.value<string>("select pipeline.start_flow('broken')::text", [], "worker"), root, "a new start is a new run");
});

t.test("F1: runs are fenced, joined and swept", async (t) => {
  const db = await testDatabase(t);
  const root = await db.value<string>("select pipeline.start_flow('demo')::text", [], "worker");
  t.equal(await db.value<string>("select pipeline.start_flow('demo')::text", [], "worker"), root, "a second start joins the first");
  t.equal(await db.value("select count(*)::int from graphile_worker.jobs", [], "worker"), 6, "one job for each step of the first stage");
  t.equal((await db.refused("select pipeline.start_flow('nothing')", [], "worker")).code, "MB003");

  const run = await db.value<string>("select run_id::text from pipeline.pipeline_run where step = 'fetch_trades'");
  t.equal(await db.value("select (pipeline.begin_run($1)).attempt", [run], "worker"), 1);
  t.equal(await db.value("select (pipeline.begin_run($1)).attempt", [run], "worker"), null, "a run is taken up once");
  await db.query("update pipeline.pipeline_run set heartbeat_at = now() - interval '10 seconds', worker = 'marketbase worker gone' where run_id = $1", [run]);
  t.equal(await db.value("select pipeline.sweep_runs()", [], "worker"), 1, "its worker has no connection any more");
  t.equal(await db.value("select (pipeline.begin_run($1)).attempt", [run], "worker"), 2);
  t.equal((await db.refused("select pipeline.fence_run($1, 1)", [run], "worker")).code, "MB008", "the late attempt writes nothing");
  await db.query("select pipeline.fence_run($1, 2)", [run], "worker");
  t.equal(await db.value("select pipeline.sweep_runs()", [], "worker"), 0, "a run with a heartbeat is left alone");
  t.equal((await db.refused("select pipeline.finish_run(-1)", [], "worker")).code, "MB008");
});
