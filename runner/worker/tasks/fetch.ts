import { z } from "zod";
import { fetchAndLand } from "../../providers/fetch-and-land.ts";
import type { StepWork } from "../step-task.ts";

/** A step holds its place for this long at most; a longer wait puts it off. */
export const inWorker = { waitSeconds: 2 };

const parametersSchema = z.object({ provider: z.string(), dataset: z.string(), subject: z.string() });

/** Task `fetch`: asks the provider that the run's parameters name, and lands the exact body. */
export const fetchTask: StepWork = async ({ pool }, run) => {
  const request = parametersSchema.parse(run.parameters);
  const { rawResponseId, isNew } = await fetchAndLand(pool, { runId: run.run_id, ...request }, process.env, inWorker);
  return async (client) => {
    await client.query("select pipeline.finish_run($1, 1, $2, $3, $4)", [
      run.run_id,
      isNew ? 1 : 0,
      JSON.stringify({ raw_response_id: Number(rawResponseId) }),
      `${request.provider} ${request.dataset} ${request.subject}: ${isNew ? "landed" : "the same body as before"}`,
    ]);
  };
};
