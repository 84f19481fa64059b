import type pg from "pg";
import { rows } from "../database/pool.ts";
import { hasNewBody } from "../providers/has-new-body.ts";
import type { Progress } from "../output/progress.ts";
import { pendingWork, runFlow } from "./run-flow.ts";

/**
 * Runs the flow of the demonstration if it has anything to do. Returns the root run, or undefined when everything was there already:
 * then nothing was written, not even a run.
 */
export async function demonstrate(pool: pg.Pool, progress: Progress): Promise<string | undefined> {
  const reasons = await pendingWork(pool, "demo");
  if (reasons.length === 0) {
    const fetches = await rows<{ parameters: { provider: string; dataset: string; subject: string } }>(
      pool,
      "select parameters from pipeline.flow_step where flow = 'demo' and task = 'fetch' order by step",
    );
    for (const { parameters } of fetches) {
      if (await hasNewBody(pool, parameters)) return await runFlow(pool, "demo", progress);
    }
    return undefined;
  }
  return await runFlow(pool, "demo", progress);
}
