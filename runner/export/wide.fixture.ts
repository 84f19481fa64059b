import type { TestDatabase } from "../../db/tests/support/database.ts";
import { addInstrument, openBench, startRun } from "../../db/tests/feature/fixture.ts";

/** The features of the set `wide`. */
export const names = Array.from({ length: 14 }, (_, i) => `f${i + 1}`);

/** A set of 14 features with vectors of two instruments, among them everything that a double can be. */
export async function addWideSet(db: TestDatabase, barsEach: number): Promise<void> {
  const bench = await openBench(db);
  const ids = [await addInstrument(bench, "AAA"), await addInstrument(bench, "BRK-B")];
  await addInstrument(bench, "EMPTY");
  const version = await db.value<string>(
    `with made as (insert into feature.feature_set (name, description) values ('wide', 'For a test.') returning feature_set_id)
     insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, compiled_sql)
     select feature_set_id, '000000000001', $1, '{}', 'select' from made returning feature_set_version_id`, [names]);
  const run = await startRun(db);
  // NULL, NaN, infinities, minus zero, the smallest and the largest number are among them.
  await db.query(
    `insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
     select instrument_id, $2, '1990-01-01Z'::timestamptz + n * interval '1 minute 1 microsecond',
       array[n / 3.0, null, 'NaN', 'Infinity', '-Infinity', '-0', 5e-324, 1.7976931348623157e308, case when n % 7 > 0 then n end, sin(n), 1, n * 1e10, 0.1, -n]::double precision[],
       case when n = 1 then '-infinity' else '1990-01-02Z'::timestamptz + n * interval '1 minute' end, $3
     from unnest($1::bigint[]) as instrument_id, generate_series(1, $4::int) as n`,
    [ids, version, run, barsEach],
  );
  await db.query("update feature.feature_vector set values[1] = -1, known_from = '2020-01-01Z' where instrument_id = $1 and ts < '1990-01-01 00:10Z'", [ids[0]]);
}
