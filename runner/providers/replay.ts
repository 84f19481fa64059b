import type pg from "pg";
import { one, rows } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";

/** Which bodies are read again. */
export interface ReplayFilter {
  readonly provider: string | undefined;
  readonly dataset: string | undefined;
  readonly symbols: readonly string[];
  /** Also those that the same version of the normaliser has read. */
  readonly all: boolean;
}

/** A body to be read again. */
export interface ReplayBody extends Record<string, unknown> {
  readonly raw_response_id: number;
  readonly provider: string;
  readonly dataset: string;
  readonly subject: string;
  readonly outcome: string;
}

/** A bar that changes. */
export interface BarChange extends Record<string, unknown> {
  readonly symbol: string;
  readonly ts: string;
  readonly field: string;
  readonly old_value: number | null;
  readonly new_value: number | null;
}

/** What reading a body again changes. */
export interface ReplayOutcome {
  readonly body: ReplayBody;
  readonly outcome: string;
  readonly newRows: number;
  readonly newVersions: number;
  readonly quarantined: number;
  readonly message: string | null;
  /** The first bars that change. */
  readonly changes: readonly BarChange[];
}

/** The bodies, the oldest first, so that their versions come in order. */
export async function bodiesToReplay(pool: pg.Pool, { provider, dataset, symbols, all }: ReplayFilter): Promise<ReplayBody[]> {
  return await rows<ReplayBody>(
    pool,
    `select raw_response_id::float8, provider, dataset, subject, outcome
     from pipeline.replayable_response
     where ($1::text is null or provider = $1) and ($2::text is null or dataset = $2) and (cardinality($3::text[]) = 0 or subject = any ($3))
       and would_be_read_by is not null and ($4 or read_by <> would_be_read_by)
     order by raw_response_id`,
    [provider ?? null, dataset ?? null, symbols, all],
  );
}

const changesQuery = `
  select instrument.symbol, to_char(bar.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ts, field.name as field, field.old_value, field.new_value
  from market.price_data as bar
  join market.instrument using (instrument_id)
  left join market.price_data_history as before
    on before.instrument_id = bar.instrument_id and before.bar_interval = bar.bar_interval and before.ts = bar.ts and before.version = bar.version - 1
  cross join lateral (values
    ('open', before.open, bar.open), ('high', before.high, bar.high), ('low', before.low, bar.low), ('close', before.close, bar.close),
    ('volume', before.volume, bar.volume), ('adjusted_close', before.adjusted_close, bar.adjusted_close)) as field (name, old_value, new_value)
  where bar.run_id = $1 and field.old_value is distinct from field.new_value and (bar.version > 1 or field.name = 'close')
  order by bar.instrument_id, bar.ts, field.name
  limit $2`;

/** Reads one body again: to see what changes (and undo it), or for good. */
export async function replayBody(pool: pg.Pool, body: ReplayBody, { apply, lines }: { apply: boolean; lines: number }): Promise<ReplayOutcome> {
  const undo = new Error("only looked at");
  let outcome: ReplayOutcome | undefined;
  try {
    await transaction(pool, async (client) => {
      const result = await one<{ run_id: string; outcome: string; new_count: number; changed_count: number; quarantined_count: number; message: string | null }>(
        client,
        `select run_id::text, outcome, new_count::float8, changed_count::float8, quarantined_count::float8, message from pipeline.replay_response($1)`,
        [body.raw_response_id],
      );
      const changes = lines === 0 || result.changed_count === 0 ? [] : await rows<BarChange>(client, changesQuery, [result.run_id, lines]);
      outcome = {
        body, outcome: result.outcome, newRows: result.new_count, newVersions: result.changed_count - result.new_count, quarantined: result.quarantined_count,
        message: result.message, changes,
      };
      if (!apply) throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
  if (outcome === undefined) throw new Error("a body that was read again left no outcome");
  return outcome;
}
