import { basename } from "node:path";
import type { Config } from "../config/config.ts";
import { UserError } from "../config/user-error.ts";
import type { Progress } from "../output/progress.ts";
import { landFile, requireFile } from "./csv.ts";
import { ingestAll, type Outcome } from "./normalise.ts";
import { openWorkerPool } from "./open.ts";
import type { Dataset } from "./provider.ts";

/** A file that is taken in as a whole or not at all. */
export interface WholeFile {
  readonly path: string;
  readonly dataset: Dataset;
  /** What it is about; a later file about it takes the place of an earlier one. */
  readonly subject: string;
  /** How the request is named in ingest.raw_response, with what the SQL that reads it needs to know. */
  readonly url: string;
  readonly config: Config;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Lands a file and has it read; one that is refused is an error with the line and the reason, and nothing but its bytes is kept. */
export async function importWhole({ path, dataset, subject, url, config, progress, signal }: WholeFile): Promise<Outcome> {
  await requireFile(path);
  const { pool, close } = await openWorkerPool(config, "import", progress);
  try {
    const parameters = { provider: "csv", dataset, subject, file: basename(path) };
    const item = { subject: basename(path), parameters, land: (runId: string) => landFile(pool, { runId, dataset, path, request: { subject, url } }) };
    const [result] = await ingestAll(pool, parameters, [item], {
      signal,
      onItem: (_, work) => progress.run(`import ${basename(path)}`, work, ({ outcome, rowCount }) => (outcome === "refused" ? "refused" : `${rowCount} rows`)),
    });
    if (result === undefined) throw new Error("nothing was imported");
    if (result.outcome.outcome === "refused") throw new UserError(`${basename(path)}: ${result.outcome.message ?? "refused"}`);
    return result.outcome;
  } finally {
    await close();
  }
}
