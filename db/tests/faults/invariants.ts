import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { withConnection } from "../../../runner/database/connect.ts";
import type { Purpose } from "../../../runner/database/connections.ts";

interface Test {
  same(found: unknown, wanted: unknown, message: string): unknown;
}

/** What must not be there: each query gives a line for everything that is wrong. */
const WRONG: Readonly<Record<string, string>> = {
  "a run in progress whose worker gives no sign of life": `
    select format('run %s %s', run_id, step) from pipeline.pipeline_run as run
    where status = 'running' and heartbeat_at < clock_timestamp() - interval '60 seconds'
      and not (parent_run_id is null and exists (select from pipeline.pipeline_run as child where child.parent_run_id = run.run_id))`,
  "a run that waits for a job that there is not": `
    select format('run %s %s', run_id, step) from pipeline.pipeline_run as run
    where status = 'queued' and not exists (select from graphile_worker.jobs as job where job.key = 'run:' || run.run_id)`,
  "an edge of lineage from a body that there is not": `
    select format('edge %s', data_lineage_id) from lineage.data_lineage
    where source_relation = 'ingest.raw_response' and not exists (select from ingest.raw_response where raw_response_id = source_id)`,
  "an edge of lineage to bars or vectors that never were": `
    select format('edge %s to %s', data_lineage_id, target_relation) from lineage.data_lineage as edge
    where target_relation = 'market.price_data' and not exists (
        select from market.price_data_version as bar where bar.instrument_id = edge.target_instrument_id and bar.ts between edge.target_from and edge.target_to)
      or target_relation = 'feature.feature_vector' and not exists (
        select from feature.feature_vector_version as vector
        where vector.instrument_id = edge.target_instrument_id and vector.ts between edge.target_from and edge.target_to)`,
  "an edge of lineage that is there twice": `
    select format('%s to %s of run %s', source_relation, target_relation, run_id) from lineage.data_lineage
    group by run_id, source_relation, source_id, source_instrument_id, target_relation, target_id, target_instrument_id, target_from, operation,
      transformation_version
    -- splits and dividends are taken in one kind after the other
    having count(*) > case target_relation when 'market.corporate_action' then 2 else 1 end`,
  "a bar without an edge from its body": `
    select format('bar %s %s', instrument_id, ts) from market.price_data as bar
    where not exists (
      select from lineage.data_lineage as edge
      where edge.run_id = bar.run_id and edge.source_id = bar.raw_response_id and edge.target_relation = 'market.price_data'
        and edge.target_instrument_id = bar.instrument_id and bar.ts between edge.target_from and edge.target_to)`,
  "a key that is there twice": `
    select format('bar %s %s %s', instrument_id, bar_interval, ts) from market.price_data group by instrument_id, bar_interval, ts having count(*) > 1
    union all
    select format('vector %s %s %s', instrument_id, feature_set_version_id, ts)
    from feature.feature_vector group by instrument_id, feature_set_version_id, ts having count(*) > 1
    union all
    select format('action %s %s %s', instrument_id, action_type, ex_date)
    from market.corporate_action group by instrument_id, action_type, ex_date having count(*) > 1`,
  "two versions of a bar that were known at once, or a number that is missing": `
    select format('bar %s %s version %s', instrument_id, ts, version)
    from (
      select instrument_id, bar_interval, ts, version, known_from,
        lag(known_to) over of_bar as known_before, row_number() over of_bar as position
      from market.price_data_version
      window of_bar as (partition by instrument_id, bar_interval, ts order by version)
    ) as bar
    where position <> version or known_from < known_before`,
  "a body whose counts are not those of its rows": `
    select format('body %s: %s new, %s changed; edges tell %s and %s', raw_response_id, new_count, changed_count - new_count, inserted, updated)
    from ingest.normalisation as done
    join ingest.raw_response as response using (raw_response_id)
    cross join lateral (
      select
        coalesce(sum(row_count) filter (where operation = 'insert'), 0) as inserted,
        coalesce(sum(row_count) filter (where operation = 'update'), 0) as updated
      from lineage.data_lineage as edge
      where edge.run_id = done.run_id and edge.source_relation = 'ingest.raw_response' and edge.source_id = done.raw_response_id
        and edge.target_relation = 'market.price_data'
    ) as told
    where response.dataset = 'bars' and outcome = 'normalised' and done.row_count <> done.action_count
      and (new_count, changed_count - new_count) is distinct from (inserted, updated)`,
  "a piece of a backfill that is done but not read": `
    select format('piece %s of %s', chunk_no, backfill_run_id) from pipeline.backfill_chunk as chunk
    where state = 'done' and not exists (select from ingest.normalisation as done where done.raw_response_id = chunk.raw_response_id)`,
  "a candidate that was left behind": `
    select format('body %s', raw_response_id) from ingest.candidate_bar
    union all select format('body %s', raw_response_id) from ingest.candidate_fact
    union all select format('body %s', raw_response_id) from ingest.candidate_action
    union all select format('body %s', raw_response_id) from ingest.candidate_action_span`,
};

