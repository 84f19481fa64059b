import t from "tap";
import { world } from "../support.ts";

t.test("runs are compared with what is usual for them", async (t) => {
  const w = await world(t);
  let hour = 0;
  const run = (step: string, written: number, seconds: number, parameters: object = {}, status = "succeeded") =>
    w.db.query(
      `insert into pipeline.pipeline_run (flow, step, status, parameters, rows_read, rows_written, started_at, finished_at, error_code, message)
       select 'nightly', $1, $2, $3, $4, $4, at, at + make_interval(secs => $5), case when $2 = 'failed' then 'XX000' end, 'done'
       from (select timestamptz '2026-01-01Z' + make_interval(hours => $6) as at) as begun`,
      [step, status, JSON.stringify(parameters), written, seconds, hour++],
    );
  const look = async () => {
    const said = await w.db.query<{ rule: string }>("select rule, status, checked_count::int as checked, failed_count::int as failed, message from quality.validate($1, '{}', null, '{pipeline_run}')", [w.runId], "worker");
    return Object.fromEntries(said.map((one) => [one.rule.replace("pipeline_", ""), one]));
  };
  const open = (rule: string) => w.db.query("select key, observed, state from quality.finding where rule = $1 and state in ('open', 'reopened')", [`pipeline_${rule}`], "reader");
  const several = async (count: number, ...[step, written, seconds, parameters]: Parameters<typeof run>) => {
    for (let i = 0; i < count; i++) await run(step, written + (i % 3), seconds + (i % 3), parameters);
  };

  // Too little history: nothing is said, whatever comes.
  await several(9, "features", 5000, 100);
  await run("features", 0, 9000);
  t.match(await look(), { row_count: { status: "not_applicable" }, run_time: { status: "not_applicable" } });

  // The run itself is no part of what is usual: one against ten equal ones.
  await several(9, "fetch", 1000, 60, { provider: "test", dataset: "bars", subject: "AAA", from: "2026-01-01", to: "2026-01-06" });
  await run("fetch", 1000, 60, { provider: "test", dataset: "bars", subject: "AAA", from: "2026-01-01", to: "2026-01-06" });
  await run("fetch", 120, 61, { provider: "test", dataset: "bars", subject: "AAA", from: "2026-02-01", to: "2026-02-06" });
  t.match(await look(), {
    row_count: { status: "failed", checked: 1, failed: 1, message: /^1 of 1 failed\. First: Run \d+ \(nightly fetch test bars AAA\): 120 rows read, usually 1001; 120 rows written, usually 1001\.$/ },
    run_time: { status: "passed", checked: 1 },
  });
  t.match(await open("row_count"), [{ key: { flow: "nightly", step: "fetch", provider: "test", dataset: "bars", subject: "AAA", days: 5 }, observed: { baseline: 10, "rows read": { value: 120, usual: 1001 } } }]);

  // Another span, another subject and a failed run are other things.
  await run("fetch", 250_000, 5000, { provider: "test", dataset: "bars", subject: "AAA", from: "2006-01-01", to: "2026-01-06" });
  await run("fetch", 7, 60, { provider: "test", dataset: "bars", subject: "BBB", from: "2026-01-01", to: "2026-01-06" });
  await run("fetch", 0, 5000, { provider: "test", dataset: "bars", subject: "AAA", from: "2026-02-01", to: "2026-02-06" }, "failed");
  t.match(await look(), { row_count: { checked: 1, failed: 1 } });

  // As usual again: resolved. Slow: the other rule.
  await run("fetch", 1001, 400, { provider: "test", dataset: "bars", subject: "AAA", from: "2026-02-02", to: "2026-02-07" });
  t.match(await look(), { row_count: { status: "passed" }, run_time: { status: "failed", message: /\(nightly fetch test bars AAA\) took 400\.0 s, usually 6\d\.0 s\.$/ } });
  t.same(await open("row_count"), []);
  t.match(await open("run_time"), [{ observed: { seconds: 400 } }]);

  // Without any variance the score is infinite, and a small difference still no news.
  for (let i = 0; i < 10; i++) await run("steady", 40, 10);
  await run("steady", 55, 12);
  t.match(await look(), { row_count: { status: "passed", checked: 2 } });
  for (let i = 0; i < 10; i++) await run("still", 40, 10);
  await run("still", 400, 10);
  t.match(await look(), { row_count: { status: "failed", checked: 3, failed: 1 } });
  t.match(await open("row_count"), [{ key: { step: "still" }, observed: { "rows written": { value: 400, usual: 40, score: "Infinity" } } }]);
});
