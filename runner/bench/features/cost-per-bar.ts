import type pg from "pg";
import { value } from "../../database/pool.ts";
import type { BenchmarkContext, Row } from "../benchmark.ts";
import { median, processorSeconds } from "../machine.ts";
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
    const times = bars > 1_000_000 ? 1 : Math.max(3, rounds);
    const seconds: number[] = [];
    const processor: number[] = [];
    await progress.run(`compute ${bars} bars`, async () => {
      const client = await worker.connect();
      try {
        const pid = await value<number>(client, "select pg_backend_pid()");
        for (let i = 0; i < times; i++) {
          await emptyVectors(admin);
          const runId = await value<string>(client, "select pipeline.start_run('features', 'features')::text");
          const before = processorSeconds(pid) ?? Number.NaN;
          const begun = performance.now();
          await client.query("select feature.compute($1, $2, $3, array[null]::timestamptz[], array[null]::timestamptz[])", [runId, set, ids]);
          seconds.push((performance.now() - begun) / 1_000);
          processor.push((processorSeconds(pid) ?? Number.NaN) - before);
        }
      } finally {
        client.release();
      }
    });
    const perBar = (all: readonly number[]) => Number(((median(all) / bars) * 1e6).toFixed(2));
    found.push({ bars, seconds: Number(median(seconds).toFixed(3)), "µs a bar": perBar(seconds), "processor µs a bar": perBar(processor), rounds: times });
  }
  return found;
}