/** What has to be over a moment after the last work: transactions, locks, jobs in somebody's hands. */
const HELD: Readonly<Record<string, string>> = {
  "a transaction that is open": `
    select format('%s: %s', application_name, state) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and xact_start is not null`,
  "a lock that is held": `
    select format('%s %s', locktype, mode) from pg_locks
    where pid <> pg_backend_pid() and locktype <> 'virtualxid' and database = (select oid from pg_database where datname = current_database())
      and exists (select from pg_stat_activity as held where held.pid = pg_locks.pid and held.backend_type = 'client backend')`,
  "a job that nobody carries out any more": "select format('%s %s', task_identifier, key) from graphile_worker.jobs where locked_at is not null",
};

/** Each row of a table that has triggers for lineage must have an edge that leads to it from its run. */
const tracedQuery = `
  select relation.oid::regclass::text as name,
    exists (select from pg_attribute where attrelid = relation.oid and attname = 'instrument_id') as has_instrument
  from pg_class as relation
  where exists (select from pg_trigger where tgrelid = relation.oid and tgname like '\\_500\\_lineage\\_insert%')
    and exists (select from pg_attribute where attrelid = relation.oid and attname = 'run_id')
  order by 1`;

/** Indexes of our rooms; each is compared with its table, and keys that are unique with one another. */
const indexesQuery = `
  select pg_class.oid::regclass::text as name, indisunique as is_unique
  from pg_index
  join pg_class on pg_class.oid = indexrelid
  join pg_am on pg_am.oid = relam
  join pg_namespace on pg_namespace.oid = relnamespace
  where amname = 'btree' and relkind = 'i' and nspname in ('market', 'ingest', 'feature', 'quality', 'pipeline', 'lineage', 'ml', 'portfolio', 'risk', 'search')
  order by 1`;

/** Sets in force with vectors, and the instruments of which nothing waits to be computed. */
const computedQuery = `
  select feature_set.name, version.base_version_id is not null as compares,
    array_agg(distinct vector.instrument_id) filter (where not exists (
      select from pipeline.stale_range as waiting where waiting.consumer = 'feature' and waiting.instrument_id = vector.instrument_id)) as instruments
  from feature.feature_vector as vector
  join feature.feature_set_version as version using (feature_set_version_id)
  join feature.feature_set using (feature_set_id)
  where version.is_current
  group by feature_set.name, version.base_version_id
  order by compares, feature_set.name`;

/**
 * What holds after every fault: no run without a living worker, no key twice, every row with its lineage and every edge with its rows, counts that
 * agree, features that are what computing them again gives, indexes that agree with their tables, nothing open, nothing held.
 */
export async function checkInvariants(t: Test, url: (purpose: Purpose) => string): Promise<void> {
  await withConnection(url("admin"), async (admin) => {
    const lines = async (sql: string) => (await admin.query<Record<string, string>>(`select * from (${sql}) as wrong limit 5`)).rows.map((row) => Object.values(row)[0]);
    const found: Record<string, unknown> = {};
    for (const [what, sql] of Object.entries(HELD)) {
      for (let tries = 0; (found[what] = await lines(sql)) instanceof Array && (found[what] as unknown[]).length > 0 && tries < 100; tries++) await sleep(100);
    }
    for (const [what, sql] of Object.entries(WRONG)) found[what] = await lines(sql);
    for (const { name, has_instrument } of (await admin.query<{ name: string; has_instrument: boolean }>(tracedQuery)).rows) {
      found[`a row of ${name} without an edge`] = await lines(
        `select made::text from ${name} as made where run_id is not null and not exists (
           select from lineage.data_lineage as edge where edge.run_id = made.run_id and edge.target_relation = '${name}'
             ${has_instrument ? "and (edge.target_instrument_id is null or edge.target_instrument_id = made.instrument_id)" : ""})`,
      );
    }
    found["a feature that computing it again would change"] = await changedFeatures(admin);
    found["an index that does not agree with its table"] = await brokenIndexes(admin);
    t.same(found, Object.fromEntries(Object.keys(found).map((what) => [what, []])), "what holds after every fault");
  });
}

/** Computes what is stored once more and undoes it. */
async function changedFeatures(admin: pg.Client): Promise<string[]> {
  const changed: string[] = [];
  await admin.query("begin");
  const run = (await admin.query<{ id: string }>("select pipeline.start_run('test', 'check')::text as id")).rows[0]?.id;
  for (const { name, compares, instruments } of (await admin.query<{ name: string; compares: boolean; instruments: string[] | null }>(computedQuery)).rows) {
    const { rows } = compares
      ? await admin.query<{ changed: number }>("select sum(rows_changed)::int as changed from feature.compute_cross_sections($1, $2, '{-infinity}', '{infinity}')", [run, name])
      : await admin.query<{ changed: number }>("select coalesce(sum(rows_changed), 0)::int as changed from feature.compute($1, $2, $3)", [run, name, instruments ?? []]);
    if ((rows[0]?.changed ?? 0) !== 0) changed.push(`${name}: ${rows[0]?.changed} vectors`);
  }
  await admin.query("rollback");
  return changed;
}

async function brokenIndexes(admin: pg.Client): Promise<string[]> {
  const broken: string[] = [];
  await admin.query("create extension if not exists amcheck");
  for (const { name, is_unique } of (await admin.query<{ name: string; is_unique: boolean }>(indexesQuery)).rows) {
    await admin.query("select bt_index_check($1::regclass, true, $2)", [name, is_unique]).catch((error: unknown) => broken.push(`${name}: ${(error as Error).message}`));
  }
  return broken;
}
