import { z } from "zod";
import { fetchAndLand } from "../../providers/fetch-and-land.ts";
import type { HttpSource } from "../../providers/provider.ts";
import type { StepWork } from "../step-task.ts";
import { inWorker } from "./fetch.ts";

const parametersSchema = z.object({ provider: z.string(), dataset: z.string(), subject: z.string(), from: z.string().optional(), to: z.string().optional() });

/** Pages of one piece at most; a provider whose pages have no end is not followed for ever. */
const MOST_PAGES = 10_000;

/** Between two pages a step keeps its place for longer: put off, it would begin with the first page again. */
const betweenPages = { waitSeconds: 90 };

/** Task `backfill_chunk`: asks for one piece of a backfill, page by page, and lands the exact bodies; they are read in the transaction that closes the piece. */
export const backfillChunkTask: StepWork = async ({ pool }, run) => {
  const request = parametersSchema.parse(run.parameters);
  const bodies: string[] = [];
  let page: HttpSource | undefined;
  do {
    const landed = await fetchAndLand(pool, { runId: run.run_id, ...request, page }, process.env, page === undefined ? inWorker : betweenPages);
    bodies.push(landed.rawResponseId);
    page = landed.next;
  } while (page !== undefined && bodies.length < MOST_PAGES);
  return async (client) => {
    await client.query("select pipeline.finish_chunk($1, $2)", [run.run_id, bodies]);
  };
};
