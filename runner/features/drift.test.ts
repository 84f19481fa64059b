import t from "tap";
import { addBars, addInstrument, compute, dayAfter, defineSet, flatBar, openBench, randomNumbers } from "../../db/tests/feature/fixture.ts";
import { testDatabase } from "../../db/tests/support/database.ts";
import { thresholds } from "../cli/thresholds.ts";
import { timeSpan } from "../cli/time-span.ts";
import { measureDrift } from "./drift.ts";

t.test("drift is measured in a run of its own, stored, and shown for every feature", async (t) => {
  const bench = await openBench(await testDatabase(t));
  const { db } = bench;
  const random = randomNumbers(21);
  await defineSet(db, "drawn", { level: "close", shape: "close - close + 1" });
  const id = await addInstrument(bench, "AAA");
  // Half a year around 10, then a month around 20.
  await addBars(bench, id, Array.from({ length: 230 }, (_, i) => flatBar(dayAfter(i), (i < 200 ? 10 : 20) + random())));
  const quiet = { set: "drawn", baseline: {}, current: {}, thresholds: { sessions_behind: null } };
  const none = await measureDrift(db.worker, quiet);
  t.match(none, { windows: null, features: [], results: [{ status: "not_applicable" }, { status: "not_applicable" }] }, "no vectors");
  await compute(bench, "drawn", id);

  const moved = await measureDrift(db.worker, { ...quiet, currentDays: 29 });
  t.match(moved, {
    feature_set: "drawn", version: /^[0-9a-f]{12}$/,
    windows: { current_from: new Date(`${dayAfter(200)}Z`), current_to: new Date(`${dayAfter(229)}Z`) },
    features: [{ feature_name: "level", level: "fail", baseline_count: 200, current_count: 30, ks: 1 }, { feature_name: "shape", level: "ok", psi: 0 }],
    results: [{ rule: "feature_drift", status: "failed", failed: 1 }, { rule: "feature_drift_warning", status: "passed", failed: 0 }],
  });
  t.match(
    await db.query(
      `select run.step, run.status, run.message, result.status as stored, count(finding) as findings from pipeline.pipeline_run as run
       join quality.validation_result as result using (run_id) left join quality.validation_finding as finding using (validation_result_id)
       where run_id = $1 and rule = 'feature_drift' group by run_id, result.status`, [moved.run_id],
    ),
    [{ step: "drift", status: "succeeded", message: /^1 of 2 failed. First: level of drawn: psi/, stored: "failed", findings: "1" }],
  );
  const within = await measureDrift(db.worker, { ...quiet, baseline: { from: new Date(`${dayAfter(0)}Z`) }, current: { from: new Date(`${dayAfter(100)}Z`), to: new Date(`${dayAfter(199)}Z`) } });
  t.match(within, { features: [{ level: "ok", baseline_count: 100, current_count: 100 }, {}], results: [{ status: "passed" }, { status: "passed" }] }, "windows that are given");
  await t.rejects(measureDrift(db.worker, { ...quiet, thresholds: { psy: [1, 2] } }), { code: "MB001" });
  t.match(await db.query("select status, error_code from pipeline.pipeline_run order by run_id desc limit 1"), [{ status: "failed", error_code: "MB001" }]);
});

t.test("spans and thresholds as they are typed", async (t) => {
  t.same(timeSpan("--x", "2024-01-01..2024-01-31"), { from: new Date("2024-01-01T00:00:00Z"), to: new Date("2024-01-31T23:59:59.999Z") });
  t.same(timeSpan("--x", "..2024-01-31T10:30+02:00"), { to: new Date("2024-01-31T08:30:00Z") });
  t.same(timeSpan("--x", undefined), {});
  for (const text of ["", "..", "2024-01-01", "a..b", "2024-02-30..", "2024-02-01..2024-01-01", "2024-01-01T10:00..", "1..2..3"]) {
    t.throws(() => timeSpan("--x", text), { exitCode: 2, message: /^--x/ }, `span ${text}`);
  }
  t.same(thresholds(["psi=0.1,0.25", "kl=off", "significance=1e-3"]), { psi: [0.1, 0.25], kl: null, significance: 0.001 });
  t.same(thresholds([]), {});
  for (const text of ["psi", "psi=", "psi=1", "=1,2", "psi=1,2,3", "psi=a,b", "significance=1,2", "psi=-1,2", "psi=1=2,3"]) {
    t.throws(() => thresholds([text]), { exitCode: 2, message: /--threshold/ }, `threshold ${text}`);
  }
});
