import type { Queryable } from "../database/pool.ts";

/** Closes the run `runId` as failed, with the code and the sentence of the error. */
export async function failRun(on: Queryable, runId: string, error: unknown): Promise<void> {
  const { code, message } = error as { code?: unknown; message: string };
  await on.query("select pipeline.fail_run($1, $2, $3)", [runId, typeof code === "string" ? code : "XX000", message]);
}
