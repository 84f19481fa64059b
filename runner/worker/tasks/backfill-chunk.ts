import { z } from "zod";
import { fetchAndLand } from "../../providers/fetch-and-land.ts";
import type { StepWork } from "../step-task.ts";
import { inWorker } from "./fetch.ts";

const parametersSchema = z.object({ provider: z.string(), dataset: z.string(), subject: z.string(), from: z.string().optional(), to: z.string().optional() });

/** Task `backfill_chunk`: asks for one piece of a backfill and lands the exact body; it is read in the transaction that closes the piece. */
export const backfillChunkTask: StepWork = async ({ pool }, run) => {
  const request = parametersSchema.parse(run.parameters);
  const { rawResponseId } = await fetchAndLand(pool, { runId: run.run_id, ...request }, process.env, inWorker);
  return async (client) => {
    await client.query("select pipeline.finish_chunk($1, $2)", [run.run_id, [rawResponseId]]);
  };
};
