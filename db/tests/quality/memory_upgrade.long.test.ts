import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import t from "tap";
import { withConnection } from "../../../runner/database/connect.ts";
import { createDatabase } from "../../../runner/database/include.ts";
import { repositoryLayout } from "../../../runner/database/layout.ts";
import { migrate } from "../../../runner/database/migrate.ts";
import { templateDatabase, useTestCluster } from "../../../runner/testing/cluster.ts";
import { trialLayout } from "../../../runner/testing/layout.ts";

t.setTimeout(300_000);

/** The last migration before results had partitions. */
const LAST = "000004";

t.test("a database with results of before keeps them, by month, and knows the life of its findings", async (t) => {
  const cluster = await useTestCluster("memory_upgrade");
  t.teardown(() => cluster.server.release());
  await templateDatabase(cluster);
  const { urlFor } = cluster;
  const database = `mb_upgrade_${process.pid}`;
  t.teardown(() => withConnection(urlFor("admin", "postgres"), async (admin) => void (await admin.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`))));
  const before = trialLayout(t);
  const committed = join(repositoryLayout.migrations, "committed");
  for (const name of readdirSync(committed).filter((name) => name.slice(0, 6) <= LAST)) copyFileSync(join(committed, name), join(before.migrations, "committed", name));
  await createDatabase(urlFor, database, before);

  const query = <Row>(sql: string, values: unknown[] = []) => withConnection(urlFor("migrator", database), async (client) => (await client.query(sql, values)).rows as Row[]);
  const state = "select validation_result_id, rule, rule_version, dataset, instrument_id, status, checked_count, failed_count, from_ts, message, recorded_at, run_id from quality.validation_result order by 1";
  const findings = "select validation_finding_id, validation_result_id, instrument_id, ts, key, observed, expected, message, recorded_at from quality.validation_finding order by 1";
  await query("insert into pipeline.pipeline_run (flow, step, status) values ('test', 'test', 'running')");
  await query("insert into market.instrument (symbol, asset_class, mic) values ('OLD', 'equity', 'XNYS')");
  // Two bars were found wrong in summer; a look in autumn found both right, a later one the second wrong again.
  for (const [moment, dates] of [["2026-06-15T10:00Z", ["2024-03-04", "2024-03-05"]], ["2026-09-15T10:00Z", []], ["2026-10-15T10:00Z", ["2024-03-05"]]] as const) {
    await query(
      `with result as (
         insert into quality.validation_result (rule, rule_version, dataset, instrument_id, status, severity, checked_count, failed_count, from_ts, to_ts, message, run_id, recorded_at)
         select rule, version, dataset, (select instrument_id from market.instrument where symbol = 'OLD'), case when $2 = 0 then 'passed' else 'failed' end, severity, 10, $2,
           '2024-03-01', '2024-03-14', 'a look', (select min(run_id) from pipeline.pipeline_run), $1
         from quality.rule_in_force where rule = 'price_volume_present'
         returning *
       )
       insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message, recorded_at)
       select result.validation_result_id, result.instrument_id, day::timestamp at time zone 'UTC', jsonb_build_object('session_date', day), '{}', 'a volume', 'none', $1
       from result cross join unnest($3::date[]) as day`,
      [moment, dates.length, dates],
    );
  }
  const [resultsBefore, findingsBefore] = [await query(state), await query(findings)];
  t.equal(findingsBefore.length, 3);

  await migrate(urlFor, repositoryLayout, { database, current: true });
  t.same(await query(state), resultsBefore, "every result is there, under its number");
  t.same(await query(findings), findingsBefore, "and every finding");
  t.same(await query("select distinct tableoid::regclass::text as name from quality.validation_result order by 1"), ["06", "09", "10"].map((month) => ({ name: `quality.validation_result_2026_${month}` })));
  t.same(await query("select count(*)::int as count from quality.validation_result where as_of = recorded_at"), [{ count: 3 }]);
  t.same(await query("select state, (ts at time zone 'UTC')::date::text as date from quality.finding order by ts"), [{ state: "resolved", date: "2024-03-04" }, { state: "reopened", date: "2024-03-05" }]);
  t.same(
    await query("select state from quality.findings_as_of('2026-08-01')"),
    [{ state: "open" }, { state: "open" }],
    "as of a moment before the upgrade",
  );
  t.same(await query("select event, recorded_at from quality.finding_event where finding_id = (select max(finding_id) from quality.finding) order by finding_event_id"), [
    { event: "opened", recorded_at: new Date("2026-06-15T10:00Z") },
    { event: "resolved", recorded_at: new Date("2026-09-15T10:00Z") },
    { event: "reopened", recorded_at: new Date("2026-10-15T10:00Z") },
  ]);
  const [next] = await query<{ id: string }>(
    `insert into quality.validation_result (rule, rule_version, dataset, status, severity, checked_count, failed_count, message, run_id)
     select rule, version, dataset, 'passed', severity, 1, 0, 'next', (select min(run_id) from pipeline.pipeline_run) from quality.rule_in_force limit 1
     returning validation_result_id as id`,
  );
  t.equal(Number(next?.id), resultsBefore.length + 1, "numbers go on");
  t.same(await migrate(urlFor, repositoryLayout, { database, current: true }), [], "there is nothing left to do");
});
