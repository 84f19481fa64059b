import { createPool, one, value } from "../database/pool.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";

const barsEach = 3_393;

/**
 * Point-in-time joins: labels in random order against one set of 14 features, 800 instruments with 3,393 daily bars each (from a seed), one backend,
 * work_mem as PostgreSQL brings it. Each figure is the best of three, every value is read.
 */
async function run({ database, progress, scale }: BenchmarkContext): Promise<BenchmarkResult> {
  const instruments = Math.max(1, Math.round(800 * scale));
  const pool = createPool(database.urlFor("migrator"), { name: "marketbase bench", max: 1 });
  try {
    await progress.run("generate vectors", () => prepare(pool, instruments), (count) => `${count} vectors`);
    await pool.query("set max_parallel_workers_per_gather to 0; set work_mem to '4MB'");
    const rows: Row[] = [];
    for (const labels of [126_900, 1_000_000].map((count) => Math.round(count * scale))) {
      await pool.query("drop table if exists bench_label, bench_arrays");
      await pool.query("select setseed(0.25)");
      await pool.query(
        `create temporary table bench_label as
         select $1::bigint + floor(random() * $2)::bigint as instrument_id, '2010-01-04 21:00Z'::timestamptz + random() * interval '4749 days' as decision_time
         from generate_series(1, $3)`,
        [await value<string>(pool, "select min(instrument_id) from market.instrument where symbol like 'BENCH%'"), instruments, labels],
      );
      await pool.query("create temporary table bench_arrays as select array_agg(instrument_id) as ids, array_agg(decision_time) as times from bench_label");
      await pool.query("analyze bench_label");
      const wide = await value<string>(pool, "select feature.point_in_time_query('bench_label', '{bench}')");
      const forms = {
        "arrays (point_in_time)": "select count(known.values) from bench_arrays, feature.point_in_time('bench', ids, times) as known",
        "table (point_in_time_query)": `select ${Array.from({ length: 14 }, (_, i) => `count(bench__f${i + 1})`).join(" + ")} from (${wide}) as wide`,
      };
      for (const [form, sql] of Object.entries(forms)) {
        const seconds = await progress.run(`${labels} labels, ${form}`, async () => {
          let best = Number.POSITIVE_INFINITY;
          for (let i = 0; i < 3; i++) {
            const begun = performance.now();
            await one(pool, sql);
            best = Math.min(best, (performance.now() - begun) / 1_000);
          }
          return best;
        }, (best) => `${best.toFixed(2)} s`);
        rows.push({ labels, form, seconds: Number(seconds.toFixed(3)), "µs a label": Number(((seconds / labels) * 1e6).toFixed(2)) });
      }
    }
    return { rows };
  } finally {
    await pool.end();
  }
}

/** Stores the vectors directly: how they are computed is another benchmark. */
async function prepare(pool: Parameters<typeof one>[0], instruments: number): Promise<number> {
  const runId = await value<string>(pool, "select pipeline.start_run('bench', 'bench')");
  await pool.query("insert into market.instrument (symbol, mic) select 'BENCH' || lpad(i::text, 4, '0'), 'XNYS' from generate_series(1, $1) as i", [instruments]);
  await pool.query(
    `with made as (insert into feature.feature_set (name, description) values ('bench', 'For the benchmark.') returning feature_set_id)
     insert into feature.feature_set_version (feature_set_id, version, feature_names, kernels, compiled_sql)
     select feature_set_id, '000000000001', array(select 'f' || i from generate_series(1, 14) as i), '{}', 'select' from made`,
  );
  const { rowCount } = await pool.query(
    `insert into feature.feature_vector (instrument_id, feature_set_version_id, ts, values, known_from, run_id)
     select instrument_id, feature_set_version_id, bar.ts,
       array[sin(n), cos(n), n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, instrument_id]::double precision[], bar.ts + interval '21:00', $1
     from market.instrument
     cross join feature.feature_set_version join feature.feature_set using (feature_set_id)
     cross join (
       select row_number() over (order by day) as n, day at time zone 'UTC' as ts
       from generate_series('2010-01-04'::timestamp, '2023-12-31', '1 day') as day
       where extract(isodow from day) < 6
       order by day limit $2
     ) as bar
     where symbol like 'BENCH%' and feature_set.name = 'bench'
     order by instrument_id, n`,
    [runId, barsEach],
  );
  await pool.query("vacuum analyze feature.feature_vector");
  return rowCount ?? 0;
}

/** What `npm run bench point-in-time` runs. */
export const benchmark: Benchmark = { name: "point-in-time", summary: "join labels with what was known at their decision times", run };
