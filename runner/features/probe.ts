import type pg from "pg";
import { one, rows, value } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";

/** What a probe is asked to look at. */
export interface ProbeOptions {
  readonly set: string;
  /** Times to compare at. */
  readonly samples: number;
  readonly seed: number;
  /** Symbols to look at; a few are drawn where there is none. "all": every instrument that has bars. */
  readonly symbols: readonly string[] | "all";
}

/** A vector that knows its future. */
export interface ProbeFinding {
  readonly symbol: string;
  readonly ts: Date;
  readonly known_from: string;
  readonly sampled: string;
  readonly features: Readonly<Record<string, { readonly with_future: string | null; readonly without_future: string | null }>>;
}

/** What a probe said. */
export interface ProbeResult {
  readonly run_id: number;
  readonly feature_set: string;
  readonly version: string;
  readonly status: "passed" | "failed" | "not_applicable";
  readonly checked: number;
  readonly failed: number;
  readonly message: string;
  readonly findings: readonly ProbeFinding[];
}

/**
 * Looks for look-ahead in a set, as a run of its own. In one snapshot, so that nothing that is committed meanwhile looks like a leak.
 */
export async function probeSet(pool: pg.Pool, { set, samples, seed, symbols }: ProbeOptions): Promise<ProbeResult> {
  const runId = await value<string>(pool, "select pipeline.start_run('features probe', 'probe', null, $1)::text", [JSON.stringify({ set, samples, seed, symbols })]);
  try {
    return await transaction(
      pool,
      async (client) => {
        const instrumentIds = await panel(client, set, symbols);
        const result = await one<Omit<ProbeResult, "findings"> & { id: string } & Record<string, unknown>>(
          client,
          `select result.validation_result_id::text as id, result.run_id::float8, $2 as feature_set, version.version, result.status,
             result.checked_count::float8 as checked, result.failed_count::float8 as failed, result.message
           from feature.probe($1, $2, $3, $4, $5) as result
           join feature.feature_set_version as version using (feature_set_version_id)`,
          [runId, set, samples, seed, instrumentIds],
        );
        const findings = await rows<ProbeFinding & Record<string, unknown>>(
          client,
          `select key ->> 'symbol' as symbol, ts, observed ->> 'known_from' as known_from, observed ->> 'sampled' as sampled, observed -> 'features' as features
           from quality.validation_finding where validation_result_id = $1 order by validation_finding_id`,
          [result.id],
        );
        await client.query("select pipeline.finish_run($1, $2, $3, $4, $5)", [
          runId, result.checked, 1 + findings.length, JSON.stringify({ checked: result.checked, failed: result.failed }), result.message,
        ]);
        const { id: _, ...said } = result;
        return { ...said, findings };
      },
      { isolation: "repeatable read" },
    );
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    await pool.query("select pipeline.fail_run($1, $2, $3)", [runId, typeof code === "string" ? code : "XX000", message]);
    throw error;
  }
}

/** The instruments of a probe; null: the probe draws some. */
async function panel(client: pg.PoolClient, set: string, symbols: ProbeOptions["symbols"]): Promise<string[] | null> {
  if (symbols === "all") {
    return await value<string[]>(
      client,
      `select array(
         select instrument_id::text from market.instrument
         where exists (select from market.price_data as bar where bar.instrument_id = instrument.instrument_id and bar.bar_interval = known.bar_interval)
       ) from feature.current_set($1) as known`,
      [set],
    );
  }
  if (symbols.length === 0) return null;
  return (await rows<{ id: string }>(client, "select market.instrument_id(symbol)::text as id from unnest($1::text[]) as symbol", [symbols])).map(({ id }) => id);
}
