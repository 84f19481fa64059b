import type { TestDatabase } from "../../../db/tests/support/database.ts";

/**
 * Instruments ONE and TWO with two vectors each of the set pair (a, b), and NONE without any. The newest of ONE is {2.5, null}, that of TWO
 * {-0, 0.1}. The set has an older version v0 with the single feature a, in which ONE has {7}.
 */
export async function seedVectors(db: TestDatabase): Promise<void> {
  await db.query("insert into pipeline.pipeline_run (flow, step, status) values ('test', 'test', 'running')");
  await db.query("insert into market.exchange (mic, name, time_zone, country) values ('XTST', 'Test', 'UTC', 'US')");
  await db.query("insert into market.instrument (symbol, mic) values ('ONE', 'XTST'), ('TWO', 'XTST'), ('NONE', 'XTST')");
  await db.query("insert into feature.feature_set (name, description) values ('pair', 'Two features.')");
  await db.query(`insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, compiled_sql, is_current, in_force_from)
    select feature_set_id, v.version, v.names, '{}', '', v.is_current, v.since
    from feature.feature_set, (values ('v0', '{a}'::text[], false, '2020-01-01Z'::timestamptz), ('v1', '{a,b}', true, '2020-02-01Z')) v (version, names, is_current, since)
    where name = 'pair'`);
  await db.query(`insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
    select i.instrument_id, v.feature_set_version_id, d.ts, d.values, d.ts + interval '21 hours 0.000001 seconds', r.run_id
    from pipeline.pipeline_run r, (values
      ('ONE', 'v0', '2020-01-03Z'::timestamptz, '{7}'::float8[]),
      ('ONE', 'v1', '2020-01-02Z', '{1.5,0.1}'), ('ONE', 'v1', '2020-01-03Z', '{2.5,null}'),
      ('TWO', 'v1', '2020-01-02Z', '{1,1}'), ('TWO', 'v1', '2020-01-03Z', '{-0,0.1}')) d (symbol, version, ts, values)
    join market.instrument i using (symbol)
    join feature.feature_set_version v using (version)`);
}

/** Gives the newest vector of a symbol in the version in force other values. */
export async function changeNewest(db: TestDatabase, symbol: string, values: string): Promise<void> {
  await db.query(
    `update feature.feature_vector v set values = $2::float8[]
     from market.instrument i, feature.feature_set_version s
     where i.symbol = $1 and i.instrument_id = v.instrument_id and s.is_current and s.feature_set_version_id = v.feature_set_version_id and v.ts = '2020-01-03Z'`,
    [symbol, values],
  );
}
