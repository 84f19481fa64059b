import { setTimeout as sleep } from "node:timers/promises";
import type { Task } from "graphile-worker";
import type pg from "pg";
import { z } from "zod";
import type { Publisher } from "../online/publish.ts";
import { isConnectionError } from "../database/connection-error.ts";
import { transaction } from "../database/transaction.ts";
import { secondsUntilRetry } from "../providers/pace.ts";
import { isRetryable } from "../providers/retryable-error.ts";

/** What the tasks of one worker share. */
export interface WorkerContext {
  readonly pool: pg.Pool;
  /** Runs that this worker carries out right now; they get its heartbeat. */
  readonly inHand: Set<string>;
  /** Writes features to Redis; undefined where there is none. */
  readonly publisher: Publisher | undefined;
  readonly say: (message: string) => void;
}

/** The run that a job carries out. */
export interface StepRun {
  readonly run_id: string;
  readonly root_run_id: string | null;
  readonly step: string;
  readonly attempt: number;
  /** How often it was put off because of a failure. */
  readonly retry_count: number;
  readonly parameters: Record<string, unknown>;
}

/** Does the work of one run. What it returns is called in the transaction that closes the run. */
export type StepWork = (context: WorkerContext, run: StepRun) => Promise<(client: pg.PoolClient) => Promise<void>>;

/** How often a run is put off because a server or a network failed … */
const MOST_RETRIES = 6;
/** … and how often it is taken up in all, limits of the provider included. */
const MOST_ATTEMPTS = 100;

const payloadSchema = z.object({ runId: z.union([z.number().int().positive(), z.string().regex(/^\d+$/)]).transform(String) });

/**
 * Wraps the work of a step as a task: takes up the run, gives it a heartbeat, and closes it in one transaction with the advance of its flow.
 * A job that comes twice finds its run finished and does nothing. A failure is the run's outcome, not the job's: the job ends, and the run
 * says what failed. After a retryable error the run is put off: a job for the time that the provider named, or a growing, random while, takes the place
 * of this one, which ends; nobody waits for it. Failures are retried up to six times, limits of the provider as long as they last.
 */
export function stepTask(context: WorkerContext, work: StepWork): Task {
  return async (payload: unknown) => {
    const { runId } = payloadSchema.parse(payload);
    const begun = await context.pool.query<StepRun & { run_id: string | null }>("select * from pipeline.begin_run($1)", [runId]);
    const run = begun.rows[0];
    if (run === undefined || run.run_id === null) return;

    context.inHand.add(runId);
    try {
      const close = await work(context, run);
      await transaction(context.pool, async (client) => {
        await client.query("select pipeline.fence_run($1, $2)", [runId, run.attempt]);
        await close(client);
        await client.query("select pipeline.advance_flow($1)", [run.root_run_id]);
      });
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      if (isConnectionError(error) && run.retry_count < MOST_RETRIES) {
        // The database was away, not the step wrong: as soon as it is back the run is put off for a moment.
        await untilConnected(() =>
          transaction(context.pool, async (client) => {
            await client.query("select pipeline.fence_run($1, $2)", [runId, run.attempt]);
            await client.query("select pipeline.postpone_run($1, interval '1 second', $2, true)", [runId, `will be tried again: ${message}`]);
          }),
        );
        return;
      }
      if (isRetryable(error) && run.attempt < MOST_ATTEMPTS && (error.isLimit || run.retry_count < MOST_RETRIES)) {
        const wait = secondsUntilRetry(error, run.retry_count + 1);
        await transaction(context.pool, async (client) => {
          await client.query("select pipeline.fence_run($1, $2)", [runId, run.attempt]);
          await client.query("select pipeline.postpone_run($1, make_interval(secs => $2), $3, $4)", [runId, wait, `will be tried again: ${message}`, !error.isLimit]);
        });
        return;
      }
      context.say(`Step ${run.step} failed: ${message}`);
      await transaction(context.pool, async (client) => {
        await client.query("select pipeline.fence_run($1, $2)", [runId, run.attempt]);
        await client.query("select pipeline.fail_run($1, $2, $3)", [runId, typeof code === "string" ? code : "XX000", message]);
        await client.query("select pipeline.advance_flow($1)", [run.root_run_id]);
      });
    } finally {
      context.inHand.delete(runId);
    }
  };
}

/** How long the database may be away before the run is left to the sweep. */
const AWAY_MS = 60_000;

/** Does something as soon as the database is there again. */
async function untilConnected(work: () => Promise<void>): Promise<void> {
  const limit = performance.now() + AWAY_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionError(error) || performance.now() > limit) throw error;
      await sleep(500);
    }
  }
}
