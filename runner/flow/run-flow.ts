import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { UserError } from "../config/user-error.ts";
import { rows, value } from "../database/pool.ts";
import type { Progress, Step } from "../output/progress.ts";

interface StepState {
  readonly run_id: string;
  readonly step: string;
  readonly description: string;
  readonly status: "queued" | "running" | "succeeded" | "failed" | "skipped" | "blocked";
  readonly message: string | null;
  readonly rows_written: string;
}

const POLL_MS = 150;

/** Reasons why a flow has work to do; none means that a start would change nothing. */
export async function pendingWork(pool: pg.Pool, flow: string): Promise<{ step: string; reason: string }[]> {
  return await rows(pool, "select step, reason from pipeline.pending_work($1) order by step, reason", [flow]);
}

/**
 * Starts a flow, or joins the one under way, and shows its steps until it ends. A worker must be running, here or elsewhere.
 * Returns the run_id of the root; throws a sentence that names the failed step.
 */
export async function runFlow(pool: pg.Pool, flow: string, progress: Progress): Promise<string> {
  const root = await value<string>(pool, "select pipeline.start_flow($1)::text", [flow]);
  const shown = new Map<string, Step>();
  const ended = new Set<string>();
  for (;;) {
    const steps = await rows<StepState>(
      pool,
      `select run.run_id, run.step, coalesce(flow_step.description, run.step) as description, run.status, run.message, run.rows_written
       from pipeline.pipeline_run run
       left join pipeline.flow_step on flow_step.flow = run.flow and flow_step.step = run.step
       where run.parent_run_id = $1
       order by run.stage, run.step`,
      [root],
    );
    for (const step of steps) {
      if (step.status === "queued" || step.status === "skipped" || ended.has(step.run_id)) continue;
      const item = shown.get(step.run_id) ?? progress.step(`${shown.size + 1}/${steps.length} ${step.description}`);
      shown.set(step.run_id, item);
      if (step.status === "running") continue;
      ended.add(step.run_id);
      if (step.status === "succeeded") item.done(step.message ?? "");
      else item.failed(step.message ?? step.status);
    }
    const state = await rows<{ status: string; message: string | null }>(pool, "select status, message from pipeline.pipeline_run where run_id = $1", [root]);
    if (state[0]?.status === "succeeded") return root;
    if (state[0]?.status === "failed") {
      throw new UserError(`The flow ${flow} failed: ${state[0].message ?? "no reason was recorded"}.`, {
        hint: `See select step, status, error_code, message from pipeline.pipeline_run where root_run_id = ${root}; mend the cause and start again: finished work is kept.`,
      });
    }
    await sleep(POLL_MS);
  }
}
