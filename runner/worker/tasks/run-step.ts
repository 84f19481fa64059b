import type { StepWork } from "../step-task.ts";

/** Task `run_step`: everything is in `pipeline.run_step`, in the transaction that closes the run. */
export const runStepTask: StepWork = async (_context, run) => async (client) => {
  await client.query("select pipeline.run_step($1)", [run.run_id]);
};
