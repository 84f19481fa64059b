import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { rows, value } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";
import type { Step } from "../output/progress.ts";

/** What was computed for one instrument, or why it was not. */
export interface Computation extends Record<string, unknown> {
  readonly feature_set: string;
  readonly version: string;
  readonly symbol: string;
  readonly rows_changed: number;
  readonly bars: number;
  readonly error: string | null;
}

/** How to compute. */
export interface ComputeOptions {
  /** How many pieces are computed at the same time; the pool must have as many connections. */
  readonly workers: number;
  /** Every bar, not only those whose data changed. */
  readonly everything: boolean;
  /** Ends the work after the pieces in hand. */
  readonly signal?: AbortSignal;
}

/**
 * Computes what is out of date, piece by piece, each in a transaction of its own, as run `runId`. A piece that a crash leaves undone stays
 * planned: the next call, or the next step of the flow, takes it up.
 */
export async function computeFeatures(pool: pg.Pool, runId: string, step: Step, options: ComputeOptions): Promise<Computation[]> {
  step.note("what is out of date");
  await transaction(pool, async (client) => {
    if (options.everything) await client.query("select pipeline.mark_all_stale('feature')");
    await client.query("select pipeline.plan_features($1)", [runId]);
  });
  let total = await value<number>(
    pool,
    "select coalesce(sum(part.bars), 0)::float8 from feature.computation_task as task cross join lateral unnest(task.bars) as part (bars) where task.error is null",
  );
  step.total(total);

  const done: Computation[] = [];
  const begun = performance.now();
  let bars = 0;
  let busy = 0;
  const piece = async () => {
    busy += 1;
    try {
      return await transaction(pool, (client) =>
        rows<Computation>(
          client,
          "select feature_set, version, symbol, rows_changed::float8, bars::float8, error from pipeline.compute_features($1)",
          [runId],
        ),
      );
    } finally {
      busy -= 1;
    }
  };
  const work = async () => {
    while (options.signal?.aborted !== true) {
      const computed = await piece();
      if (computed.length === 0) {
        // Sets that compare instruments have pieces as soon as the others have finished what is compared.
        if (busy === 0) return;
        await delay(200);
        continue;
      }
      done.push(...computed);
      const finished = computed.reduce((sum, one) => sum + one.bars, 0);
      bars += finished;
      if (bars > total) step.total((total = bars));
      step.advance(finished);
      step.note(`${computed[0]?.feature_set ?? ""}, ${Math.round(bars / ((performance.now() - begun) / 1000)).toLocaleString("en")} bars a second`);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  return done;
}
