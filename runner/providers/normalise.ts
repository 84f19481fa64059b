import type pg from "pg";
import { one, value } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";
import type { Landed } from "./fetch-and-land.ts";
import type { HttpSource } from "./provider.ts";

/** What became of one body. */
export interface Outcome extends Landed {
  /** The normalise run. */
  readonly runId: string;
  readonly outcome: "normalised" | "refused" | "held";
  readonly rowCount: number;
  readonly acceptedCount: number;
  /** Rows that were not known before. */
  readonly newCount: number;
  /** Rows that made a new version of a known one. */
  readonly versionCount: number;
  readonly quarantinedCount: number;
  /** Splits and dividends in the body, beside bars or alone. */
  readonly actionCount: number;
  /** Those that were new, changed, or no longer listed and so cancelled. */
  readonly actionChangedCount: number;
  readonly errorCode: string | null;
  readonly message: string | null;
}

/** One thing that was asked for, and what became of it. */
export interface IngestResult {
  readonly subject: string;
  readonly outcome: Outcome;
}

interface NormalisationRow extends Record<string, unknown> {
  run_id: string;
  outcome: Outcome["outcome"];
  row_count: number;
  accepted_count: number;
  new_count: number;
  changed_count: number;
  quarantined_count: number;
  action_count: number;
  action_changed_count: number;
  error_code: string | null;
  message: string | null;
}

/**
 * One body from its source to the market tables: a run `fetch` lands it, a run `normalise` reads it; both are children of `parentRunId`.
 * A body that is refused fails its run and comes back as an outcome; whatever else fails fails its run too and is thrown on.
 */
async function landAndNormalise(
  pool: pg.Pool,
  parentRunId: string,
  parameters: Readonly<Record<string, unknown>>,
  land: (runId: string) => Promise<Landed>,
): Promise<Outcome> {
  const landed = await asRun(pool, "fetch", parentRunId, parameters, async (runId) => {
    const result = await land(runId);
    await finishRun(pool, runId, 1, result.isNew ? 1 : 0, { raw_response_id: Number(result.rawResponseId) }, result.isNew ? "landed" : "the same body as before");
    return result;
  });
  return await asRun(pool, "normalise", parentRunId, { ...parameters, raw_response_id: Number(landed.rawResponseId) }, (runId) =>
    transaction(pool, async (client) => {
      const row = await one<NormalisationRow>(
        client,
        `select run_id::text, outcome, row_count::float8, accepted_count::float8, new_count::float8, changed_count::float8, quarantined_count::float8,
           action_count::float8, action_changed_count::float8, error_code, message
         from pipeline.normalise_response($1, $2)`,
        [runId, landed.rawResponseId],
      );
      // A body that was read before tells what became of it then; now it changed nothing.
      const isRepeated = row.run_id !== runId;
      const newCount = isRepeated ? 0 : row.new_count;
      const versionCount = isRepeated ? 0 : row.changed_count - row.new_count;
      const actionChangedCount = isRepeated ? 0 : row.action_changed_count;
      if (row.outcome === "refused") {
        await client.query("select pipeline.fail_run($1, $2, $3)", [runId, row.error_code, row.message]);
      } else {
        const notices = await value<string[]>(client, "select array(select ingest.notices(array[$1::bigint]))", [landed.rawResponseId]);
        const summary = {
          raw_response_id: Number(landed.rawResponseId), new: newCount, versions: versionCount, quarantined: row.quarantined_count,
          ...(row.action_count === 0 && actionChangedCount === 0 ? {} : { actions: row.action_count, actions_changed: actionChangedCount }),
          ...(notices.length === 0 ? {} : { notices }),
        };
        await finishRun(client, runId, row.row_count, newCount + versionCount, summary, row.message ?? (isRepeated ? "read before" : "normalised"));
      }
      return {
        ...landed,
        runId,
        outcome: row.outcome,
        rowCount: row.row_count,
        acceptedCount: row.accepted_count,
        newCount,
        versionCount,
        quarantinedCount: row.quarantined_count,
        actionCount: row.action_count,
        actionChangedCount,
        errorCode: row.error_code,
        message: row.message,
      };
    }),
  );
}

/** One thing to bring in. */
export interface Item {
  readonly subject: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Lands the first page, or the one that is given. */
  land(runId: string, page?: HttpSource): Promise<Landed>;
}

/** Brings in one thing after the other, page by page, below one root run, which fails when a body is refused. */
export async function ingestAll(
  pool: pg.Pool,
  parameters: Readonly<Record<string, unknown>>,
  items: readonly Item[],
  { signal, onItem }: { signal: AbortSignal; onItem(item: Item, work: () => Promise<Outcome>): Promise<Outcome> },
): Promise<IngestResult[]> {
  return await asRun(pool, "ingest", undefined, parameters, async (rootRunId) => {
    const results: IngestResult[] = [];
    for (const item of items) {
      let page: HttpSource | undefined;
      do {
        signal.throwIfAborted();
        const asked = page;
        const outcome = await onItem(item, () => landAndNormalise(pool, rootRunId, item.parameters, (runId) => item.land(runId, asked)));
        results.push({ subject: item.subject, outcome });
        page = outcome.next;
      } while (page !== undefined);
    }
    const refused = results.filter(({ outcome }) => outcome.outcome === "refused");
    if (refused.length > 0) {
      const message = refused.map(({ subject, outcome }) => `${subject}: ${outcome.message ?? ""}`).join("; ");
      await pool.query("select pipeline.fail_run($1, $2, $3)", [rootRunId, refused[0]?.outcome.errorCode, message]);
    } else {
      const read = results.reduce((sum, { outcome }) => sum + outcome.rowCount, 0);
      const written = results.reduce((sum, { outcome }) => sum + outcome.newCount + outcome.versionCount, 0);
      await finishRun(pool, rootRunId, read, written, { bodies: results.length }, `${results.length} bodies, ${written} rows new or changed`);
    }
    return results;
  });
}

/** Opens a run, does its work and fails the run when the work fails; the work itself finishes it. */
async function asRun<T>(
  pool: pg.Pool,
  step: string,
  parentRunId: string | undefined,
  parameters: Readonly<Record<string, unknown>>,
  work: (runId: string) => Promise<T>,
): Promise<T> {
  const runId = await value<string>(pool, "select pipeline.start_run('ingest', $1, $2, $3)::text", [step, parentRunId ?? null, JSON.stringify(parameters)]);
  try {
    return await work(runId);
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    await pool.query("select pipeline.fail_run($1, $2, $3)", [runId, typeof code === "string" ? code : "XX000", message]);
    throw error;
  }
}

/** Closes a run as succeeded. */
async function finishRun(
  on: Pick<pg.ClientBase, "query"> | pg.Pool,
  runId: string,
  rowsRead: number,
  rowsWritten: number,
  summary: Readonly<Record<string, unknown>>,
  message: string,
): Promise<void> {
  await on.query("select pipeline.finish_run($1, $2, $3, $4, $5)", [runId, rowsRead, rowsWritten, JSON.stringify(summary), message]);
}
