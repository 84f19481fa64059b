import type pg from "pg";
import { value } from "../../database/pool.ts";
import type { BenchmarkContext, Row } from "../benchmark.ts";
import { median } from "../machine.ts";
import { minute, randomBars } from "./bars.ts";
import { emptyVectors, loadBars } from "./load.ts";

/** Series of ever more one-minute bars, each computed and stored as a whole by the features of qlib14: the cost per bar should not depend on the length. */
export async function costPerBar({ progress, scale, rounds, full }: BenchmarkContext, admin: pg.ClientBase, worker: pg.Pool): Promise<Row[]> {
  const set = "bench_minute";
  await admin.query(
    `select feature.define_set($1, 'qlib14 of one-minute bars, for the benchmark.', array_agg(row(name, expression, description)::feature.definition order by position), '1m')
     from feature.feature_definition
     where feature_set_version_id = (feature.current_set('qlib14')).feature_set_version_id`,
    [set],
  );
  const lengths = [10_000, 100_000, 1_000_000, ...(full ? [10_000_000] : [])].map((length) => Math.max(100, Math.round(length * Math.min(1, scale))));
  const found: Row[] = [];
  for (const bars of lengths) {
    const ids = await progress.run(`series of ${bars} bars`, () => loadBars(admin, "1m", [`SERIES${bars}`], () => randomBars(bars, bars, minute)));
    await admin.query("analyze market.price_data");
    // Short series often enough that the clock can tell.
    const times = Math.max(1, Math.min(rounds, Math.round(5_000_000 / bars)));
    const seconds: number[] = [];
    await progress.run(`compute ${bars} bars`, async () => {
      for (let i = 0; i < times; i++) {
        await emptyVectors(admin);
        const runId = await value<string>(worker, "select pipeline.start_run('features', 'features')::text");
        const begun = performance.now();
        await worker.query("select feature.compute($1, $2, $3, array[null]::timestamptz[], array[null]::timestamptz[])", [runId, set, ids]);
        seconds.push((performance.now() - begun) / 1_000);
      }
    });
    found.push({ bars, seconds: Number(median(seconds).toFixed(3)), "µs a bar": Number(((median(seconds) / bars) * 1e6).toFixed(2)), rounds: times });
  }
  return found;
}
