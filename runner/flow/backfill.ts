import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { one, rows, value } from "../database/pool.ts";
import type { Progress } from "../output/progress.ts";
import { duration } from "../output/table.ts";

/** What is to be fetched. */
export interface BackfillRequest {
  readonly provider: string;
  readonly dataset: string;
  /** Symbols, or none where a universe says which. */
  readonly subjects: readonly string[];
  /** A universe whose members are fetched, each for the days of its membership. */
  readonly universe: string | undefined;
  /** Its members are those known at this moment; now unless said. */
  readonly asOf: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly chunkDays: number | undefined;
  readonly reprocess: string;
  readonly isReverse: boolean;
  readonly maxActive: number;
}

/** A piece before the start. */
export interface PlannedChunk extends Record<string, unknown> {
  readonly subject: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly before: string;
  readonly is_wanted: boolean;
}

/** How far a backfill is. */
export interface BackfillState extends Record<string, unknown> {
  readonly status: string;
  readonly chunks: number;
  readonly waiting: number;
  readonly queued: number;
  readonly done: number;
  readonly failed: number;
  readonly held: number;
  readonly rows: number;
  readonly new_rows: number;
  readonly new_versions: number;
  readonly quarantined: number;
}

/** A piece that failed or waits for a person. */
export interface Trouble extends Record<string, unknown> {
  readonly subject: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly state: string;
  readonly error_code: string;
  readonly message: string;
  readonly raw_response_id: number | null;
}

const POLL_MS = 300;

/** What the functions of SQL are given, whose order is the same but for max_active. */
const given = ({ provider, dataset, subjects, universe, asOf, from, to, chunkDays, reprocess, isReverse }: BackfillRequest) => [
  provider, dataset, universe === undefined ? subjects : null, from ?? null, to ?? null, chunkDays ?? null, reprocess, isReverse, universe ?? null, asOf ?? null,
];

/** The pieces in their order, and which of them would be fetched. */
export async function planBackfill(pool: pg.Pool, request: BackfillRequest): Promise<PlannedChunk[]> {
  return await rows<PlannedChunk>(
    pool,
    `select subject, from_date::text as from, to_date::text as to, before, is_wanted
     from pipeline.plan_backfill($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) order by chunk_no`,
    given(request),
  );
}

/** The symbols that no instrument has yet; their instruments are added when the first body of them is read. */
export async function newSymbols(pool: pg.Pool, symbols: readonly string[]): Promise<string[]> {
  const found = await rows<{ symbol: string }>(
    pool,
    `select distinct symbol from unnest($1::text[]) as asked (symbol)
     where not exists (select from market.instrument where instrument.symbol = asked.symbol) order by symbol`,
    [symbols],
  );
  return found.map(({ symbol }) => symbol);
}

/** Starts it, or joins the one under way. The run_id, or undefined when nothing is to be done. */
export async function startBackfill(pool: pg.Pool, request: BackfillRequest): Promise<string | undefined> {
  const id = await value<string | null>(
    pool,
    `select pipeline.start_backfill(
       p_provider => $1, p_dataset => $2, p_subjects => $3, p_from => $4, p_to => $5, p_chunk_days => $6, p_reprocess => $7, p_is_reverse => $8,
       p_universe => $9, p_as_of => $10, p_max_active => $11)::text`,
    [...given(request), request.maxActive],
  );
  return id ?? undefined;
}

/** How far it is. */
export async function readBackfill(pool: pg.Pool, runId: string): Promise<BackfillState> {
  return await one<BackfillState>(
    pool,
    `select run.status, state.*
     from pipeline.pipeline_run as run
     cross join lateral (
       select
         count(*)::int as chunks, count(*) filter (where state = 'waiting')::int as waiting, count(*) filter (where state = 'queued')::int as queued,
         count(*) filter (where state = 'done')::int as done, count(*) filter (where state = 'failed')::int as failed,
         count(*) filter (where state = 'held')::int as held, sum(row_count)::float8 as rows, sum(new_count)::float8 as new_rows,
         sum(version_count)::float8 as new_versions, sum(quarantined_count)::float8 as quarantined
       from pipeline.backfill_chunk where backfill_run_id = run.run_id
     ) as state
     where run.run_id = $1`,
    [runId],
  );
}

/** The pieces that failed or are held, with the reason. */
export async function readTroubles(pool: pg.Pool, runId: string): Promise<Trouble[]> {
  return await rows<Trouble>(
    pool,
    `select subject, from_date::text as from, to_date::text as to, state, error_code, message, raw_response_id::float8
     from pipeline.backfill_chunk where backfill_run_id = $1 and state in ('failed', 'held') order by chunk_no`,
    [runId],
  );
}

/** Shows how it goes on until it ends, with an estimate of the time left; somebody's workers do the work. */
export async function followBackfill(pool: pg.Pool, runId: string, progress: Progress, signal: AbortSignal): Promise<BackfillState> {
  const begun = await readBackfill(pool, runId);
  let finished = begun.done + begun.failed + begun.held;
  const step = progress.step(`backfill ${runId}`, begun.chunks - finished);
  try {
    for (;;) {
      const state = await readBackfill(pool, runId);
      const now = state.done + state.failed + state.held;
      step.advance(now - finished);
      finished = now;
      if (state.status !== "running") {
        const counts = [`${state.done} done`, ...(state.failed > 0 ? [`${state.failed} failed`] : []), ...(state.held > 0 ? [`${state.held} held`] : [])];
        step.done(counts.join(", "));
        return state;
      }
      step.note(await whatGoesOn(pool, runId));
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    step.failed(signal.aborted ? "stopped; the same command goes on from here" : undefined);
    throw error;
  }
}

/** What is being fetched, or until when all wait and why. */
async function whatGoesOn(pool: pg.Pool, runId: string): Promise<string> {
  const active = await rows<{ subject: string; message: string | null; seconds: number | null }>(
    pool,
    `select chunk.subject, run.message, extract(epoch from run.run_at - clock_timestamp())::float8 as seconds
     from pipeline.backfill_chunk as chunk
     join pipeline.pipeline_run as run using (run_id)
     where chunk.backfill_run_id = $1 and chunk.state = 'queued'
     order by run.run_at nulls first limit 4`,
    [runId],
  );
  const [first] = active;
  if (first === undefined) return "";
  if (first.seconds === null || first.seconds <= 0) return active.filter(({ seconds }) => seconds === null || seconds <= 0).map(({ subject }) => subject).join(", ");
  return `waits ${duration(Math.round(first.seconds) * 1_000)}: ${first.message ?? ""}`;
}
